package pkitest

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"testing"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// NewMLDSAKey returns a fresh ML-DSA-65 key.
func NewMLDSAKey(t testing.TB) *mldsa.PrivateKey {
	t.Helper()
	key, err := mldsa.GenerateKey(mldsa.MLDSA65())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// WithKey returns a certificate with another public key, which leaves its signature wrong: Resign it.
func WithKey(t testing.TB, c *x509.Certificate, pub crypto.PublicKey) *x509.Certificate {
	t.Helper()
	spki, err := mldsax509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(WithSPKI(t, c, spki))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// WithSPKI is WithKey for a SubjectPublicKeyInfo that need not be one.
func WithSPKI(t testing.TB, c *x509.Certificate, spki []byte) []byte {
	t.Helper()
	var outer, tbs, rest cryptobyte.String
	input := cryptobyte.String(c.Raw)
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1(&tbs, casn1.SEQUENCE) {
		t.Fatal("no certificate")
	}
	rest = outer
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for i := 0; !tbs.Empty(); i++ {
				var element cryptobyte.String
				var tag casn1.Tag
				if !tbs.ReadAnyASN1Element(&element, &tag) {
					t.Fatal("no certificate")
				}
				const subjectPublicKeyInfo = 6
				if i == subjectPublicKeyInfo {
					element = spki
				}
				b.AddBytes(element)
			}
		})
		b.AddBytes(rest)
	})
	return b.BytesOrPanic()
}

// Resign signs a certificate, list or anything else of the form SEQUENCE { tbs { ..., AlgorithmIdentifier, ... },
// AlgorithmIdentifier, BIT STRING } anew with an ML-DSA-65 key, replacing the algorithm in both places where it is before.
func Resign(t testing.TB, der []byte, key *mldsa.PrivateKey) []byte {
	t.Helper()
	algorithm := []byte("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12") // RFC 9881, Section 2
	var outer, tbs, old cryptobyte.String
	input := cryptobyte.String(der)
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1(&tbs, casn1.SEQUENCE) || !outer.ReadASN1Element(&old, casn1.SEQUENCE) {
		t.Fatal("nothing that is signed")
	}
	var inner cryptobyte.Builder
	inner.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for !tbs.Empty() {
			var element cryptobyte.String
			var tag casn1.Tag
			if !tbs.ReadAnyASN1Element(&element, &tag) {
				t.Fatal("nothing that is signed")
			}
			if string(element) == string(old) {
				element = algorithm
			}
			b.AddBytes(element)
		}
	})
	signed := inner.BytesOrPanic()
	signature, err := key.Sign(rand.Reader, signed, &mldsa.Options{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := asn1.Marshal(struct {
		Signed, Algorithm asn1.RawValue
		Signature         asn1.BitString
	}{asn1.RawValue{FullBytes: signed}, asn1.RawValue{FullBytes: algorithm}, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// ResignCert is Resign for a certificate.
func ResignCert(t testing.TB, c *x509.Certificate, key *mldsa.PrivateKey) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(Resign(t, c.Raw, key))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
