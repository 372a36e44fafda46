package chain

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"github.com/cloudflare/circl/sign/ed448"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/auth/keys"
)

// What CheckSignature and CheckCRL find wrong.
var (
	errSignature = errors.New("the signature does not match the key of the issuer")
	errNoCA      = errors.New("the issuer is no CA")
	errKeyUsage  = errors.New("the key usage of the issuer does not allow it to sign")
)

// CheckSignature checks that parent, a CA, has signed a certificate.
func CheckSignature(c, parent *x509.Certificate) error {
	key, ok := ed448Key(parent)
	if !ok {
		return c.CheckSignatureFrom(parent)
	}
	switch {
	case parent.Version == 3 && !parent.BasicConstraintsValid, parent.BasicConstraintsValid && !parent.IsCA:
		return errNoCA
	case parent.KeyUsage != 0 && parent.KeyUsage&x509.KeyUsageCertSign == 0:
		return errKeyUsage
	}
	return checkEd448(key, c.Raw)
}

// CheckCRL checks that a CA has signed a certificate revocation list (RFC 5280, Section 6.3.3 (f) and (g)).
func CheckCRL(crl *x509.RevocationList, ca *x509.Certificate) error {
	key, ok := ed448Key(ca)
	if !ok {
		return crl.CheckSignatureFrom(ca)
	}
	if ca.KeyUsage != 0 && ca.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return errKeyUsage
	}
	return checkEd448(key, crl.Raw)
}

// checkEd448 checks the signature of a Certificate or CertificateList, both of which are
//
//	SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING }
func checkEd448(key ed448.PublicKey, der []byte) error {
	input := cryptobyte.String(der)
	var outer, signed, identifier cryptobyte.String
	var algorithm asn1.ObjectIdentifier
	var signature []byte
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1Element(&signed, casn1.SEQUENCE) ||
		!outer.ReadASN1(&identifier, casn1.SEQUENCE) || !identifier.ReadASN1ObjectIdentifier(&algorithm) ||
		!identifier.Empty() || !outer.ReadASN1BitStringAsBytes(&signature) || !outer.Empty() {
		return errSignature
	}
	if !algorithm.Equal(keys.OIDEd448()) || !ed448.Verify(key, signed, signature, "") {
		return errSignature
	}
	return nil
}
