package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"culvert/explain"
)

// An issuer signs certificates for tests.
type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newSigner(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "rsa-1024":
		key, err = rsa.GenerateKey(rand.Reader, 1024)
	case "p521":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate with its key, both in PEM, and an issuer of it. Without a parent it signs itself.
func (p *issuer) issue(t testing.TB, name, kind string, change ...func(*x509.Certificate)) (testIdentity, *issuer) {
	t.Helper()
	key := newSigner(t, kind)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: noon().AddDate(-1, 0, 0), NotAfter: noon().AddDate(1, 0, 0)}
	for _, f := range change {
		f(template)
	}
	parent := &issuer{template, key}
	if p != nil {
		parent = p
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return testIdentity{certificate: pemBlock("CERTIFICATE", der), key: pemBlock("PRIVATE KEY", private)}, &issuer{cert, key}
}

func asAuthority(c *x509.Certificate) { c.IsCA = true }

// ofGateway is what all clients like.
func ofGateway(c *x509.Certificate) {
	c.DNSNames, c.ExtKeyUsage = []string{"gw.example.org"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
}

// loadGateway reads a gateway that hands addresses to its clients.
func loadGateway(local string, files map[string]string) Diagnostics {
	files["culvert.hcl"] = fmt.Sprintf(`
connection "a" {
  local {
    key = "gw.key"
    id = "gw.example.org"
    %s
  }
  remote {
    ca = "ca.pem"
  }
  pools = ["p"]
  child "c" {
    local = ["0.0.0.0/0"]
  }
}
pool "p" {
  addresses = ["10.9.0.0/24"]
}
`, local)
	_, found := source(files).Load(dir + "culvert.hcl")
	return found
}

func TestQuirksOfClients(t *testing.T) {
	for _, tt := range []struct {
		name, kind string
		change     func(*x509.Certificate)
		local      string
		want       []string // "who: what", one for each note
	}{
		{"what all like", "rsa", ofGateway, "", nil},
		{"no purpose", "rsa", func(c *x509.Certificate) { c.ExtKeyUsage = nil }, "", []string{"Windows and Apple's clients: serverAuth"}},
		{"for clients", "rsa", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "", []string{"Windows and Apple's clients: serverAuth"}},
		{"an address that is no name", "rsa", func(c *x509.Certificate) { c.IPAddresses = []net.IP{{192, 0, 2, 1}} }, "", []string{"Windows: 192.0.2.1 as address"}},
		{"an address as name", "rsa", func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = []net.IP{{192, 0, 2, 1}}, append(c.DNSNames, "192.0.2.1")
		}, "", nil},
		{"no name", "rsa", func(c *x509.Certificate) { c.DNSNames, c.EmailAddresses = nil, []string{"gw@example.org"} }, "", []string{"Windows: no dNSName", "Apple's clients: identity gw.example.org"}},
		{"another name", "rsa", func(c *x509.Certificate) { c.DNSNames = []string{"vpn.example.org"} }, "", []string{"Apple's clients: identity gw.example.org"}},
		{"ECDSA", "p256", nil, "", []string{"Apple's clients: ECDSA"}},
		{"P-521", "p521", nil, "", []string{"Windows: ECDSA P-521", "Apple's clients: ECDSA"}},
		{"Ed25519", "ed25519", nil, "", []string{"Windows: Ed25519", "Apple's clients and Android: Ed25519"}},
		{"signed with PSS", "rsa", func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS }, "", []string{"Windows: signed with RSA-PSS"}},
		{"signing with PSS", "rsa", nil, `signature_schemes = ["rsa-pss-sha256"]`, []string{"Windows: signs with RSA-PSS"}},
		{"signing with PSS first", "rsa", nil, `signature_schemes = ["rsa-pss-sha256", "rsa-sha256"]`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ca, root := (*issuer)(nil).issue(t, "ca", "rsa", asAuthority)
			change := []func(*x509.Certificate){ofGateway}
			if tt.change != nil {
				change = append(change, tt.change)
			}
			gw, _ := root.issue(t, "gw", tt.kind, change...)
			found := loadGateway("certificate = \"gw.pem\"\n"+tt.local, map[string]string{"gw.pem": gw.certificate, "gw.key": gw.key, "ca.pem": ca.certificate})
			var notes []Diagnostic
			for _, d := range found {
				if d.Code == explain.ConfigClientQuirk {
					notes = append(notes, d)
				}
			}
			if len(notes) != len(tt.want) {
				t.Fatalf("%d notes, want %d: %s", len(notes), len(tt.want), found)
			}
			for i, want := range tt.want {
				who, what, _ := strings.Cut(want, ": ")
				if d := notes[i]; !strings.HasPrefix(d.Message, who+" would") || !strings.Contains(d.Message, what) || d.Hint == "" || d.Severity != Note || d.Line == 0 {
					t.Errorf("got %s, want %s", d, want)
				}
			}
		})
	}
}

// A connection for one kind of client warns of what that one would refuse, and of nothing else.
func TestQuirksOfOneClient(t *testing.T) {
	ca, root := (*issuer)(nil).issue(t, "ca", "rsa", asAuthority)
	gw, _ := root.issue(t, "gw", "p256", ofGateway, func(c *x509.Certificate) { c.ExtKeyUsage = nil })
	files := map[string]string{"gw.pem": gw.certificate, "gw.key": gw.key, "ca.pem": ca.certificate}
	for peer, want := range map[string]int{"windows": 1, "apple": 2, "android": 0, "strongswan-app": 0} {
		files["culvert.hcl"] = "connection \"a\" {\n peer_type = \"" + peer + "\"\n local {\n certificate = \"gw.pem\"\n key = \"gw.key\"\n id = \"gw.example.org\"\n }\n remote {\n ca = \"ca.pem\"\n }\n child \"c\" {}\n}\n"
		_, found := source(files).Load(dir + "culvert.hcl")
		quirks := 0
		for _, d := range found {
			if d.Code == explain.ConfigClientQuirk && d.Severity == Warning {
				quirks++
			}
		}
		if quirks != want {
			t.Errorf("%s: %d warnings, want %d: %s", peer, quirks, want, found)
		}
	}
}

// Notes are for gateways with clients, keep nothing from being used, and are counted apart.
func TestNotesAreNoWarnings(t *testing.T) {
	ca, root := (*issuer)(nil).issue(t, "ca", "rsa", asAuthority)
	gw, _ := root.issue(t, "gw", "rsa", ofGateway, func(c *x509.Certificate) { c.ExtKeyUsage = nil })
	files := map[string]string{"gw.pem": gw.certificate, "gw.key": gw.key, "ca.pem": ca.certificate}
	found := loadGateway(`certificate = "gw.pem"`, files)
	if found.Err() != nil || len(found.Concern()) != 0 || found.Summary() != "0 errors, 0 warnings, 1 note" {
		t.Errorf("%s", found)
	}
	if _, found = loadFiles("certificate = \"gw.pem\"\nkey = \"gw.key\"\nid = \"gw.example.org\"", `ca = "ca.pem"`, files); len(found) != 0 {
		t.Errorf("of a connection without clients: %s", found)
	}
}

// The certificates that we send follow each other, none is missing, and none would be refused.
func TestChainThatIsSent(t *testing.T) {
	ca, root := (*issuer)(nil).issue(t, "ca", "rsa", asAuthority)
	sub, lower := root.issue(t, "sub", "rsa", asAuthority)
	gw, _ := lower.issue(t, "gw", "rsa", ofGateway)
	weak, _ := lower.issue(t, "weak", "rsa-1024", ofGateway)
	files := map[string]string{"gw.pem": gw.certificate, "gw.key": gw.key, "weak.pem": weak.certificate, "weak.key": weak.key, "ca.pem": ca.certificate, "sub.pem": sub.certificate}
	for _, tt := range []struct {
		name, certificate, remote string
		code                      explain.Code
		word                      string
	}{
		{"in order", `["gw.pem", "sub.pem"]`, "", "", ""},
		{"with the root", `["gw.pem", "sub.pem", "ca.pem"]`, "", "", ""},
		{"out of order", `["gw.pem", "ca.pem", "sub.pem"]`, "", explain.ConfigCertChain, "CN=ca comes behind that of CN=gw"},
		{"an intermediate that is known", `"gw.pem"`, `intermediate = "sub.pem"`, explain.ConfigCertChain, "the intermediate CN=sub"},
		{"an intermediate that is not known", `"gw.pem"`, "", "", ""},
		{"a weak key", `["weak.pem", "sub.pem"]`, "", explain.ConfigCertWeak, "too weak"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := `"gw.key"`
			if strings.Contains(tt.certificate, "weak") {
				key = `"weak.key"`
			}
			_, found := loadFiles("certificate = "+tt.certificate+"\nkey = "+key+"\nid = \"gw.example.org\"", "ca = \"ca.pem\"\n"+tt.remote, files)
			switch {
			case tt.code == "" && len(found) == 0:
			case len(found) != 1 || found[0].Code != tt.code || found[0].Severity != Warning || !strings.Contains(found[0].Message, tt.word):
				t.Errorf("got %s", found)
			}
		})
	}
}

// A certificate that is signed with SHA-1, made by openssl, is one that peers refuse.
func TestSHA1IsWarnedOf(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"sha1.pem", "sha1.key"} {
		text, err := os.ReadFile("../auth/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	_, found := loadFiles(`certificate = "sha1.pem"`+"\n"+`key = "sha1.key"`, `id = "peer"`, files)
	if !slices.ContainsFunc(found, func(d Diagnostic) bool {
		return d.Code == explain.ConfigCertWeak && strings.Contains(d.Message, "SHA1")
	}) {
		t.Errorf("got %s", found)
	}
}
