package auth

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"

	"culvert/auth/chain"
	"culvert/auth/lookup"
	"culvert/auth/revocation"
	"culvert/eap"
	"culvert/suite"
	"culvert/wire"
)

// Method is how a side authenticates in one round.
type Method uint8

// The methods.
const (
	MethodPSK       Method = iota + 1 // shared key (RFC 7296, Section 2.15)
	MethodPublicKey                   // signature with a certificate or a raw public key
	MethodEAP                         // an EAP method between initiator and responder (RFC 7296, Section 2.16)
	MethodNULL                        // nothing is proven (RFC 7619)
)

// String names the method for people.
func (m Method) String() string {
	switch m {
	case MethodPSK:
		return "pre-shared key"
	case MethodPublicKey:
		return "public key"
	case MethodEAP:
		return "EAP"
	case MethodNULL:
		return "NULL Authentication"
	}
	return fmt.Sprintf("method %d", uint8(m))
}

// methodOf returns the method that an AUTH payload belongs to; DSS and passwords belong to none of ours. EAP has no AUTH
// payload of its own: what comes after it is that of a shared key.
func methodOf(m wire.AuthMethod) Method {
	switch m {
	case wire.AuthSharedKey:
		return MethodPSK
	case wire.AuthRSASignature, wire.AuthECDSA256, wire.AuthECDSA384, wire.AuthECDSA521, wire.AuthDigitalSignature:
		return MethodPublicKey
	case wire.AuthNull:
		return MethodNULL
	}
	return 0
}

// CertSending says when our certificates are sent (RFC 7296, Section 3.6).
type CertSending uint8

// When certificates are sent.
const (
	SendAlways  CertSending = iota
	SendIfAsked             // to peers that have sent CERTREQ (RFC 7296, Section 3.7)
	SendNever               // the peer has our certificate
)

// Local is one authentication round of ours. It is immutable and safe for concurrent use.
type Local struct {
	ID          Identity // zero: taken from the credential or the address
	Method      Method
	Secrets     *Secrets            // MethodPSK
	Credentials []Credential        // MethodPublicKey, in order of preference
	Schemes     []suite.Scheme      // schemes that we may sign with, in order of preference; none: all, RSA PKCS #1 before PSS
	AllowSHA1   bool                // may sign with method 1 (RSA, SHA-1) for a peer that lacks RFC 7427
	SendCert    CertSending         // when CERT payloads are sent
	OCSP        *revocation.Checker // where OCSP answers about our certificate come from, for peers that ask; nil: none is shown
	Issuers     []*x509.Certificate // authorities that may stand above our certificates, besides those of their chains

	// MethodEAP: EAP is how we run it as initiator. A responder with this method has no proof of its own but the keys of the
	// EAP method (RFC 5998), and serves initiators only that agree to it.
	EAP        eap.Client
	EAPKeyless bool // accept methods that make no keys, although who is in between can use them (RFC 7296, Section 2.16)
	// EAPOnly lets a responder of another method leave its proof to EAP for initiators that ask for it (RFC 5998).
	EAPOnly bool
}

// Identity returns the identity that the round proves: ID, else who the first credential is, else ID_NULL for who proves nothing,
// else the address. What the peer has asked for is not known here, see Sign.Identity.
// It is needed before Sign, because the identity is signed. A distinguished name is that of our certificate octet by
// octet, whatever its string types are in the configuration (RFC 4945, Section 3.1.5).
func (l *Local) Identity(address netip.Addr) Identity {
	for _, c := range l.Credentials {
		if subject, ok := c.subject(); ok && l.ID.Equal(subject) {
			return subject
		}
	}
	switch {
	case !l.ID.IsAny():
		return l.ID
	case l.Method == MethodPublicKey && len(l.Credentials) > 0:
		return l.Credentials[0].identity(address)
	case l.Method == MethodNULL:
		return NullIdentity()
	}
	return AddressIdentity(address)
}

// Remote is what one authentication round demands of the peer. It is immutable and safe for concurrent use.
type Remote struct {
	ID             Identity // pattern
	Method         Method
	Secrets        *Secrets              // MethodPSK
	Anchors        []*x509.Certificate   // MethodPublicKey: the only authorities that are trusted in this round
	Intermediates  []*x509.Certificate   // known certificates of authorities that are no anchors
	Via            []*x509.Certificate   // one of them must be in the path; none: no matter
	ViaID          Identity              // pattern that an authority in the path must fit; any: no matter
	Pinned         []*x509.Certificate   // certificates of peers that are trusted as they are
	RawKeys        []crypto.PublicKey    // trusted raw public keys (RFC 7670)
	Signatures     suite.SignaturePolicy // of AUTH payloads; the bounds on keys hold for certificates as well
	AllowSHA1      bool                  // accept RSA with SHA-1 by method 1, on top of Signatures
	ExtKeyUsage    ExtKeyUsage
	Policies       []string      // certificate policies, one of which the path must be valid for (RFC 5280, Section 6.1); empty: any
	EveryPolicy    bool          // the path must be valid for each of Policies
	Demands        chain.Demands // on every certificate of the path; the one on keys also holds for pinned certificates and raw keys
	WildcardSAN    bool          // a dNSName *.example.org confirms gw.example.org; RFC 4945, Section 3.1.2 says no
	Revocation     revocation.Policy
	RevocationInfo *revocation.Checker // nil: nothing is known
	OCSP           OCSPRule
	Responders     []*x509.Certificate // of OCSP, that we trust on top of those that issuers name
	Lookup         *lookup.Lookup      // for certificates by hash and URL; nil: they are refused

	// MethodEAP: EAP serves the peer as initiator. An initiator with this method accepts a responder whose only proof are the
	// keys of the EAP method (RFC 5998).
	EAP         eap.Server
	EAPIdentity Identity // pattern for the identity that EAP has authenticated
	EAPKeyless  bool     // accept methods that make no keys
	EAPOnly     bool     // an initiator of another method accepts that the responder leaves its proof to EAP
	Groups      []string // the peer must be in one of these, as its account says; none: no matter
}

// signatures is the policy with AllowSHA1 applied.
func (r *Remote) signatures() suite.SignaturePolicy {
	p := r.Signatures
	if len(p.Schemes) == 0 {
		p.Schemes = suite.DefaultSchemes()
	}
	if r.AllowSHA1 {
		p.Schemes = append(slices.Clone(p.Schemes), suite.SchemeRSASHA1)
	}
	return p
}
