package revocation

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // for crypto.SHA1
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/suite"
)

// oidSHA1 is id-sha1, the hash of our questions, which every server knows. It is a name here, nothing rests on it.
func oidSHA1() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26} }

// read reads a CertID { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } (RFC 6960, Section 4.1.1).
func (id *certID) read(input *cryptobyte.String) bool {
	var outer, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	id.serial = new(big.Int)
	ok := input.ReadASN1(&outer, casn1.SEQUENCE) && outer.ReadASN1(&algorithm, casn1.SEQUENCE) && algorithm.ReadASN1ObjectIdentifier(&oid) &&
		outer.ReadASN1Bytes(&id.nameHash, casn1.OCTET_STRING) && outer.ReadASN1Bytes(&id.keyHash, casn1.OCTET_STRING) &&
		outer.ReadASN1Integer(id.serial) && outer.Empty()
	id.hash = oid.String()
	return ok
}

// names reports whether a certID is that of a certificate: serial number and issuer, by its name and its key.
func (id *certID) names(cert, issuer *x509.Certificate) bool {
	h, known := suite.HashByOID(id.hash)
	return known && id.serial.Cmp(cert.SerialNumber) == 0 &&
		bytes.Equal(id.nameHash, sum(h, issuer.RawSubject)) && bytes.Equal(id.keyHash, sum(h, keyBits(issuer)))
}

// keyBits returns the key of a certificate without its algorithm, the value of the BIT STRING of its SubjectPublicKeyInfo.
func keyBits(c *x509.Certificate) []byte {
	input := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var spki cryptobyte.String
	var key []byte
	if !input.ReadASN1(&spki, casn1.SEQUENCE) || !spki.SkipASN1(casn1.SEQUENCE) || !spki.ReadASN1BitStringAsBytes(&key) {
		return nil
	}
	return key
}

func sum(h crypto.Hash, b []byte) []byte {
	hash := h.New()
	hash.Write(b)
	return hash.Sum(nil)
}
