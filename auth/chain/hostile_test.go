package chain

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
)

// pssParameters are those of RSASSA-PSS (RFC 4055, Section 3.1).
type pssParameters struct {
	Hash    pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
	MGF     pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
	Salt    int64                    `asn1:"explicit,tag:2"`
	Trailer int                      `asn1:"optional,explicit,tag:3,default:1"`
}

// pssSigned is a signed structure whose algorithm is PSS with a salt length.
func pssSigned(t testing.TB, salt int64, trailer int, signature []byte) []byte {
	t.Helper()
	sha256 := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, Parameters: asn1.NullRawValue}
	must := func(v any) []byte {
		der, err := asn1.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	mgf := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}, Parameters: asn1.RawValue{FullBytes: must(sha256)}}
	parameters := must(pssParameters{sha256, mgf, salt, trailer})
	return must(struct {
		Signed    asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: []byte{0x30, 0}}, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}, Parameters: asn1.RawValue{FullBytes: parameters}},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
}

// TestSaltsOfSignatures: lengths that an implementation may use for an allocation before it thinks (strongSwan 2021-41990).
func TestSaltsOfSignatures(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	root := pkitest.NewAuthority(t, "root")
	signer := root.Issue(t, "signer", key.Public())
	digest := crypto.SHA256.New()
	digest.Write([]byte{0x30, 0})
	good, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest.Sum(nil), &rsa.PSSOptions{SaltLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckSigned(pssSigned(t, 32, 1, good), signer); err != nil {
		t.Fatal(err)
	}
	for _, salt := range []int64{-1 << 62, -1, 0, 1, 31, 33, 222, 223, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 + 32, 1<<63 - 1} {
		start := time.Now()
		if CheckSigned(pssSigned(t, salt, 1, good), signer) == nil {
			t.Errorf("a salt of %d octets", salt)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("a salt of %d octets took %v", salt, took)
		}
	}
	if CheckSigned(pssSigned(t, 32, 2, good), signer) == nil {
		t.Error("another trailer")
	}
}

// TestEndlessVariants: authorities of one name that have signed each other in a circle, in many variants (strongSwan
// 2021-41991): the search ends by its bounds.
func TestEndlessVariants(t *testing.T) {
	root, a, b := pkitest.NewAuthority(t, "root"), pkitest.NewAuthority(t, "a"), pkitest.NewAuthority(t, "b")
	asCA := func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }
	var circle []*x509.Certificate
	for range 8 {
		circle = append(circle, a.Issue(t, "b", b.Key.Public(), asCA), b.Issue(t, "a", a.Key.Public(), asCA))
	}
	leaf := a.Issue(t, "gw", pkitest.NewKey(t).Public())
	opt := options(pkitest.Now(), root.Cert, circle...)
	_, err := Verify(leaf, opt)
	wantKind(t, err, Untrusted)
	f := &finder{opt: opt}
	f.extend([]*x509.Certificate{leaf})
	if f.signatures > maxSignatures || len(f.paths) != 0 {
		t.Errorf("%d signatures, %d paths", f.signatures, len(f.paths))
	}
}

// FuzzPath: a leaf and an intermediate that somebody makes up lead to no anchor.
func FuzzPath(f *testing.F) {
	root := pkitest.NewAuthority(f, "root")
	sub := root.Subordinate(f, "sub")
	stranger := pkitest.NewAuthority(f, "root").Cert
	for _, name := range []string{"ed448-leaf", "rsapss-leaf", "ed448-below-constrained"} {
		f.Add(readPEM(f, name), readPEM(f, "ed448-sub"))
	}
	f.Add(sub.Issue(f, "gw", pkitest.NewKey(f).Public()).Raw, sub.Cert.Raw)
	f.Fuzz(func(t *testing.T, leafDER, caDER []byte) {
		leaf, err := x509.ParseCertificate(leafDER)
		ca, errCA := x509.ParseCertificate(caDER)
		if err != nil || errCA != nil {
			return
		}
		if paths, err := Verify(leaf, options(pkitest.Now(), stranger, ca)); err == nil {
			t.Fatalf("path of %d to an anchor that has signed nothing", len(paths[0]))
		}
	})
}
