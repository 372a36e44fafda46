package auth

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"net/netip"
	"time"

	"culvert/auth/revocation"
	"culvert/suite"
	"culvert/wire"
)

// Method is how a side authenticates in one round.
type Method uint8

// The methods.
const (
	MethodPSK Method = iota + 1
	MethodPublicKey
)

// A Credential is a private key with what shows it to a peer: a certificate chain or the bare key.
type Credential struct {
	Key   crypto.Signer
	Chain []*x509.Certificate // ours first; empty for a raw public key (RFC 7670)
}

// Local is one authentication round of ours. It is immutable and safe for concurrent use.
type Local struct {
	ID          Identity // zero: taken from the first credential or the address
	Method      Method
	Secrets     *Secrets       // MethodPSK
	Credentials []Credential   // MethodPublicKey, in order of preference; the peer's CERTREQ may choose another
	Schemes     []suite.Scheme // schemes that we may sign with, in order of preference; nil: suite.SchemesFor, RSA PKCS#1 before PSS
	AllowSHA1   bool           // may sign with method 1 (RSA, SHA-1) for a peer that lacks RFC 7427
	NeverSend   bool           // no CERT payload, the peer has our certificate
}

// Identity returns the identity that the round proves: ID, else the subject of the first certificate, else the address.
// It is needed before Sign, because the identity is signed.
func (l *Local) Identity(address netip.Addr) Identity { return l.ID }

// Remote is what one authentication round demands of the peer. It is immutable and safe for concurrent use.
type Remote struct {
	ID             Identity // pattern
	Method         Method
	Secrets        *Secrets            // MethodPSK
	Anchors        []*x509.Certificate // MethodPublicKey: the only CAs that are trusted in this round
	Intermediates  []*x509.Certificate // known CA certificates that are no anchors
	Pinned         []*x509.Certificate // trusted end-entity certificates; with no anchors, the only ones
	RawKeys        []crypto.PublicKey  // trusted raw public keys (RFC 7670)
	Signatures     suite.SignaturePolicy
	ExtKeyUsage    ExtKeyUsage
	WildcardSAN    bool // a dNSName *.example.org confirms gw.example.org (RFC 4945 says no)
	Revocation     revocation.Policy
	RevocationInfo *revocation.Checker // nil: nothing but what is on the certificates is known
}

// ExtKeyUsage is the rule for the extended key usage of the peer's certificate (RFC 4945, Section 5.1.3.12).
type ExtKeyUsage uint8

// The rules.
const (
	ExtKeyUsageIKE    ExtKeyUsage = iota // absent, ipsecIKE, iKEIntermediate, any, serverAuth or clientAuth
	ExtKeyUsageStrict                    // absent, ipsecIKE or any, as the RFC says
	ExtKeyUsageServer                    // serverAuth must be there
	ExtKeyUsageIgnore
)

// CertReqs returns the CERTREQ payloads for the peers of some rounds (RFC 7296, Section 3.7): the hashes of the anchors'
// keys, and an empty request when raw public keys are accepted.
func CertReqs(remotes ...*Remote) []*wire.CertReq { return nil }

// Sign makes our AUTH payload; the engine runs it as work.
type Sign struct {
	Local      *Local
	ID         Identity // ours, as it is in the message
	PeerID     Identity // the peer's, or what we know of it
	PRF        *suite.PRF
	Octets     []byte               // InitiatorSignedOctets or ResponderSignedOctets (RFC 7296, Section 2.15)
	PeerHashes []wire.HashAlgorithm // the peer's SIGNATURE_HASH_ALGORITHMS; nil: it lacks RFC 7427
	CertReqs   []*wire.CertReq      // the peer's
	Rand       io.Reader
}

// SignResult is what Sign.Run returns.
type SignResult struct {
	Auth  *wire.Auth
	Certs []*wire.Cert // to be sent, ours first
	Err   error        // a *Failure
}

// Run returns a SignResult.
func (s Sign) Run(ctx context.Context) any { return SignResult{} }

// Verify checks the peer's AUTH payload; the engine runs it as work.
type Verify struct {
	Remote  *Remote
	ID      Identity // the peer's, as it is in the message
	LocalID Identity // ours
	PRF     *suite.PRF
	Octets  []byte // what the peer has signed
	Auth    *wire.Auth
	Certs   []*wire.Cert // as received
	Now     time.Time
}

// VerifyResult is what Verify.Run returns.
type VerifyResult struct {
	ID       Identity // the peer's, proven
	Method   Method
	Leaf     *x509.Certificate // the peer's certificate, if there is one
	NotAfter time.Time         // when the proof ends: the first end of validity in the path; zero: never
	Warnings []Warning
	Err      error // a *Failure
}

// Run returns a VerifyResult.
func (v Verify) Run(ctx context.Context) any { return VerifyResult{} }
