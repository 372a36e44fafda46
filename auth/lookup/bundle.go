package lookup

import (
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/wire"
)

// maxBundle bounds the certificates and lists in a bundle.
const maxBundle = 16

var errBundle = errors.New("malformed bundle of certificates")

// The choices of a CertificateOrCRL (RFC 7296, Section 3.6).
const (
	tagCert casn1.Tag = 0xa0 // [0], constructed
	tagCRL  casn1.Tag = 0xa1
)

// parseBundle reads a CertificateBundle, a SEQUENCE OF CHOICE { cert [0] Certificate, crl [1] CertificateList }, tagged
// explicitly (RFC 7296, Section 3.6).
func parseBundle(der []byte) ([]*wire.Cert, error) {
	input := cryptobyte.String(der)
	var bundle cryptobyte.String
	if !input.ReadASN1(&bundle, casn1.SEQUENCE) || !input.Empty() || bundle.Empty() {
		return nil, errBundle
	}
	var certs []*wire.Cert
	for !bundle.Empty() {
		var choice, element cryptobyte.String
		var tag casn1.Tag
		if !bundle.ReadAnyASN1(&choice, &tag) || !choice.ReadASN1Element(&element, casn1.SEQUENCE) || !choice.Empty() {
			return nil, errBundle
		}
		encoding := wire.CertX509Signature
		switch tag {
		case tagCert:
		case tagCRL:
			encoding = wire.CertCRL
		default:
			return nil, errBundle
		}
		if len(certs) == maxBundle {
			return nil, fmt.Errorf("more than %d certificates in a bundle", maxBundle)
		}
		certs = append(certs, &wire.Cert{Encoding: encoding, Data: element})
	}
	return certs, nil
}

// Bundle returns a CertificateBundle of some certificates, to be put where their owner says that it is.
func Bundle(certs []*x509.Certificate) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, c := range certs {
			b.AddASN1(tagCert, func(b *cryptobyte.Builder) { b.AddBytes(c.Raw) })
		}
	})
	return b.BytesOrPanic()
}

// Reference returns a CERT payload that names what stands at an address by hash and URL: one certificate, or a Bundle.
func Reference(encoding wire.CertEncoding, der []byte, address string) *wire.Cert {
	h := sha1.Sum(der)
	return &wire.Cert{Encoding: encoding, Data: append(h[:], address...)}
}
