package auth

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/auth/keys"
)

func keyFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("keys/testdata/" + name + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParsePrivateKey(t *testing.T) {
	for _, name := range []string{"rsa", "rsa-pkcs1", "ec", "ec-sec1", "ed25519", "ed448", "pki-ec", "pki-ed448"} {
		key, err := ParsePrivateKey(keyFile(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		docs, _ := documents(keyFile(t, name))
		der := docs[len(docs)-1].der
		if bare, err := ParsePrivateKey(der); err != nil || keys.Name(bare.Public()) != keys.Name(key.Public()) {
			t.Errorf("%s, DER: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"ec-encrypted": "encrypted: decrypt it with", "rsa-pkcs1-encrypted": "encrypted", "rsa.pub": "no private key in it (it has: PUBLIC KEY)", "x25519": "cannot sign",
	} {
		if _, err := ParsePrivateKey(keyFile(t, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	for _, tt := range []struct{ file, want string }{
		{"rsa.pub", "RSA 2048"}, {"rsa-pkcs1.pub", "RSA 2048"}, {"ec.pub", "ECDSA P-256"}, {"ed25519.pub", "Ed25519"}, {"ed448.pub", "Ed448"},
	} {
		key, err := ParsePublicKey(keyFile(t, tt.file))
		if err != nil || !strings.HasPrefix(keys.Name(key), tt.want) {
			t.Errorf("%s: %v, %v", tt.file, keys.Name(key), err)
		}
	}
	for _, name := range []string{"rsa", "ed448"} {
		key, err := ParsePublicKey(testdata(t, name+".pem"))
		if err != nil || keys.Name(key) != keys.Name(foreignKey(t, name).Public()) {
			t.Errorf("certificate %s: %v, %v", name, key, err)
		}
		if bare, err := ParsePublicKey(foreignCert(t, name).Raw); err != nil || keys.Name(bare) != keys.Name(key) {
			t.Errorf("certificate %s, DER: %v, %v", name, bare, err)
		}
	}
	if _, err := ParsePublicKey(keyFile(t, "ec")); err == nil || !strings.Contains(err.Error(), "no public key") {
		t.Errorf("a private key: %v", err)
	}
}

func TestParseCertificates(t *testing.T) {
	a, b := testdata(t, "rsa.pem"), testdata(t, "ed448.pem")
	bundle := slices.Concat([]byte("Bag Attributes\n    friendlyName: gw\n"), a, testdata(t, "rsa.key"), b)
	certs, err := ParseCertificates(bundle)
	if err != nil || len(certs) != 2 || certs[0].Subject.CommonName != "rsa" || certs[1].Subject.CommonName != "ed448" {
		t.Errorf("%d certificates, %v", len(certs), err)
	}
	if certs, err = ParseCertificates(slices.Concat(certs[0].Raw, certs[1].Raw)); err != nil || len(certs) != 2 {
		t.Errorf("DER: %d certificates, %v", len(certs), err)
	}
	for what, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":          {nil, "neither PEM nor DER"},
		"text":             {[]byte("hello"), "neither PEM nor DER"},
		"a key":            {testdata(t, "rsa.key"), "no certificate in it (it has: PRIVATE KEY)"},
		"cut":              {a[:len(a)-40], "malformed PEM block after 0 good ones"},
		"second one cut":   {slices.Concat(a, b[:200]), "malformed PEM block after 1 good ones"},
		"not DER":          {[]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificate 1"},
		"an empty block":   {[]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), "certificate 1: no octets"},
		"unsupported":      {slices.Concat(a, testdata(t, "brainpool.pem")), "certificate 2"},
		"an encrypted key": {keyFile(t, "rsa-pkcs1-encrypted"), "encrypted"},
	} {
		if _, err := ParseCertificates(tt.b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", what, err, tt.want)
		}
	}
	if _, err := ParseCertificates(keyFile(t, "rsa-pkcs1-encrypted")); !errors.Is(err, keys.ErrEncrypted) {
		t.Error("not ErrEncrypted")
	}
}

func TestParseCRLs(t *testing.T) {
	crl := pkitest.NewAuthority(t, "root").CRL(t, 1, pkitest.Now(), pkitest.Now())
	file, err := os.ReadFile("revocation/testdata/ca.crl.pem")
	if err != nil {
		t.Fatal(err)
	}
	if crls, err := ParseCRLs(slices.Concat(file, file)); err != nil || len(crls) != 2 {
		t.Errorf("%d lists, %v", len(crls), err)
	}
	if crls, err := ParseCRLs(crl.Raw); err != nil || len(crls) != 1 || !bytes.Equal(crls[0].Raw, crl.Raw) {
		t.Errorf("DER: %d lists, %v", len(crls), err)
	}
	for what, b := range map[string][]byte{"a certificate": testdata(t, "rsa.pem"), "nothing": nil, "junk": {0x30, 0}} {
		if _, err := ParseCRLs(b); err == nil {
			t.Errorf("%s parses", what)
		}
	}
}

func FuzzPEM(f *testing.F) {
	f.Add(keyFile(f, "ec-sec1"))
	f.Add(testdata(f, "ed448.pem"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if certs, err := ParseCertificates(b); err == nil && len(certs) == 0 {
			t.Fatal("no certificate and no error")
		}
		if key, err := ParsePrivateKey(b); err == nil && key == nil {
			t.Fatal("no key and no error")
		}
		if key, err := ParsePublicKey(b); err == nil && key == nil {
			t.Fatal("no key and no error")
		}
		if crls, err := ParseCRLs(b); err == nil && len(crls) == 0 {
			t.Fatal("no list and no error")
		}
	})
}
