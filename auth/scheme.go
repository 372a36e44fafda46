package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// scheme chooses how a credential signs for a peer: by method 14 if the peer has announced a hash that fits (RFC 7427,
// Section 3), else by the methods that need no announcement: 9, 10 and 11 for ECDSA (RFC 4754), and 1 for RSA if SHA-1 is
// allowed, the only hash that peers without RFC 7427 can be counted on to know (RFC 7296, Section 3.8).
func (l *Local) scheme(c Credential, peer []wire.HashAlgorithm) (wire.AuthMethod, suite.Scheme, *Failure) {
	if schemes := l.schemes(c.Key.Public(), peer); len(schemes) > 0 {
		return wire.AuthDigitalSignature, schemes[0], nil
	}
	method, scheme := oldMethod(c)
	if scheme != suite.SchemeNone && l.allows(scheme) {
		return method, scheme, nil
	}
	return 0, suite.SchemeNone, l.noScheme(c, peer, scheme)
}

// allows reports whether we may sign with a scheme by an old method.
func (l *Local) allows(s suite.Scheme) bool {
	if s == suite.SchemeRSASHA1 {
		return l.AllowSHA1 || slices.Contains(l.Schemes, s)
	}
	return len(l.Schemes) == 0 || slices.Contains(l.Schemes, s)
}

// oldMethod returns the method of a key that peers know without RFC 7427. Ed25519 and Ed448 have none (RFC 8420).
func oldMethod(c Credential) (wire.AuthMethod, suite.Scheme) {
	switch key := c.Key.Public().(type) {
	case *rsa.PublicKey:
		return wire.AuthRSASignature, suite.SchemeRSASHA1
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return wire.AuthECDSA256, suite.SchemeECDSASHA256
		case elliptic.P384():
			return wire.AuthECDSA384, suite.SchemeECDSASHA384
		case elliptic.P521():
			return wire.AuthECDSA521, suite.SchemeECDSASHA512
		}
	}
	return 0, suite.SchemeNone
}

// noScheme says why a credential cannot be used with a peer.
func (l *Local) noScheme(c Credential, peer []wire.HashAlgorithm, old suite.Scheme) *Failure {
	f := &Failure{Code: explain.AuthSignatureScheme, Cause: fmt.Sprintf("our %s cannot sign in a way that peer and configuration know: peer announces %s, we may use %s",
		c.name(), hashNames(peer), schemeNames(l.Schemes))}
	switch {
	case old == suite.SchemeRSASHA1 && len(peer) == 0:
		f.Action = "set local.allow_sha1 for this peer, or use an ECDSA certificate"
	case old == suite.SchemeNone && !slices.Contains(peer, wire.HashIdentity):
		f.Action = "this kind of key needs a peer with RFC 8420: use an RSA or ECDSA certificate for this one"
	default:
		f.Action = "add a scheme to local.signature_schemes"
	}
	return f
}

// hashNames lists what a peer has announced.
func hashNames(hashes []wire.HashAlgorithm) string {
	if len(hashes) == 0 {
		return "no signature hash (no RFC 7427)"
	}
	const most = 16
	var names []string
	for _, h := range hashes[:min(len(hashes), most)] {
		names = append(names, h.String())
	}
	return strings.Join(names, ", ")
}

// schemeNames lists configured schemes.
func schemeNames(schemes []suite.Scheme) string {
	if len(schemes) == 0 {
		return "any scheme but SHA-1"
	}
	var names []string
	for _, s := range schemes {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}

// acceptedSchemes lists what a peer may sign with.
func (r *Remote) acceptedSchemes() string {
	names := schemeNames(r.Signatures.Schemes)
	if r.AllowSHA1 {
		names += ", and " + suite.SchemeRSASHA1.String()
	}
	return names
}
