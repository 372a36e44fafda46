package auth

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
	"culvert/explain"
	"culvert/wire"
)

// spkiRSA is a SubjectPublicKeyInfo with any modulus and exponent.
func spkiRSA(t testing.TB, n, e *big.Int) []byte {
	t.Helper()
	key, err := asn1.Marshal(struct{ N, E *big.Int }{n, e})
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestHostileKeys: certificates whose keys need no private half, or cost without end (Libreswan 2026-14957, strongSwan 2017-9022
// and 2017-11185). They are refused before any signature is checked, whatever the signature is: n, 0, 1 or nothing.
func TestHostileKeys(t *testing.T) {
	p := newParty(t)
	big65537 := big.NewInt(65537)
	ones := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits)
		return n.Sub(n, big.NewInt(1))
	}
	for name, key := range map[string]struct{ n, e *big.Int }{
		"e = 0":              {ones(2048), new(big.Int)},
		"e = 1":              {ones(2048), big.NewInt(1)},
		"e = 2":              {ones(2048), big.NewInt(2)},
		"e = 3":              {ones(2048), big.NewInt(3)},
		"e even":             {ones(2048), big.NewInt(65536)},
		"e negative":         {ones(2048), big.NewInt(-65537)},
		"e of 2048 bits":     {ones(2048), ones(2048)},
		"n = 0":              {new(big.Int), big65537},
		"n = 1":              {big.NewInt(1), big65537},
		"n negative":         {new(big.Int).Neg(ones(2048)), big65537},
		"n even":             {new(big.Int).Lsh(ones(2047), 1), big65537},
		"n of 64 bits":       {ones(64), big65537},
		"n of 1024 bits":     {ones(1024), big65537},
		"n of 65536 bits":    {ones(65536), big65537},
		"n and e of 65536":   {ones(65536), ones(65536)},
		"n = e":              {ones(2048), ones(2048)},
		"everything is zero": {new(big.Int), new(big.Int)},
	} {
		der := pkitest.WithSPKI(t, p.leaf(), spkiRSA(t, key.n, key.e))
		n := key.n.Bytes()
		for _, signature := range [][]byte{n, make([]byte, len(n)), append(make([]byte, max(len(n)-1, 0)), 1), nil} {
			for _, method := range []wire.AuthMethod{wire.AuthRSASignature, wire.AuthDigitalSignature} {
				proof := SignResult{Auth: &wire.Auth{Method: method, Data: signature}, Certs: []*wire.Cert{{Encoding: wire.CertX509Signature, Data: der}}}
				start := time.Now()
				err := check(t, p.remote, p.id, pkitest.Now(), proof).Err
				code := codeOf(err)
				if code != explain.AuthCertMalformed && code != explain.AuthCertKey {
					t.Errorf("%s: %v", name, err)
				}
				if took := time.Since(start); took > time.Minute {
					t.Errorf("%s: took %v", name, took)
				}
			}
		}
	}
}

func codeOf(err error) explain.Code {
	if f, ok := err.(*Failure); ok {
		return f.Code
	}
	return ""
}

// TestForgedCertificateSignatures: what an attacker with a small exponent or a sloppy verifier in mind would put into the
// signature of a certificate (Libreswan 2026-50722, strongSwan 2018-16151 and 2018-16152): the hash in front, garbage behind it.
func TestForgedCertificateSignatures(t *testing.T) {
	p := newParty(t)
	anchor := foreignCert(t, "ca-rsa")
	p.remote.Anchors = []*x509.Certificate{anchor}
	leaf := foreignCert(t, "rsa")
	size := anchor.PublicKey.(*rsa.PublicKey).Size()
	prefix := []byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20")
	whole := func(parts ...[]byte) []byte {
		b := make([]byte, 0, size)
		for _, part := range parts {
			b = append(b, part...)
		}
		return append(b, make([]byte, max(size-len(b), 0))...)[:size]
	}
	for name, signature := range map[string][]byte{
		"garbage behind the hash": whole([]byte{0, 1, 0xff, 0}, prefix, make([]byte, 32)),
		"no padding":              whole([]byte{0, 1, 0}, prefix),
		"all zero":                make([]byte, size),
		"one":                     append(make([]byte, size-1), 1),
		"the modulus":             anchor.PublicKey.(*rsa.PublicKey).N.FillBytes(make([]byte, size)),
		"short":                   make([]byte, size-1),
		"long":                    make([]byte, size+1),
		"empty":                   {},
	} {
		forged := withSignature(t, leaf.Raw, signature)
		proof := SignResult{Auth: &wire.Auth{Method: wire.AuthDigitalSignature, Data: []byte{0}}, Certs: []*wire.Cert{{Encoding: wire.CertX509Signature, Data: forged}}}
		if err := check(t, p.remote, mustID(t, "rsa.example.org"), foreignNow(), proof).Err; codeOf(err) != explain.AuthCertUntrusted {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// withSignature puts another signature below a certificate.
func withSignature(t testing.TB, der, signature []byte) []byte {
	t.Helper()
	var parts struct {
		Signed, Algorithm asn1.RawValue
		Signature         asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		t.Fatal(err)
	}
	parts.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	forged, err := asn1.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	return forged
}
