package chain

import (
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/suite"
	"culvert/wire"
)

// What CheckSignature, CheckCRL and CheckSigned find wrong.
var (
	errMalformed = errors.New("the signature cannot be read")
	errSignature = errors.New("the signature does not match the key of the issuer")
	errNoCA      = errors.New("the issuer is no CA")
	errKeyUsage  = errors.New("the key usage of the issuer does not allow it to sign")
)

// minAnchorBits is the smallest RSA modulus that an anchor may sign with. The bounds for other keys are CheckKey's.
const minAnchorBits = 1024

// CheckSignature checks that parent, a CA, has signed a certificate.
func CheckSignature(c, parent *x509.Certificate) error {
	switch {
	case parent.Version == 3 && !parent.BasicConstraintsValid, parent.BasicConstraintsValid && !parent.IsCA:
		return errNoCA
	case parent.KeyUsage != 0 && parent.KeyUsage&x509.KeyUsageCertSign == 0:
		return errKeyUsage
	}
	return named(CheckSigned(c.Raw, parent), c.SignatureAlgorithm)
}

// CheckCRL checks that a CA has signed a certificate revocation list (RFC 5280, Section 6.3.3 (f) and (g)).
func CheckCRL(crl *x509.RevocationList, ca *x509.Certificate) error {
	if ca.KeyUsage != 0 && ca.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return errKeyUsage
	}
	return named(CheckSigned(crl.Raw, ca), crl.SignatureAlgorithm)
}

// named adds the algorithm to the error of a signature that cannot be checked.
func named(err error, a x509.SignatureAlgorithm) error {
	if errors.Is(err, suite.ErrScheme) || errors.Is(err, suite.ErrKeyType) {
		return fmt.Errorf("%w: %v", err, a)
	}
	return err
}

// CheckSigned checks the signature of a Certificate, CertificateList or BasicOCSPResponse with the key of a certificate,
// whatever that key may be used for. All of them begin with
//
//	SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING, ... }
//
// in the same words as method 14 of an AUTH payload, so the schemes of AUTH are those of certificates (RFC 7427, Section 3).
func CheckSigned(der []byte, signer *x509.Certificate) error {
	s, err := split(der)
	if err != nil {
		return err
	}
	pub, err := PublicKey(signer)
	if err != nil {
		return err
	}
	proof := wire.Auth{Method: wire.AuthDigitalSignature, Data: append(append([]byte{byte(len(s.algorithm))}, s.algorithm...), s.signature...)}
	err = suite.Verify(pub, proof, s.octets, suite.SignaturePolicy{MinRSABits: minAnchorBits})
	var fault *suite.SignatureError
	switch {
	case errors.Is(err, suite.ErrSignature):
		return errSignature
	case errors.As(err, &fault):
		return fmt.Errorf("the signature cannot be checked: %w", fault.Err)
	}
	return err
}

// A signed is something with its signature. It aliases what it was read from.
type signed struct {
	octets, algorithm cryptobyte.String // what is signed, AlgorithmIdentifier
	signature         []byte
}

// split reads what CheckSigned tells of.
func split(der []byte) (signed, error) {
	var s signed
	var outer cryptobyte.String
	input := cryptobyte.String(der)
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1Element(&s.octets, casn1.SEQUENCE) ||
		!outer.ReadASN1Element(&s.algorithm, casn1.SEQUENCE) || len(s.algorithm) > 255 || !outer.ReadASN1BitStringAsBytes(&s.signature) {
		return signed{}, errMalformed
	}
	return s, nil
}
