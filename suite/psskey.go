package suite

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"

	"golang.org/x/crypto/cryptobyte"
)

// A PSSPublicKey is an RSA key under the name id-RSASSA-PSS: for RSASSA-PSS alone (RFC 4055, Section 1.2). If it has
// parameters, signatures must have the same hashes and a salt at least as long (Section 3.3). It is not modified once made.
type PSSPublicKey struct {
	RSA *rsa.PublicKey

	der        []byte // of the parameters
	parameters pssParameters
}

// errPSSParameters means that parameters are malformed or of hashes that nobody knows.
var errPSSParameters = errors.New("malformed or unknown parameters of an RSASSA-PSS key")

// NewPSSPublicKey returns the key with the parameters of its AlgorithmIdentifier in DER, which may be empty.
func NewPSSPublicKey(pub *rsa.PublicKey, parameters []byte) (*PSSPublicKey, error) {
	k := &PSSPublicKey{RSA: pub, der: bytes.Clone(parameters)}
	if len(parameters) == 0 {
		return k, nil
	}
	p, ok := parsePSSParameters(cryptobyte.String(parameters))
	if !ok {
		return nil, errPSSParameters
	}
	k.parameters = p
	return k, nil
}

// Parameters returns the parameters in DER, empty if there are none. The caller does not modify them.
func (k *PSSPublicKey) Parameters() []byte { return k.der }

// Equal reports whether x is the same key with the same parameters.
func (k *PSSPublicKey) Equal(x crypto.PublicKey) bool {
	other, ok := x.(*PSSPublicKey)
	return ok && k.RSA.Equal(other.RSA) && bytes.Equal(k.der, other.der)
}

// permits reports whether signatures with these parameters are signatures of the key.
func (k *PSSPublicKey) permits(p pssParameters) bool {
	return len(k.der) == 0 || k.parameters.hash == p.hash && k.parameters.mask == p.mask && p.salt >= k.parameters.salt
}

// permitsHash is permits without regard to mask and salt.
func (k *PSSPublicKey) permitsHash(h crypto.Hash) bool {
	return len(k.der) == 0 || k.parameters.hash == h
}

// rsaKey returns the numbers of an RSA key of either kind.
func rsaKey(pub crypto.PublicKey) (*rsa.PublicKey, bool) {
	if k, ok := pub.(*PSSPublicKey); ok {
		return k.RSA, true
	}
	k, ok := pub.(*rsa.PublicKey)
	return k, ok
}

// makes reports whether a key can make signatures of a scheme with the parameters that we send.
func (s Scheme) makes(pub crypto.PublicKey) bool {
	k, ok := pub.(*PSSPublicKey)
	h := s.info().hash
	return s.fits(pub) && (!ok || k.permits(pssParameters{hash: h, mask: h, salt: h.Size()}))
}
