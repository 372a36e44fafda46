package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"testing/fstest"

	"culvert/eap/eaptest"
)

// A testCA issues certificates that are valid in a session of package eaptest.
type testCA struct {
	testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newTestCA(t testing.TB) *testCA {
	t.Helper()
	ca := &testCA{TB: t}
	ca.key = ca.newKey()
	ca.cert = ca.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}, nil, ca.key)
	return ca
}

func (ca *testCA) newKey() *ecdsa.PrivateKey {
	ca.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		ca.Fatal(err)
	}
	return key
}

// sign issues a certificate for a key; without a parent it signs itself.
func (ca *testCA) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	ca.Helper()
	if parent == nil {
		parent = template
	}
	now := eaptest.Session("").Now
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(now.UnixNano()), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), ca.key)
	if err != nil {
		ca.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		ca.Fatal(err)
	}
	return cert
}

func (ca *testCA) pem() []byte { return pemBlock("CERTIFICATE", ca.cert.Raw) }

// issue adds a certificate and its key to files.
func (ca *testCA) issue(files fstest.MapFS, name string, template x509.Certificate) {
	ca.Helper()
	key := ca.newKey()
	cert := ca.sign(&template, ca.cert, key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		ca.Fatal(err)
	}
	files[name+".pem"] = &fstest.MapFile{Data: pemBlock("CERTIFICATE", cert.Raw)}
	files[name+".key"] = &fstest.MapFile{Data: pemBlock("PRIVATE KEY", der), Mode: 0o600}
}
