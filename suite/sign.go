package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/wire"
)

// Causes of a *SignatureError, for errors.Is.
var (
	// ErrSignature means that the signature does not belong to key and message.
	ErrSignature = errors.New("signature does not match")
	// ErrSignatureFormat means that the authentication data is not what its method demands.
	ErrSignatureFormat = errors.New("malformed authentication data")
	// ErrScheme means that algorithm or hash are not known, or that the policy does not allow them.
	ErrScheme = errors.New("signature scheme not allowed")
	// ErrKeyType means that the key cannot make signatures of this scheme or method.
	ErrKeyType = errors.New("key does not fit the signature scheme")
	// ErrWeakKey means that an RSA modulus or exponent is outside what the policy allows.
	ErrWeakKey = errors.New("key too weak")
)

// A SignatureError says why a signature was not made or not accepted. It is for the local log: the peer is told
// AUTHENTICATION_FAILED and nothing else.
type SignatureError struct {
	Method wire.AuthMethod
	Scheme Scheme // SchemeNone if the authentication data does not tell
	Err    error
}

// Error says what is wrong.
func (e *SignatureError) Error() string {
	if e.Scheme == SchemeNone {
		return fmt.Sprintf("%s: %v", e.Method, e.Err)
	}
	return fmt.Sprintf("%s with %s: %v", e.Method, e.Scheme, e.Err)
}

// Unwrap returns the cause.
func (e *SignatureError) Unwrap() error { return e.Err }

// Sign makes the data of an AUTH payload over octets (RFC 7296, Section 2.15). Method 14 takes every scheme but
// SchemeRSASHA1, method 1 the RSASSA-PKCS1-v1_5 ones, methods 9, 10 and 11 the ECDSA scheme of their one curve. key may live
// in hardware: it is given the digest and the usual options of its kind, or octets if it is a crypto.MessageSigner. The
// error is a *SignatureError or comes from key.
func Sign(key crypto.Signer, method wire.AuthMethod, scheme Scheme, octets []byte, rand io.Reader) ([]byte, error) {
	pub := key.Public()
	switch {
	case !takes(method, scheme):
		return nil, &SignatureError{method, scheme, ErrScheme}
	case !scheme.makes(pub) || !curveFits(method, pub):
		return nil, &SignatureError{method, scheme, ErrKeyType}
	}
	signature, err := crypto.SignMessage(key, rand, octets, scheme.signerOpts())
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", scheme, err)
	}
	switch method {
	case wire.AuthDigitalSignature:
		id := scheme.algorithmID()
		return append(append([]byte{byte(len(id))}, id...), signature...), nil
	case wire.AuthRSASignature:
		return signature, nil
	}
	raw, ok := rawECDSA(signature, coordinate(pub.(*ecdsa.PublicKey)))
	if !ok {
		return nil, &SignatureError{method, scheme, ErrSignatureFormat}
	}
	return raw, nil
}

// signerOpts returns what crypto.Signer takes for a scheme; PSS with a salt as long as the hash (RFC 4055, Section 3.1).
func (s Scheme) signerOpts() crypto.SignerOpts {
	h := s.info().hash
	if s.info().family == familyPSS {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
	}
	return h
}

// coordinate is the length of r and s in octets.
func coordinate(pub *ecdsa.PublicKey) int { return (pub.Curve.Params().BitSize + 7) / 8 }

// rawECDSA turns the DER form of an ECDSA signature into r | s of size octets each (RFC 4754, Section 7).
func rawECDSA(signature []byte, size int) ([]byte, bool) {
	in := cryptobyte.String(signature)
	var seq cryptobyte.String
	var r, s big.Int
	if !in.ReadASN1(&seq, der.SEQUENCE) || !seq.ReadASN1Integer(&r) || !seq.ReadASN1Integer(&s) {
		return nil, false
	}
	if r.Sign() < 0 || s.Sign() < 0 || r.BitLen() > 8*size || s.BitLen() > 8*size {
		return nil, false
	}
	raw := make([]byte, 2*size)
	r.FillBytes(raw[:size])
	s.FillBytes(raw[size:])
	return raw, true
}
