package chain

import (
	"crypto/x509"
	"errors"
	"testing"

	"culvert/auth/keys"
	"culvert/suite"
)

// TestPSSKeys has certificates whose keys are for RSASSA-PSS alone, which crypto/x509 leaves unread, and signatures with a
// long salt, and with none and another hash in the mask; see testdata/make.sh.
func TestPSSKeys(t *testing.T) {
	paths, err := Verify(foreign(t, "pss-leaf"), foreignOptions(t, "pss-root", "pss-sub"))
	if err != nil || len(paths[0]) != 3 {
		t.Fatalf("%d paths, %v", len(paths), err)
	}
	for _, c := range paths[0] {
		pub, err := PublicKey(c)
		if _, ok := pub.(*suite.PSSPublicKey); err != nil || !ok {
			t.Errorf("%s: key of type %T, %v", c.Subject, pub, err)
		}
		if got, want := keyName(c), "RSA 2048, exponent 65537, PSS only"; got != want {
			t.Errorf("%s: got %q, want %q", c.Subject, got, want)
		}
	}
}

// The signature of a certificate has to keep to the parameters of the key that made it.
func TestPSSKeyBindsCertificates(t *testing.T) {
	sub, root := foreign(t, "pss-sub"), foreign(t, "pss-root")
	der, err := keys.MarshalPublic(mustKey(t, root).(*suite.PSSPublicKey))
	if err != nil || string(der) != string(root.RawSubjectPublicKeyInfo) {
		t.Fatalf("the key is written otherwise: %v", err)
	}
	if err := CheckSignature(sub, root); err != nil {
		t.Error(err)
	}
	leaf := foreign(t, "pss-leaf")
	if err := CheckSignature(leaf, root); err == nil || errors.Is(err, errNoCA) {
		t.Errorf("SHA-384 under a key for SHA-256: %v", err)
	}
	broken := append([]byte{}, readPEM(t, "pss-sub")...)
	broken[len(broken)-1] ^= 1
	forged, err := x509.ParseCertificate(broken)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckSignature(forged, root); !errors.Is(err, errSignature) {
		t.Errorf("forged: got %v", err)
	}
}

func mustKey(t *testing.T, c *x509.Certificate) any {
	t.Helper()
	pub, err := PublicKey(c)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}
