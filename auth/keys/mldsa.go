package keys

import (
	"crypto"
	"crypto/subtle"
	"encoding/asn1"
	"errors"

	"filippo.io/mldsa"
	circl "github.com/cloudflare/circl/sign"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
	"github.com/cloudflare/circl/sign/mldsa/mldsa87"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// mldsaArc is the arc of NIST's signature algorithms; ML-DSA-44, -65 and -87 are 17, 18 and 19 of it (RFC 9881, Section 2).
func mldsaArc() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3} }

// OIDMLDSA returns the algorithm of keys and signatures of a parameter set (RFC 9881, Section 2).
func OIDMLDSA(p mldsa.Parameters) asn1.ObjectIdentifier {
	last := 17
	switch p {
	case mldsa.MLDSA65():
		last = 18
	case mldsa.MLDSA87():
		last = 19
	}
	return append(mldsaArc(), last)
}

// mldsaParameters is the reverse of OIDMLDSA.
func mldsaParameters(oid asn1.ObjectIdentifier) (mldsa.Parameters, bool) {
	for _, p := range []mldsa.Parameters{mldsa.MLDSA44(), mldsa.MLDSA65(), mldsa.MLDSA87()} {
		if oid.Equal(OIDMLDSA(p)) {
			return p, true
		}
	}
	return mldsa.Parameters{}, false
}

// isBoth recognizes the form of a private key that has both seed and expanded key (RFC 9881, Section 6).
func isBoth(key []byte) bool { return len(key) > 0 && key[0] == byte(casn1.SEQUENCE) }

// errMLDSA means that a private key of ML-DSA is malformed.
var errMLDSA = errors.New("malformed ML-DSA private key")

// parseBoth reads an ML-DSA private key that has both the seed and the key that expands from it, as OpenSSL writes it, and
// checks that the two belong together (RFC 9881, Section 6).
func parseBoth(p mldsa.Parameters, key []byte) (crypto.Signer, error) {
	input := cryptobyte.String(key)
	var both cryptobyte.String
	var seed, expanded []byte
	if !input.ReadASN1(&both, casn1.SEQUENCE) || !input.Empty() || !both.ReadASN1Bytes(&seed, casn1.OCTET_STRING) ||
		!both.ReadASN1Bytes(&expanded, casn1.OCTET_STRING) || !both.Empty() || len(seed) != mldsa.PrivateKeySize {
		return nil, errMLDSA
	}
	_, derived := expander(p).DeriveKey(seed)
	want, err := derived.MarshalBinary()
	if err != nil {
		return nil, err
	}
	defer clear(want)
	if subtle.ConstantTimeCompare(want, expanded) == 0 {
		return nil, errors.New("the seed of the ML-DSA private key does not belong to its expanded key")
	}
	return mldsa.NewPrivateKey(p, seed)
}

// expander returns the implementation that writes expanded keys (FIPS 204, Section 5.1).
func expander(p mldsa.Parameters) circl.Scheme {
	switch p {
	case mldsa.MLDSA65():
		return mldsa65.Scheme()
	case mldsa.MLDSA87():
		return mldsa87.Scheme()
	}
	return mldsa44.Scheme()
}
