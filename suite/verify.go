package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"math/big"
	"slices"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"

	"culvert/wire"
)

// The bounds of an RSA modulus in bits: what a policy may lower the minimum to, the minimum without one (RFC 8247,
// Section 3.1.1), and what a verification may cost at most.
const (
	minRSABits     = 1024
	defaultRSABits = 2048
	maxRSABits     = 8192
)

// A SignaturePolicy says which signatures are accepted. The zero value takes DefaultSchemes and moduli from 2048 bits.
type SignaturePolicy struct {
	Schemes    []Scheme // nil: DefaultSchemes
	MinRSABits int      // 0: 2048; less than 1024 counts as 1024
}

func (p SignaturePolicy) allows(s Scheme) bool {
	if p.Schemes == nil {
		return slices.Contains(DefaultSchemes(), s)
	}
	return slices.Contains(p.Schemes, s)
}

// checkRSA refuses moduli outside the bounds and exponents that are even or at most 3: with those a forged signature needs
// no more than a verifier's mistake, and 0 and 1 no mistake at all.
func (p SignaturePolicy) checkRSA(pub *rsa.PublicKey) error {
	least := p.MinRSABits
	if least == 0 {
		least = defaultRSABits
	}
	if pub.N == nil || pub.N.Sign() <= 0 || pub.N.Bit(0) == 0 || pub.E <= 3 || pub.E%2 == 0 {
		return ErrWeakKey
	}
	if bits := pub.N.BitLen(); bits < max(least, minRSABits) || bits > maxRSABits {
		return ErrWeakKey
	}
	return nil
}

// CheckKey reports whether a public key may be used under the policy at all; a certificate with one that may not can be
// refused before any signature. The error is ErrWeakKey or ErrKeyType.
func (p SignaturePolicy) CheckKey(pub crypto.PublicKey) error {
	if key, ok := rsaKey(pub); ok && p.checkRSA(key) != nil {
		return ErrWeakKey
	}
	if !slices.ContainsFunc(DefaultSchemes(), func(s Scheme) bool { return s.fits(pub) }) {
		return ErrKeyType
	}
	return nil
}

// Verify checks the signature of an AUTH payload over octets (RFC 7296, Section 2.15; RFC 7427; RFC 8420; RFC 4754;
// draft-ietf-ipsecme-ikev2-pqc-auth, Section 3.2). pub is an *rsa.PublicKey, *PSSPublicKey, *ecdsa.PublicKey, ed25519.PublicKey,
// ed448.PublicKey or *mldsa.PublicKey. The error is a *SignatureError.
func Verify(pub crypto.PublicKey, a wire.Auth, octets []byte, allowed SignaturePolicy) error {
	switch a.Method {
	case wire.AuthDigitalSignature:
		return verifyDigital(pub, a, octets, allowed)
	case wire.AuthRSASignature:
		return verifyRSA(pub, a, octets, allowed)
	case wire.AuthECDSA256, wire.AuthECDSA384, wire.AuthECDSA521:
		return verifyRawECDSA(pub, a, octets, allowed)
	}
	return &SignatureError{a.Method, SchemeNone, ErrScheme}
}

// check applies the policy to scheme and key.
func (p SignaturePolicy) check(m wire.AuthMethod, s Scheme, pub crypto.PublicKey) error {
	switch {
	case !p.allows(s):
		return &SignatureError{m, s, ErrScheme}
	case !s.fits(pub) || !curveFits(m, pub):
		return &SignatureError{m, s, ErrKeyType}
	}
	if err := p.CheckKey(pub); err != nil {
		return &SignatureError{m, s, err}
	}
	return nil
}

// verifyDigital is method 14: the data is a length, an AlgorithmIdentifier and the signature (RFC 7427, Section 3).
func verifyDigital(pub crypto.PublicKey, a wire.Auth, octets []byte, allowed SignaturePolicy) error {
	if len(a.Data) == 0 || len(a.Data) < 1+int(a.Data[0]) {
		return &SignatureError{a.Method, SchemeNone, ErrSignatureFormat}
	}
	id, signature := a.Data[1:1+int(a.Data[0])], a.Data[1+int(a.Data[0]):]
	s, pss := parseAlgorithmID(id)
	if s == SchemeNone {
		return &SignatureError{a.Method, s, ErrScheme}
	}
	if err := allowed.check(a.Method, s, pub); err != nil {
		return err
	}
	if k, ok := pub.(*PSSPublicKey); ok && !k.permits(pss) {
		return &SignatureError{a.Method, s, ErrKeyType}
	}
	if !s.verify(pub, octets, signature, pss) {
		return &SignatureError{a.Method, s, ErrSignature}
	}
	return nil
}

// verifyRSA is method 1, which does not say which hash was used: SHA-1 unless the signer knew better (RFC 7296,
// Section 3.8).
func verifyRSA(pub crypto.PublicKey, a wire.Auth, octets []byte, allowed SignaturePolicy) error {
	var refused error = &SignatureError{a.Method, SchemeNone, ErrScheme}
	for _, s := range []Scheme{SchemeRSASHA1, SchemeRSASHA256, SchemeRSASHA384, SchemeRSASHA512} {
		if !allowed.allows(s) {
			continue
		}
		if err := allowed.check(a.Method, s, pub); err != nil {
			return err
		}
		if s.verify(pub, octets, a.Data, pssParameters{}) {
			return nil
		}
		refused = &SignatureError{a.Method, SchemeNone, ErrSignature}
	}
	return refused
}

// verifyRawECDSA is methods 9, 10 and 11: r | s, each as long as the order of the curve (RFC 4754, Section 7).
func verifyRawECDSA(pub crypto.PublicKey, a wire.Auth, octets []byte, allowed SignaturePolicy) error {
	s := oldMethod(a.Method)
	if err := allowed.check(a.Method, s, pub); err != nil {
		return err
	}
	key := pub.(*ecdsa.PublicKey)
	size := coordinate(key)
	if len(a.Data) != 2*size {
		return &SignatureError{a.Method, s, ErrSignatureFormat}
	}
	r, t := new(big.Int).SetBytes(a.Data[:size]), new(big.Int).SetBytes(a.Data[size:])
	if !ecdsa.Verify(key, s.digest(octets), r, t) {
		return &SignatureError{a.Method, s, ErrSignature}
	}
	return nil
}

// verify checks a signature in the form of its scheme; the key fits. For PKCS #1 v1.5 the library builds the encoded
// message and compares all of it, so there is nothing to parse and nothing to hide garbage in.
func (s Scheme) verify(pub crypto.PublicKey, message, signature []byte, pss pssParameters) bool {
	switch s.info().family {
	case familyRSA:
		return rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), s.info().hash, s.digest(message), signature) == nil
	case familyPSS:
		key, _ := rsaKey(pub)
		return verifyPSS(key, s.digest(message), signature, pss)
	case familyECDSA:
		return ecdsa.VerifyASN1(pub.(*ecdsa.PublicKey), s.digest(message), signature)
	case familyEd25519:
		return ed25519.Verify(pub.(ed25519.PublicKey), message, signature)
	case familyEd448:
		return ed448.Verify(pub.(ed448.PublicKey), message, signature, "")
	case familyMLDSA:
		return mldsa.Verify(pub.(*mldsa.PublicKey), message, signature, nil) == nil
	}
	return false
}
