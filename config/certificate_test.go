package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/explain"
)

// A testIdentity is a self-signed certificate authority with its key, in PEM.
type testIdentity struct{ certificate, key, public string }

func pemBlock(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// newIdentity makes a certificate for a name, valid from a year before noon to a year after, unless change says otherwise.
func newIdentity(t testing.TB, name string, change ...func(*x509.Certificate)) testIdentity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".example.org"},
		NotBefore: noon().AddDate(-1, 0, 0), NotAfter: noon().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	for _, f := range change {
		f(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return testIdentity{pemBlock("CERTIFICATE", der), pemBlock("PRIVATE KEY", private), pemBlock("PUBLIC KEY", public)}
}

// loadFiles reads a connection with these sides and files.
func loadFiles(local, remote string, files map[string]string) (*Config, Diagnostics) {
	files["culvert.hcl"] = "connection \"a\" {\n local {\n" + local + "\n }\n remote {\n" + remote + "\n }\n child \"c\" {}\n}\n"
	return source(files).Load(dir + "culvert.hcl")
}

func TestCertificatesAndKeysAreRead(t *testing.T) {
	gw, ca := newIdentity(t, "gw"), newIdentity(t, "ca")
	c, found := loadFiles(`certificate = ["gw.pem", "ca.pem"]
key = "keys/gw.key"
id = "gw.example.org"`, `ca = "ca.pem"
public_key = "peer.pub"
signature_schemes = ["ecdsa-sha256", "ed25519"]`,
		map[string]string{"gw.pem": gw.certificate, "keys/gw.key": gw.key, "ca.pem": ca.certificate, "peer.pub": ca.public})
	if len(found) != 1 || found[0].Code != explain.ConfigCertChain { // of two authorities, for this test
		t.Fatal(found)
	}
	a := c.Connection("a")
	if a.Local.Auth != auth.MethodPublicKey || a.Remote.Auth != auth.MethodPublicKey {
		t.Errorf("methods are %v and %v", a.Local.Auth, a.Remote.Auth)
	}
	if len(a.Local.Certificates) != 2 || a.Local.Key == nil || a.Local.Key.Path != dir+"keys/gw.key" || len(a.Remote.CAs) != 1 || len(a.Remote.PublicKeys) != 1 || len(a.Remote.Schemes) != 2 {
		t.Errorf("got %+v", a)
	}
}

func TestRawPublicKeysNeedNoCertificate(t *testing.T) {
	gw := newIdentity(t, "gw")
	_, found := loadFiles("key = \"gw.key\"\nid = \"gw.example.org\"", `public_key = "peer.pub"`, map[string]string{"gw.key": gw.key, "peer.pub": gw.public})
	if len(found) != 0 {
		t.Error(found)
	}
}

func TestCertificatesThatDoNotFitAreSaid(t *testing.T) {
	gw, other := newIdentity(t, "gw"), newIdentity(t, "other")
	leaf := newIdentity(t, "leaf", func(c *x509.Certificate) { c.IsCA = false })
	expired := newIdentity(t, "gw", func(c *x509.Certificate) { c.NotAfter = noon().Add(-time.Hour) })
	early := newIdentity(t, "gw", func(c *x509.Certificate) { c.NotBefore = noon().Add(time.Hour) })
	late := newIdentity(t, "gw", func(c *x509.Certificate) { c.NotAfter = noon().AddDate(0, 0, 3) })
	encrypted := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	tests := []struct {
		name     string
		pem, key string
		ca       string
		code     explain.Code
		severity Severity
		says     string
	}{
		{"key of another certificate", gw.certificate, other.key, gw.certificate, explain.ConfigKeyMismatch, Error, "does not belong to the certificate"},
		{"name of another", other.certificate, other.key, gw.certificate, explain.ConfigIdentity, Warning, "it confirms other.example.org, CN=other"},
		{"expired", expired.certificate, expired.key, gw.certificate, explain.ConfigCertificate, Warning, "has expired on 2026-05-01T11:00:00Z"},
		{"not yet valid", early.certificate, early.key, gw.certificate, explain.ConfigCertificate, Warning, "is not valid before 2026-05-01T13:00:00Z"},
		{"expires soon", late.certificate, late.key, gw.certificate, explain.ConfigCertificate, Warning, "expires on 2026-05-04T12:00:00Z"},
		{"authority that is none", gw.certificate, gw.key, leaf.certificate, explain.ConfigBadFile, Error, "is no certificate authority"},
		{"authority expired", gw.certificate, gw.key, expired.certificate, explain.ConfigCertificate, Warning, "has expired"},
		{"key in place of a certificate", gw.key, gw.key, gw.certificate, explain.ConfigBadFile, Error, "takes a file of certificates"},
		{"certificate in place of a key", gw.certificate, gw.certificate, gw.certificate, explain.ConfigBadFile, Error, "takes a file of a private key"},
		{"encrypted key", gw.certificate, encrypted, gw.certificate, explain.ConfigBadFile, Error, "encrypted"},
		{"neither PEM nor DER", "hello", gw.key, gw.certificate, explain.ConfigBadFile, Error, "neither PEM nor DER"},
		{"empty", "", gw.key, gw.certificate, explain.ConfigBadFile, Error, "gw.pem"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := loadFiles("certificate = \"gw.pem\"\nkey = \"gw.key\"\nid = \"gw.example.org\"", "ca = \"ca.pem\"",
				map[string]string{"gw.pem": tt.pem, "gw.key": tt.key, "ca.pem": tt.ca})
			if !has(found, tt.code, 0) || !strings.Contains(found.String(), tt.says) || found.Errors() != (tt.severity == Error) {
				t.Error(found)
			}
			if strings.Contains(found.String(), "BEGIN") {
				t.Error("a file is quoted")
			}
		})
	}
}

func TestValidityIsNotCheckedWithoutATime(t *testing.T) {
	expired := newIdentity(t, "gw", func(c *x509.Certificate) { c.NotAfter = noon().Add(-time.Hour) })
	s := source(map[string]string{"culvert.hcl": "connection \"a\" {\n local {\n certificate = \"gw.pem\"\n key = \"gw.pem\"\n }\n remote { ca = \"gw.pem\" }\n child \"c\" {}\n}\n", "gw.pem": expired.certificate + expired.key})
	s.Now = time.Time{}
	if _, found := s.Load(dir + "culvert.hcl"); len(found) != 0 {
		t.Error(found)
	}
}
