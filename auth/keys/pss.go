package keys

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/suite"
)

// OIDRSAPSS is id-RSASSA-PSS, the algorithm of RSA keys that make no other signatures (RFC 4055, Section 1.2).
func OIDRSAPSS() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10} }

// A pssSigner is the private key of a *suite.PSSPublicKey.
type pssSigner struct {
	*rsa.PrivateKey
	public *suite.PSSPublicKey
}

// Public returns the key with the parameters that bind it.
func (s *pssSigner) Public() crypto.PublicKey { return s.public }

// parsePSSPublic reads the RSAPublicKey of a key for RSASSA-PSS.
func parsePSSPublic(parameters, key []byte) (crypto.PublicKey, error) {
	pub, err := x509.ParsePKCS1PublicKey(key)
	if err != nil {
		return nil, err
	}
	return suite.NewPSSPublicKey(pub, parameters)
}

// parsePSSPrivate reads the RSAPrivateKey of a key for RSASSA-PSS.
func parsePSSPrivate(parameters, key []byte) (crypto.Signer, error) {
	private, err := x509.ParsePKCS1PrivateKey(key)
	if err != nil {
		return nil, err
	}
	public, err := suite.NewPSSPublicKey(&private.PublicKey, parameters)
	if err != nil {
		return nil, err
	}
	return &pssSigner{private, public}, nil
}

// marshalSPKI writes a SubjectPublicKeyInfo (RFC 5280, Section 4.1.2.7) with parameters in DER, which may be empty.
func marshalSPKI(algorithm asn1.ObjectIdentifier, parameters, key []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(algorithm)
			b.AddBytes(parameters)
		})
		b.AddASN1BitString(key)
	})
	return b.Bytes()
}
