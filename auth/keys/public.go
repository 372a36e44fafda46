// Package keys reads, writes and names public and private keys: what crypto/x509 knows, Ed448 (RFC 8410), ML-DSA
// (RFC 9881), and RSA for RSASSA-PSS alone (RFC 4055).
package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/suite"
)

// errKey means that a SubjectPublicKeyInfo is malformed.
var errKey = errors.New("malformed public key")

// ParsePublic reads a SubjectPublicKeyInfo (RFC 5280, Section 4.1.2.7).
func ParsePublic(der []byte) (crypto.PublicKey, error) {
	algorithm, parameters, key, err := splitSPKI(der)
	if err != nil {
		return nil, err
	}
	if algorithm.Equal(OIDRSAPSS()) {
		return parsePSSPublic(parameters, key)
	}
	if !algorithm.Equal(OIDEd448()) {
		pub, err := mldsax509.ParsePKIXPublicKey(der)
		if err != nil {
			return nil, fmt.Errorf("public key algorithm %v: %w", algorithm, err)
		}
		return pub, nil
	}
	if len(key) != ed448.PublicKeySize {
		return nil, fmt.Errorf("Ed448 public key of %d octets: %w", len(key), errKey)
	}
	return ed448.PublicKey(key), nil
}

// MarshalPublic is the reverse of ParsePublic.
func MarshalPublic(pub crypto.PublicKey) ([]byte, error) {
	switch key := pub.(type) {
	case ed448.PublicKey:
		return marshalSPKI(OIDEd448(), nil, key)
	case *suite.PSSPublicKey:
		return marshalSPKI(OIDRSAPSS(), key.Parameters(), x509.MarshalPKCS1PublicKey(key.RSA))
	}
	return mldsax509.MarshalPKIXPublicKey(pub)
}

// splitSPKI returns algorithm, parameters and key of a SubjectPublicKeyInfo. Ed448 has no parameters (RFC 8410, Section 3); those of
// other algorithms are left to their libraries.
func splitSPKI(der []byte) (algorithm asn1.ObjectIdentifier, parameters, octets []byte, err error) {
	input := cryptobyte.String(der)
	var spki, identifier cryptobyte.String
	var key asn1.BitString
	if !input.ReadASN1(&spki, casn1.SEQUENCE) || !input.Empty() || !spki.ReadASN1(&identifier, casn1.SEQUENCE) ||
		!identifier.ReadASN1ObjectIdentifier(&algorithm) || !spki.ReadASN1BitString(&key) || !spki.Empty() {
		return nil, nil, nil, errKey
	}
	if algorithm.Equal(OIDEd448()) && !identifier.Empty() || key.BitLength%8 != 0 {
		return nil, nil, nil, errKey
	}
	return algorithm, identifier, key.Bytes, nil
}

// OIDEd448 is id-Ed448, the algorithm of keys and signatures (RFC 8410, Section 3).
func OIDEd448() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 101, 113} }

// Name names the kind and size of a public key for people: "RSA 2048, exponent 65537", "ECDSA P-256", "Ed448", "ML-DSA-65".
func Name(pub crypto.PublicKey) string {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d, exponent %d", key.N.BitLen(), key.E)
	case *suite.PSSPublicKey:
		return Name(key.RSA) + ", PSS only"
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	case ed448.PublicKey:
		return "Ed448"
	case *mldsa.PublicKey:
		return key.Parameters().String()
	}
	return fmt.Sprintf("%T", pub)
}
