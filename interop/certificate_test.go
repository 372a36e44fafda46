package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pki makes a CA and a certificate for each host with openssl.
type pki struct{ dir string }

// keyArgs are openssl's words for the kinds of keys.
var keyArgs = map[string][]string{
	"rsa":       {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
	"ecdsa-256": {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
	"ecdsa-384": {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
	"ecdsa-521": {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"},
	"ed25519":   {"-algorithm", "ED25519"},
	"ed448":     {"-algorithm", "ED448"},
}

func newPKI(s *scene, kind string) *pki {
	s.Helper()
	p := &pki{dir: filepath.Join(s.Dir, "pki-"+kind)}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		s.Fatal(err)
	}
	p.key(s, "ca", kind)
	p.openssl(s, "req", "-x509", "-new", "-key", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/C=CH/O=Culvert/CN=CA",
		"-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
	for _, host := range []string{"moon", "sun"} {
		p.issue(s, host, kind)
	}
	return p
}

func (p *pki) key(s *scene, name, kind string) {
	s.Helper()
	p.openssl(s, append([]string{"genpkey", "-out", name + ".key"}, keyArgs[kind]...)...)
}

// issue makes the key and certificate of a host named in subjectAltName, with more lines of openssl's extensions.
func (p *pki) issue(s *scene, host, kind string, lines ...string) {
	s.Helper()
	name := host + ".example.org"
	p.key(s, host, kind)
	p.openssl(s, "req", "-new", "-key", host+".key", "-out", host+".csr", "-subj", "/C=CH/O=Culvert/CN="+name)
	ext := filepath.Join(p.dir, host+".ext")
	if err := os.WriteFile(ext, []byte("subjectAltName=DNS:"+name+"\nextendedKeyUsage=serverAuth,clientAuth\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		s.Fatal(err)
	}
	p.openssl(s, "x509", "-req", "-in", host+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", ext, "-out", host+".pem")
}

func (p *pki) openssl(s *scene, args ...string) {
	s.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

func (p *pki) read(s *scene, name string) string {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

// ours is our configuration with certificates; schemes is an option line for both sides or nothing.
func (p *pki) ours(s *scene, schemes string) string {
	s.Helper()
	for _, name := range []string{"ca.pem", "moon.pem", "moon.key"} {
		s.moon.Write(name, p.read(s, name))
	}
	return fmt.Sprintf(`
connection "site" {
  local  {
    address = "10.99.0.1"
    id = "moon.example.org"
    certificate = ["moon.pem"]
    key = "moon.key"
    %[1]s
  }
  remote {
    address = "10.99.0.2"
    id = "sun.example.org"
    ca = ["ca.pem"]
    %[1]s
  }
  child "net" {
    local  = ["10.1.0.0/24"]
    remote = ["10.2.0.0/24"]
  }
}
`, schemes)
}

// theirs is charon's side; auth is its word for the authentication, as "pubkey" or "rsa/pss-sha256".
func (p *pki) theirs(s *scene, auth string) string {
	s.Helper()
	for file, dir := range map[string]string{"ca.pem": "x509ca", "sun.pem": "x509", "sun.key": "private"} {
		s.sun.Write("swanctl/"+dir+"/"+file, p.read(s, file))
	}
	return fmt.Sprintf(`
connections {
  site {
    version = 2
    local_addrs = 10.99.0.2
    remote_addrs = 10.99.0.1
    local {
      auth = %[1]s
      certs = sun.pem
      id = sun.example.org
    }
    remote {
      auth = %[1]s
      id = moon.example.org
    }
    children {
      net {
        local_ts = 10.2.0.0/24
        remote_ts = 10.1.0.0/24
      }
    }
  }
}
`, auth)
}

func TestCertificates(t *testing.T) {
	tests := []struct{ name, kind, schemes, auth, wants string }{
		{"RSA with PKCS#1", "rsa", "", "rsa", "RSA_EMSA_PKCS1_SHA2"},
		{"RSA with PSS", "rsa", `signature_schemes = ["rsa-pss-sha256"]`, "ike:rsa/pss-sha256", "RSA_EMSA_PSS"},
		{"ECDSA P-256", "ecdsa-256", "", "pubkey", "ECDSA"},
		{"ECDSA P-384", "ecdsa-384", "", "pubkey", "ECDSA"},
		{"ECDSA P-521", "ecdsa-521", "", "pubkey", "ECDSA"},
		{"Ed25519", "ed25519", "", "pubkey", "ED25519"},
		{"Ed448", "ed448", "", "pubkey", "ED448"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bothRoles(t, func(t *testing.T, initiator who) {
				s := newScene(t)
				p := newPKI(s, tt.kind)
				s.theirs = s.sun.Charon("")
				s.theirs.Load(p.theirs(s, tt.auth))
				s.startCulvert(p.ours(s, tt.schemes))
				s.prove(initiator)
				s.logged("with " + tt.wants)
			})
		})
	}
}

// charon gets our certificate if it asks for it, and otherwise knows us by the one that it has.
func TestCertificatesForThoseWhoAsk(t *testing.T) {
	for asks, want := range map[string]bool{"yes": true, "no": false} {
		t.Run(asks, func(t *testing.T) {
			s := newScene(t)
			p := newPKI(s, "ecdsa-256")
			s.theirs = s.sun.Charon("")
			s.sun.Write("swanctl/x509/moon.pem", p.read(s, "moon.pem"))
			theirs := strings.Replace(p.theirs(s, "pubkey"), "version = 2", "version = 2\n send_certreq = "+asks, 1)
			s.theirs.Load(strings.Replace(theirs, "id = moon.example.org", "id = moon.example.org\n certs = moon.pem", 1))
			s.startCulvert(strings.Replace(p.ours(s, ""), `key = "moon.key"`, "key = \"moon.key\"\n send_certificate = \"if_asked\"", 1))
			s.prove(charon)
			if got := strings.Contains(s.theirs.CharonLog(), "received end entity cert"); got != want {
				t.Errorf("sent is %v", got)
			}
		})
	}
}

// A certificate of another CA is refused by us, and the operator reads why.
func TestForeignCAIsExplained(t *testing.T) {
	s := newScene(t)
	theirs, ours := newPKI(s, "ecdsa-256"), newPKI(s, "ed25519")
	s.theirs = s.sun.Charon("")
	s.theirs.Load(theirs.theirs(s, "pubkey"))
	s.startCulvert(ours.ours(s, ""))
	out, err := s.ours.Try("up", "site/net")
	if err == nil {
		t.Fatal("came up with a certificate of another CA")
	}
	t.Log(out)
	if s.ikeSAs() != 0 {
		t.Error("the failed IKE SA is still there")
	}
}
