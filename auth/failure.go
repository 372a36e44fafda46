package auth

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"culvert/auth/chain"
	"culvert/auth/keys"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A Failure says why an authentication did not succeed. It is for our own people and is never sent: the peer is told
// AUTHENTICATION_FAILED (RFC 7296, Section 2.21.2).
type Failure struct {
	Code   explain.Code
	Cause  string // what is wrong, with the values of both sides
	Action string // what to do about it
	Err    error  // the error underneath, or nil
}

// Error returns cause and action in one sentence.
func (f *Failure) Error() string { return f.Cause + ": " + f.Action }

// Unwrap returns the error underneath.
func (f *Failure) Unwrap() error { return f.Err }

// A Warning is a state that works but that somebody should change.
type Warning struct {
	Code explain.Code
	Text string // cause and next action
}

// quote puts the name of a certificate, which has no control characters, between quotation marks.
func quote(name string) string { return `"` + name + `"` }

func idRefused(pattern, got Identity) *Failure {
	return &Failure{Code: explain.AuthIDRefused, Cause: fmt.Sprintf("peer says it is %s, the connection is for %s", got, pattern),
		Action: "set remote.id, or the identity that the peer sends"}
}

func methodRefused(peer Identity, want Method, got wire.AuthMethod) *Failure {
	how := methodOf(got).String()
	if methodOf(got) == 0 {
		how = got.String()
	}
	return &Failure{Code: explain.AuthMethodRefused, Cause: fmt.Sprintf("peer %s authenticated by %s, the connection demands %s", peer, how, want),
		Action: "set remote.auth, or how the peer authenticates"}
}

func pskUnknown(local, remote Identity) *Failure {
	return &Failure{Code: explain.AuthPSKUnknown, Cause: fmt.Sprintf("no pre-shared key is configured for %s and %s", local, remote),
		Action: "add a secret with the identity of the peer"}
}

func pskWrong(local, remote Identity, s Secret) *Failure {
	return &Failure{Code: explain.AuthPSKWrong,
		Cause:  fmt.Sprintf("the pre-shared key of peer %s is not that of secret %q, which fits %s and %s best", remote, s.Name, local, remote),
		Action: "set the same key on both sides, and compare encodings (0x, 0s), line ends and identities"}
}

func nullWrong(remote Identity) *Failure {
	return &Failure{Code: explain.AuthSignature, Cause: fmt.Sprintf("AUTH of peer %s, which proves nothing but belongs to this IKE SA, is wrong", remote),
		Action: "compare the logs of both sides: somebody may be in between"}
}

func idMismatch(leaf *x509.Certificate, id Identity) *Failure {
	return &Failure{Code: explain.AuthIDMismatch,
		Cause:  fmt.Sprintf("peer's certificate \"%s\" has no subjectAltName or subject for %s (it has: %s)", chain.Name(leaf), id, alternatives(leaf, id.Type)),
		Action: "set the identity that the peer sends, and remote.id, to one of these, or issue a certificate with that name"}
}

func certUsage(c *x509.Certificate, what, action string) *Failure {
	return &Failure{Code: explain.AuthCertUsage, Cause: fmt.Sprintf("certificate \"%s\" %s", chain.Name(c), what), Action: action}
}

// certFailure explains why a certificate is not trusted.
func certFailure(err error, r *Remote, now time.Time) *Failure {
	f := &Failure{Code: explain.AuthCertUntrusted, Cause: "peer's " + err.Error(), Err: err}
	var fault *chain.Error
	if !errors.As(err, &fault) {
		f.Action = "issue a certificate with a key that is supported"
		return f
	}
	clock := "the clock says " + now.UTC().Format(time.RFC3339)
	switch fault.Kind {
	case chain.Expired:
		f.Code, f.Action = explain.AuthCertExpired, "renew it ("+clock+")"
	case chain.NotYetValid:
		f.Code, f.Action = explain.AuthCertNotYetValid, "check the clocks of both sides ("+clock+")"
	case chain.BadKey:
		f.Code, f.Action = explain.AuthCertKey, "issue a certificate with an RSA key of 2048 to 8192 bits, ECDSA or Ed25519, or set remote.min_rsa_bits"
	case chain.Constraint:
		f.Code, f.Action = explain.AuthCertConstraint, "issue the certificate below an authority that may"
	case chain.Strength:
		f.Code, f.Action = explain.AuthCertStrength, "issue it with a key and a signature as demanded, or change remote.chain_keys and remote.chain_signatures"
	case chain.Policy:
		f.Code, f.Action = explain.AuthCertPolicy, "issue the whole path under the policy, or change remote.require_policy"
	default:
		f.Action = fmt.Sprintf("have the peer send its intermediates, or set remote.ca to the issuer (trusted are: %s)", anchorNames(r.Anchors))
	}
	return f
}

// elsewhere explains that a certificate is trusted, and not from an authority that the connection is for.
func elsewhere(leaf *x509.Certificate, r *Remote) *Failure {
	f := &Failure{Code: explain.AuthCertUntrusted,
		Cause:  fmt.Sprintf("peer's certificate \"%s\" is not from any authority that this connection is for", chain.Name(leaf)),
		Action: fmt.Sprintf("issue it below one of them, or change remote.via (it has: %s)", anchorNames(r.Via))}
	if len(r.Via) == 0 {
		f.Action = fmt.Sprintf("issue it below such an authority, or change remote.via_id (it is %s)", quote(r.ViaID.String()))
	}
	return f
}

// anchorNames lists the authorities of a connection for an error message.
func anchorNames(anchors []*x509.Certificate) string {
	const most = 8
	if len(anchors) == 0 {
		return "none"
	}
	var names []string
	for _, c := range anchors[:min(len(anchors), most)] {
		names = append(names, quote(chain.Name(c)))
	}
	if len(anchors) > most {
		names = append(names, "...")
	}
	return strings.Join(names, ", ")
}

func signatureFailed(name string, r *Remote, err error) *Failure {
	f := &Failure{Code: explain.AuthSignature, Cause: fmt.Sprintf("peer's signature was not made with the key of its %s: %v", name, err), Err: err,
		Action: "check that the peer uses the private key that belongs to it"}
	switch {
	case errors.Is(err, suite.ErrScheme):
		f.Code = explain.AuthSignatureScheme
		f.Cause = fmt.Sprintf("peer signed with the key of its %s in a way that is not accepted (%v); accepted is %s", name, err, r.acceptedSchemes())
		f.Action = "set remote.signature_schemes or remote.allow_sha1, or what the peer signs with"
	case errors.Is(err, suite.ErrWeakKey):
		f.Code = explain.AuthCertKey
		f.Cause = fmt.Sprintf("the key of peer's %s is too weak or too large: %v", name, err)
		f.Action = "use an RSA key of 2048 to 8192 bits, ECDSA or Ed25519, or set remote.min_rsa_bits"
	}
	return f
}

func rawKeyUnknown(pub crypto.PublicKey, der []byte, r *Remote) *Failure {
	return &Failure{Code: explain.AuthRawKeyUnknown,
		Cause:  fmt.Sprintf("peer's raw public key (%s, SHA-256 %s) is none of the %d that are configured", keys.Name(pub), hex.EncodeToString([]byte(keyIdentity(der).Data)), len(r.RawKeys)),
		Action: "add it to remote.public_key if it is the peer's"}
}

func rawKeyWeak(der []byte, err error) *Failure {
	return &Failure{Code: explain.AuthCertStrength, Err: err,
		Cause:  fmt.Sprintf("peer's raw public key (SHA-256 %s) is not strong enough: %v", hex.EncodeToString([]byte(keyIdentity(der).Data)), err),
		Action: "use a key as demanded, or change remote.chain_keys"}
}

// revocationFailure explains why a certificate is not accepted by the revocation policy.
func revocationFailure(err error, p revocation.Policy) *Failure {
	f := &Failure{Code: explain.AuthRevocationUnknown, Cause: "peer's " + err.Error(), Err: err,
		Action: fmt.Sprintf("make the revocation server reachable, or set remote.revocation (it is %s)", p)}
	var fault *revocation.Error
	if errors.As(err, &fault) && fault.Revoked {
		f.Code, f.Action = explain.AuthCertRevoked, "issue a new certificate if the peer may still connect"
	}
	return f
}

func revocationWarnings(unknown []error) []Warning {
	var warnings []Warning
	for _, err := range unknown {
		warnings = append(warnings, Warning{explain.AuthRevocationUnknown, "peer's " + err.Error() + ": accepted, because remote.revocation does not demand an answer"})
	}
	return warnings
}
