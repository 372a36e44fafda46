package vici_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"culvert/interop/lab"
)

// verdicts are what remote rounds say, and whether sun passes: it has an RSA key of 2048 bits, signs with PKCS #1 and a hash that is
// announced to it, and its certificate is signed with SHA-384 by an authority on P-384.
func verdicts() map[string]bool {
	return map[string]bool{
		"auth = pubkey":                           true,
		"auth = rsa-2048":                         false, // which no ECDSA key is
		"auth = rsa-2048-ecdsa-384":               true,
		"auth = rsa-2048-ecdsa-521":               false,
		"auth = rsa-3072-ecdsa-256":               false,
		"auth = pubkey-sha256":                    false,
		"auth = pubkey-sha384":                    true,
		"auth = pubkey-sha256-sha384":             true,
		"auth = rsa-2048-sha256-ecdsa-256-sha384": true,
		"auth = ecdsa-sha384-ike:rsa-sha256":      true,
		"auth = ecdsa-sha384-ike:pubkey-sha512":   true,
		"auth = ike:pubkey-sha256":                true,
		"auth = ike:rsa/pss-sha256":               false,
	}
}

// certified is sun's key and certificate, and that of its authority, in PEM.
func certified(t *testing.T) (key, leaf, ca string) {
	t.Helper()
	signer, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, SignatureAlgorithm: x509.ECDSAWithSHA384,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true}
	}
	issue := func(template, parent *x509.Certificate, pub crypto.PublicKey) string {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, signer)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	root, sun := template("Authority"), template("sun")
	root.IsCA, root.KeyUsage, sun.DNSNames = true, x509.KeyUsageCertSign, []string{"sun.example.org"}
	der, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), issue(sun, root, own.Public()), issue(root, root, signer.Public())
}

// demanding is the swanctl.conf of a host with a connection for each demand. That of sun has one.
func demanding(n int, demands []string) string {
	const secrets = "secrets {\n  ike {\n    secret = \"interoperable-and-long-enough\"\n  }\n}\n"
	if demands == nil {
		return "connections {\n c {\n version = 2\n local {\n auth = pubkey\n id = sun.example.org\n certs = sun.pem\n }\n remote {\n auth = psk\n }\n children {\n c {\n local_ts = 10.2.0.0/24\n remote_ts = 10.1.0.0/16\n }\n }\n }\n}\n" + secrets
	}
	var b strings.Builder
	b.WriteString("connections {\n")
	for i, d := range demands {
		fmt.Fprintf(&b, "c%d {\n version = 2\n local_addrs = 10.99.%[2]d.1\n remote_addrs = 10.99.%[2]d.2\n local {\n auth = psk\n id = client-%[2]d.example.org\n }\n remote {\n id = sun.example.org\n %[3]s\n }\n", i, n, d)
		fmt.Fprintf(&b, "children {\n n%d {\n local_ts = 10.1.%d.0/24\n remote_ts = 10.2.0.0/24\n }\n }\n}\n", i, n)
	}
	return b.String() + "}\n" + secrets
}

// Of each demand on a peer's keys, signatures and certificates Culvert and charon make the same, with the same swanctl.conf.
func TestDemandsOnThePeerAreThoseOfCharon(t *testing.T) {
	l := lab.New(t)
	hosts := []*lab.Host{l.Host("moon"), l.Host("mars"), l.Host("sun")}
	l.Link(hosts[0], hosts[2], []string{"10.99.1.1/24"}, []string{"10.99.1.2/24"})
	l.Link(hosts[1], hosts[2], []string{"10.99.2.1/24"}, []string{"10.99.2.2/24"})
	hosts[0].Address("10.1.1.1/24")
	hosts[1].Address("10.1.2.1/24")
	hosts[2].Address("10.2.0.1/24")
	want := verdicts()
	var demands []string
	for d := range want {
		demands = append(demands, d)
	}
	swanctl := make([]*lab.Swanctl, len(hosts))
	for i, h := range hosts {
		swanctl[i] = h.Swanctl()
	}
	key, leaf, ca := certified(t)
	hosts[1].Charon("")
	hosts[2].Charon("")
	hosts[0].Culvert(fmt.Sprintf("vici {\n  socket = %q\n}\n", hosts[0].VICI()))
	hosts[2].Write("swanctl/private/sun.key", key)
	hosts[2].Write("swanctl/x509/sun.pem", leaf)
	for i, h := range hosts {
		h.Write("swanctl/x509ca/ca.pem", ca)
		swanctl[i].Configure(demanding(i+1, demands))
	}
	swanctl[2].Configure(demanding(3, nil))
	for _, s := range swanctl {
		s.Must("--load-all", "--noprompt")
	}
	for i, d := range demands {
		for n, who := range []string{"culvert", "charon"} {
			out, err := swanctl[n].Try("--initiate", "--timeout", "10", "--child", fmt.Sprintf("n%d", i))
			if (err == nil) != want[d] {
				t.Errorf("%s with %q: %v\n%s", who, d, err, out)
			}
			if err == nil {
				swanctl[n].Must("--terminate", "--ike", fmt.Sprintf("c%d", i))
			}
		}
	}
}
