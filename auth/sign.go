package auth

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"net/netip"
	"time"

	"culvert/explain"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// Sign makes our AUTH payload (RFC 7296, Section 2.15). It is work: Run may take as long as a private key in hardware does,
// and touches nothing but its inputs.
type Sign struct {
	Local      *Local
	ID         Identity // ours, as it is in the message
	PeerID     Identity // the peer's, %any as long as it is not known
	PRF        *suite.PRF
	Octets     []byte               // InitiatorSignedOctets or ResponderSignedOctets
	Key        secret.Bytes         // SK_pi or SK_pr, ours; for MethodNULL
	Announced  []Announcement       // the peer's SUPPORTED_AUTH_METHODS for this round; none: it says nothing
	PeerHashes []wire.HashAlgorithm // the peer's SIGNATURE_HASH_ALGORITHMS; nil: it lacks RFC 7427
	CertReqs   []*wire.CertReq      // the peer's
	LooksUp    bool                 // the peer has sent HTTP_CERT_LOOKUP_SUPPORTED
	Now        time.Time            // by the wall clock
	Rand       io.Reader
}

// SignResult is what Sign.Run returns.
type SignResult struct {
	Auth     *wire.Auth
	Certs    []*wire.Cert // to be sent, ours first
	Warnings []Warning
	Err      error // a *Failure
}

// Run returns a SignResult.
func (s Sign) Run(ctx context.Context) any {
	var result SignResult
	var failure *Failure
	switch s.Local.Method {
	case MethodPSK:
		result.Auth, failure = s.withPSK()
	case MethodPublicKey:
		result, failure = s.withKey(ctx)
	case MethodNULL:
		result.Auth = &wire.Auth{Method: wire.AuthNull, Data: SharedKey(s.PRF, s.Key, s.Octets)}
	default:
		failure = &Failure{Code: explain.AuthNoCredential, Cause: "we have no way to authenticate", Action: "set local.auth"}
	}
	if failure != nil {
		return SignResult{Err: failure}
	}
	return result
}

// withPSK authenticates with a shared key.
func (s Sign) withPSK() (*wire.Auth, *Failure) {
	shared, ok := s.Local.Secrets.Lookup(s.ID, s.PeerID)
	if !ok {
		return nil, pskUnknown(s.ID, s.PeerID)
	}
	return &wire.Auth{Method: wire.AuthSharedKey, Data: SharedKey(s.PRF, shared.PSK, s.Octets)}, nil
}

// A means is a credential and how it signs.
type means struct {
	Credential
	method wire.AuthMethod
	scheme suite.Scheme
}

// choose returns the best credential that can sign in a way that the peer understands.
func (s Sign) choose() (means, *Failure) {
	ranked := s.Local.rank(s.ID, s.CertReqs)
	for _, c := range ranked {
		if method, scheme, ok := s.announcedScheme(c); ok {
			return means{c, method, scheme}, nil
		}
	}
	var first *Failure
	for _, c := range ranked {
		method, scheme, failure := s.Local.scheme(c, s.PeerHashes)
		if failure == nil {
			return means{c, method, scheme}, nil
		}
		if first == nil {
			first = failure
		}
	}
	if first == nil {
		first = &Failure{Code: explain.AuthNoCredential, Cause: "we have no private key to authenticate with", Action: "set local.key and local.certificate"}
	}
	return means{}, first
}

// Identity returns who we say we are in this round. Where that is not configured and there are several credentials, it is who
// the one is that the peer gets.
func (s Sign) Identity(address netip.Addr) Identity {
	if l := s.Local; l.ID.IsAny() && l.Method == MethodPublicKey && len(l.Credentials) > 1 {
		if m, failure := s.choose(); failure == nil {
			return m.identity(address)
		}
	}
	return s.Local.Identity(address)
}

// withKey authenticates with a signature.
func (s Sign) withKey(ctx context.Context) (SignResult, *Failure) {
	c, failure := s.choose()
	if failure != nil {
		return SignResult{}, failure
	}
	data, err := suite.Sign(c.Key, c.method, c.scheme, s.Octets, s.Rand)
	if err != nil {
		return SignResult{}, signingFailed(c.Credential, err)
	}
	result := SignResult{Auth: &wire.Auth{Method: c.method, Data: data}}
	if s.Local.SendCert == SendNever || s.Local.SendCert == SendIfAsked && len(s.CertReqs) == 0 {
		return result, nil
	}
	if result.Certs, err = c.payloads(s.LooksUp); err != nil {
		return SignResult{}, signingFailed(c.Credential, err)
	}
	s.staple(ctx, c.Credential, &result)
	return result, nil
}

func signingFailed(c Credential, err error) *Failure {
	return &Failure{Code: explain.AuthSigning, Cause: fmt.Sprintf("%s cannot be used: %v", c.name(), err),
		Action: "look at local.key and local.certificate, and whether the device that holds the key answers", Err: err}
}

// schemes lists the schemes of method 14 for a key and a peer, best first. PKCS #1 comes before PSS unless it is configured
// otherwise: there are peers that announce hashes of PSS but cannot verify it.
func (l *Local) schemes(key crypto.PublicKey, peer []wire.HashAlgorithm) []suite.Scheme {
	possible := suite.SchemesFor(key, peer)
	if len(l.Schemes) > 0 {
		return intersect(l.Schemes, possible)
	}
	pkcs1 := []suite.Scheme{suite.SchemeRSASHA256, suite.SchemeRSASHA384, suite.SchemeRSASHA512}
	if first := intersect(pkcs1, possible); len(first) > 0 {
		return first
	}
	return possible
}

// intersect returns the elements of a that are in b.
func intersect(a, b []suite.Scheme) []suite.Scheme {
	var both []suite.Scheme
	for _, s := range a {
		for _, t := range b {
			if s == t {
				both = append(both, s)
			}
		}
	}
	return both
}
