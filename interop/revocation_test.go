package interop_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"culvert/interop/lab"
)

// The third host has what certificates point to:
//
//	moon 10.98.1.1 ---- 10.98.1.2 ca 10.98.2.2 ---- 10.98.2.1 sun
//	                       10.98.0.1, http on 8080, OCSP on 8888
const (
	caAddress = "10.98.0.1"
	caWeb     = "http://" + caAddress + ":8080/"
	caOCSP    = "http://" + caAddress + ":8888/"
)

// A registry is the host of an authority: its web server, and its OCSP responder, which is openssl's.
type registry struct {
	*pki
	s     *scene
	host  *lab.Host
	mu    sync.Mutex
	pages map[string][]byte
	asked map[string]int
}

// newRegistry makes a PKI whose certificates name the registry in some lines of openssl's, and serves its web.
func newRegistry(s *scene, kind string, lines ...string) *registry {
	s.Helper()
	host := s.Host("ca")
	s.Link(s.moon, host, []string{"10.98.1.1/24"}, []string{"10.98.1.2/24"})
	s.Link(s.sun, host, []string{"10.98.2.1/24"}, []string{"10.98.2.2/24"})
	host.Address(caAddress + "/32")
	s.moon.Must("ip", "route", "add", caAddress, "via", "10.98.1.2")
	s.sun.Must("ip", "route", "add", caAddress, "via", "10.98.2.2")

	r := &registry{pki: newPKI(s, kind), s: s, host: host, pages: map[string][]byte{}, asked: map[string]int{}}
	r.write("index", "")
	r.write("number", "01\n")
	r.write("cnf", "[ca]\ndatabase=index\ncrlnumber=number\ndefault_md=default\n")
	for _, name := range []string{"moon", "sun"} {
		r.issue(s, name, kind, lines...)
		r.openssl(s, "ca", "-config", "cnf", "-name", "ca", "-keyfile", "ca.key", "-cert", "ca.pem", "-valid", name+".pem")
	}
	listener := host.ListenTCP(netip.MustParseAddrPort(caAddress + ":8080"))
	server := &http.Server{Handler: r}
	go func() { _ = server.Serve(listener) }()
	s.Cleanup(func() { server.Close() })
	return r
}

// respond starts the OCSP responder with what was revoked so far.
func (r *registry) respond() {
	r.s.Helper()
	at := func(name string) string { return filepath.Join(r.dir, name) }
	p := r.host.Start("ocsp", nil, "openssl", "ocsp", "-port", "8888", "-index", at("index"), "-CA", at("ca.pem"),
		"-rsigner", at("ca.pem"), "-rkey", at("ca.key"), "-nmin", "60")
	r.s.Await("the OCSP responder", func() bool { return strings.Contains(p.Log(), "waiting for OCSP client") })
}

// revoke puts a certificate among those revoked.
func (r *registry) revoke(name string) {
	r.s.Helper()
	r.openssl(r.s, "ca", "-config", "cnf", "-name", "ca", "-keyfile", "ca.key", "-cert", "ca.pem", "-revoke", name+".pem", "-crl_reason", "keyCompromise")
}

// publish serves the revocation list, and each certificate under its hash as charon names it.
func (r *registry) publish() {
	r.s.Helper()
	r.openssl(r.s, "ca", "-config", "cnf", "-name", "ca", "-keyfile", "ca.key", "-cert", "ca.pem", "-gencrl", "-crldays", "7", "-out", "ca.crl")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pages["/ca.crl"] = r.der("ca.crl")
	for _, name := range []string{"moon.pem", "sun.pem"} {
		r.pages["/"+r.hash(name)] = r.der(name)
	}
}

func (r *registry) der(name string) []byte {
	block, _ := pem.Decode([]byte(r.read(r.s, name)))
	return block.Bytes
}

func (r *registry) hash(name string) string {
	h := sha1.Sum(r.der(name))
	return hex.EncodeToString(h[:])
}

func (r *registry) write(name, text string) {
	r.s.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.s.Fatal(err)
	}
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	page, ok := r.pages[req.URL.Path]
	r.asked[req.URL.Path]++
	r.mu.Unlock()
	if !ok {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(page)
}

func (r *registry) count(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[path]
}

// strict has both sides refuse whose status is not known.
func (r *registry) strict() (ours, theirs string) {
	ours = strings.Replace(r.ours(r.s, ""), `ca = ["ca.pem"]`, "ca = [\"ca.pem\"]\n    revocation = \"strict\"", 1)
	theirs = strings.Replace(r.theirs(r.s, "pubkey"), "id = moon.example.org", "id = moon.example.org\n      revocation = strict", 1)
	return ours, theirs
}

// TestRevocation: both sides demand to know, by OCSP of openssl and by lists, and both refuse who was revoked.
func TestRevocation(t *testing.T) {
	const byOCSP, byCRL = "authorityInfoAccess=OCSP;URI:" + caOCSP, "crlDistributionPoints=URI:" + caWeb + "ca.crl"
	for _, tt := range []struct{ name, kind, line, revoked string }{
		{"OCSP", "rsa", byOCSP, ""},
		{"OCSP with Ed448", "ed448", byOCSP, ""},
		{"CRL", "ecdsa-256", byCRL, ""},
		{"OCSP, charon revoked", "ecdsa-256", byOCSP, "sun"},
		{"CRL, charon revoked", "ecdsa-256", byCRL, "sun"},
		{"OCSP, we are revoked", "ecdsa-256", byOCSP, "moon"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bothRoles(t, func(t *testing.T, initiator who) {
				s := newScene(t)
				r := newRegistry(s, tt.kind, tt.line)
				if tt.revoked != "" {
					r.revoke(tt.revoked)
				}
				r.publish()
				if tt.line == byOCSP {
					r.respond()
				}
				ours, theirs := r.strict()
				s.startCharon("", theirs)
				s.startCulvert(ours)
				if tt.revoked == "" {
					s.prove(initiator)
					return
				}
				s.refused(initiator, tt.revoked)
			})
		})
	}
}

// refused expects a connection that does not come up because one side was revoked.
func (s *scene) refused(initiator who, revoked string) {
	s.Helper()
	var out string
	var err error
	if initiator == culvert {
		out, err = s.ours.Try("up", "site/net")
	} else {
		out, err = s.theirs.TrySwanctl("--initiate", "--child", "net")
	}
	if err == nil {
		s.Fatalf("came up although %s was revoked:\n%s", revoked, out)
	}
	s.Await("us to forget the IKE SA", func() bool { return s.ikeSAs() == 0 })
	if revoked == "moon" {
		s.logged("certificate was revoked")
		return
	}
	if log := s.ours.Log(); !strings.Contains(log, "AUTH-CERT-REVOKED") || !strings.Contains(log, "key compromise") {
		s.Errorf("our log does not say that it was revoked:\n%s", log)
	}
}

// TestUnreachableRevocation: where nobody can be asked, strict refuses within seconds and says why.
func TestUnreachableRevocation(t *testing.T) {
	s := newScene(t)
	r := newRegistry(s, "ecdsa-256", "authorityInfoAccess=OCSP;URI:"+caOCSP)
	ours, theirs := r.strict()
	s.startCharon("", strings.Replace(theirs, "revocation = strict", "", 1))
	s.startCulvert(ours)
	if _, err := s.ours.Try("up", "site/net"); err == nil {
		t.Fatal("came up without an answer")
	}
	if log := s.ours.Log(); !strings.Contains(log, "AUTH-REVOCATION-UNKNOWN") {
		t.Errorf("our log does not say why:\n%s", log)
	}
}

// TestHashAndURL: certificates named by hash and URL in both directions (RFC 7296, Section 3.6).
func TestHashAndURL(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		r := newRegistry(s, "rsa")
		r.publish()
		ours := strings.Replace(r.ours(s, ""), `key = "moon.key"`, "key = \"moon.key\"\n    certificate_urls = [\""+caWeb+r.hash("moon.pem")+"\"]", 1)
		ours = strings.Replace(ours, `ca = ["ca.pem"]`, "ca = [\"ca.pem\"]\n    certificate_hosts = [\""+caAddress+":8080\"]", 1)
		s.startCharon("hash_and_url = yes", r.theirs(s, "pubkey")+"authorities {\n  ca {\n    cacert = ca.pem\n    cert_uri_base = "+caWeb+"\n  }\n}\n")
		s.startCulvert(ours)
		s.prove(initiator)
		for _, name := range []string{"moon.pem", "sun.pem"} {
			if r.count("/"+r.hash(name)) == 0 {
				t.Errorf("nobody has looked up %s", name)
			}
		}
		if strings.Contains(s.theirs.CharonLog(), "received end entity cert") {
			t.Error("charon has received a certificate in full")
		}
	})
}
