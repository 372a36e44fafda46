package vici_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"culvert/interop/lab"
	"culvert/keystore"
	"culvert/secret"
)

// The module of softhsm, and one that never answers once it has made the file HUNG.
const (
	softhsm = "/usr/lib/softhsm/libsofthsm2.so"
	hangs   = `#include <fcntl.h>
#include <unistd.h>
unsigned long C_GetFunctionList(void *list) { creat(HUNG, 0600); for (;;) pause(); }
`
)

// A tokenStage is hosts whose private keys are in tokens of softhsm, and an authority for all of them.
type tokenStage struct {
	*lab.Lab
	moon, sun, mars *lab.Host
	ca              *x509.Certificate
	key             *ecdsa.PrivateKey
	slots           map[string]string
}

// tokenConf is the swanctl.conf of a host, with what names its certificate and its key.
func tokenConf(own, peer string, n int, cert, key string) string {
	return strings.NewReplacer("OWN", own, "PEER", peer, "LOCAL", fmt.Sprint(n), "CERT", cert, "KEY", key).Replace(`
connections {
  site {
    version = 2
    remote_addrs = %any
    local {
      auth = pubkey
      id = OWN.example.org
      CERT
    }
    remote {
      auth = pubkey
      id = PEER.example.org
    }
    children {
      net {
        local_ts = 10.1.LOCAL.0/24
        remote_ts = 10.1.0.0/16
      }
    }
  }
}
secrets {
  token-OWN {
    KEY
  }
}
`)
}

// newTokenStage makes tokens with keys and certificates in them.
func newTokenStage(t *testing.T) *tokenStage {
	t.Helper()
	l := lab.New(t)
	s := &tokenStage{Lab: l, moon: l.Host("moon"), sun: l.Host("sun"), mars: l.Host("mars"), slots: make(map[string]string)}
	l.Link(s.moon, s.sun, []string{"10.99.1.1/24"}, []string{"10.99.1.2/24"})
	l.Link(s.mars, s.sun, []string{"10.99.2.1/24"}, []string{"10.99.2.2/24"})
	bin, tokens := t.TempDir(), t.TempDir()
	lab.Build(t, "-o", filepath.Join(bin, "culvert-pkcs11"), "culvert/cmd/culvert-pkcs11")
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("SOFTHSM2_CONF", s.moon.Write("softhsm2.conf", "directories.tokendir = "+tokens+"\n"))
	s.ca, s.key = newAuthority(t)
	for i, h := range []struct {
		host *lab.Host
		name string
		kind string
	}{{s.moon, "moon", "EC:prime256v1"}, {s.mars, "mars", "rsa:2048"}, {s.sun, "sun", "EC:prime256v1"}} {
		h.host.Address(fmt.Sprintf("10.1.%d.1/24", i+1))
		h.host.Write("swanctl/x509ca/ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.ca.Raw})))
		s.token(t, h.name, fmt.Sprintf("0%d", i+1), h.kind)
	}
	return s
}

// newAuthority makes an authority.
func newAuthority(t *testing.T) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := issued("House CA")
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	return sign(t, template, template, key.Public(), key), key
}

func issued(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true}
}

func sign(t *testing.T, template, issuer *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// token makes a token with a key pair and its certificate.
func (s *tokenStage) token(t *testing.T, name, id, kind string) {
	t.Helper()
	made := s.moon.Must("softhsm2-util", "--init-token", "--free", "--label", name, "--pin", "1234", "--so-pin", "5678")
	s.slots[name] = regexp.MustCompile(`\d+`).FindString(made[strings.Index(made, "slot"):])
	tool := []string{"pkcs11-tool", "--module", softhsm, "--token-label", name, "--login", "--pin", "1234", "--id", id, "--label", name}
	s.moon.Must(append(tool, "--keypairgen", "--key-type", kind)...)
	store := keystore.Store{Modules: []keystore.Module{{Name: "softhsm", Path: softhsm}}}
	key, err := store.OpenToken("pkcs11:object="+name, secret.Bytes("1234"))
	if err != nil {
		t.Fatal(err)
	}
	c := sign(t, issued(name+".example.org"), s.ca, key.Public(), s.key)
	s.moon.Must(append(tool, "--write-object", s.moon.Write(name+".der", string(c.Raw)), "--type", "cert")...)
}

// A key and a certificate in a token work as with charon: loaded by stock swanctl, and from a tree with its strongswan.conf.
func TestTokensServeAsWithCharon(t *testing.T) {
	s := newTokenStage(t)
	s.sun.Write("swanctl/swanctl.conf", strings.Replace(tokenConf("sun", "*", 3, "cert {\n handle = 03\n }", "handle = 03\n pin = 1234"), "%any", "10.99.1.1, %any", 1))
	s.moon.Write("swanctl/swanctl.conf", strings.Replace(tokenConf("moon", "sun", 1, "cert {\n handle = 01\n module = softhsm\n }",
		"handle = 01\n module = softhsm\n slot = "+s.slots["moon"]+"\n pin = 1234"), "%any", "10.99.1.2", 1))
	s.mars.Write("swanctl/swanctl.conf", strings.Replace(tokenConf("mars", "sun", 2, "", "handle = 02\n slot = "+s.slots["mars"]+"\n pin = 1234"), "%any", "10.99.2.2", 1))
	s.mars.Write("strongswan.conf", "charon {\n plugins {\n pkcs11 {\n modules {\n softhsm {\n path = "+softhsm+"\n }\n }\n }\n }\n}\n")
	charon, moon := s.sun.TokenCharon("softhsm", softhsm), s.moon.Swanctl()
	library := s.moon.Write("hangs.so", "")
	s.moon.Must("gcc", "-shared", "-fPIC", "-DHUNG=\""+library+".hung\"", "-o", library, s.moon.Write("hangs.c", hangs))
	ours := s.moon.Culvert(fmt.Sprintf("vici {\n  socket = %q\n}\npkcs11_module \"softhsm\" {\n  path = %q\n}\npkcs11_module \"hangs\" {\n  path = %q\n  load_certs = false\n}\n",
		s.moon.VICI(), softhsm, library))
	tree := s.mars.CulvertTree()
	loaded := regexp.MustCompile(`loaded key token-\w+ from token \[keyid: [0-9a-f]{40}\]`)
	for who, out := range map[string]string{"charon": charon.Swanctl("--load-all", "--noprompt"), "culvert": moon.Must("--load-all", "--noprompt")} {
		if !loaded.MatchString(out) {
			t.Errorf("%s: the key is not loaded:\n%s", who, out)
		}
	}
	for who, out := range map[string]string{"charon": charon.Swanctl("--list-certs", "--type", "x509"), "culvert": moon.Must("--list-certs", "--type", "x509")} {
		if !strings.Contains(out, ", has private key") || !strings.Contains(out, `"CN=mars.example.org"`) {
			t.Errorf("%s lists\n%s", who, out)
		}
	}
	moon.Must("--initiate", "--child", "net")
	tree.Must("up", "site")
	if !s.moon.Reaches("10.1.1.1", "10.1.3.1") || !s.mars.Reaches("10.1.2.1", "10.1.3.1") || charon.Installed() != 2 {
		t.Errorf("no traffic\n%s", charon.SAs())
	}
	moon.Must("--terminate", "--ike", "site")
	tree.Must("down", "site")
	charon.Swanctl("--initiate", "--child", "net", "--timeout", "10") // and the other way round
	s.refusals(t, moon)
	s.hanging(t, moon, library+".hung")
	if strings.Contains(ours.Log(), "1234") || strings.Contains(ours.Log(), "9876") {
		t.Error("a PIN is in the log")
	}
}

// refusals are what is said of tokens that do not help.
func (s *tokenStage) refusals(t *testing.T, moon *lab.Swanctl) {
	for key, want := range map[string]string{
		"handle = 01\n module = softhsm\n pin = 9876":               "loading 'token-moon' failed: loading private key from token failed: PKCS #11 module " + softhsm + ", slot " + s.slots["moon"] + ` (token "moon"): it lets nobody in: the PIN is wrong`,
		"handle = 01\n module = softhsm":                            "the token wants a PIN, and none is given",
		"handle = 0f\n module = softhsm\n pin = 1234":               "no token has such a key or certificate",
		"handle = 01\n module = card\n pin = 1234":                  `there is no PKCS #11 module "card": there are softhsm, hangs`,
		"handle = 01\n slot = 4711\n module = softhsm\n pin = 1234": "there is no such token: it was taken out, or is in another slot",
	} {
		s.moon.Write("swanctl/swanctl.conf", "secrets {\n token-moon {\n "+key+"\n }\n}\n")
		if out := moon.Said("--load-creds", "--noprompt"); !strings.Contains(out, want) {
			t.Errorf("%s:\n%s", key, out)
		}
	}
}

// hanging holds that whoever has a module that hangs waits alone.
func (s *tokenStage) hanging(t *testing.T, moon *lab.Swanctl, hung string) {
	s.moon.Write("swanctl/swanctl.conf", "secrets {\n token-moon {\n handle = 01\n module = hangs\n pin = 1234\n }\n}\n")
	waiting := moon.Follow("hangs", "--load-creds", "--noprompt")
	s.Await("the module to hang", func() bool {
		_, err := os.Stat(hung)
		return err == nil
	})
	moon.Must("--list-conns")
	moon.Must("--load-conns")
	moon.Must("--reload-settings")
	if strings.Contains(waiting.Log(), "failed") {
		t.Errorf("others were answered after the module alone:\n%s", waiting.Log())
	}
	waiting.Stop()
}
