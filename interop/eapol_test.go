package interop_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptest"
	"culvert/eap/eaptls"
	"culvert/eap/gtc"
	"culvert/eap/mschapv2"
	"culvert/eap/peap"
	"culvert/eap/ttls"
	"culvert/secret"
)

// serverName is in the certificate of the EAP server, ours or theirs.
const serverName = "aaa.example.org"

// An aaa has the certificates of an EAP server and a client in files, made by OpenSSL.
type aaa struct {
	testing.TB
	dir string
}

func newAAA(t *testing.T) *aaa {
	t.Helper()
	a := &aaa{t, t.TempDir()}
	a.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Interop CA")
	a.issue("server", "subjectAltName=DNS:"+serverName+"\nextendedKeyUsage=serverAuth")
	a.issue("client", "subjectAltName=email:alice@example.org\nextendedKeyUsage=clientAuth")
	return a
}

func (a *aaa) issue(name, extensions string) {
	a.Helper()
	a.write(name+".ext", extensions)
	a.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name+".key", "-out", name+".csr", "-subj", "/O=Interop/CN="+name)
	a.openssl("x509", "-req", "-in", name+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", name+".ext", "-out", name+".pem")
}

func (a *aaa) openssl(args ...string) {
	a.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = a.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		a.Fatalf("openssl %s: %v\n%s", args[0], err, out)
	}
}

func (a *aaa) write(name, text string) string {
	a.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		a.Fatal(err)
	}
	return path
}

func (a *aaa) certificate(name string) *tls.Certificate {
	a.Helper()
	c, err := tls.LoadX509KeyPair(filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key"))
	if err != nil {
		a.Fatal(err)
	}
	return &c
}

// trusting is a remote that trusts the CA.
func (a *aaa) trusting() *auth.Remote {
	a.Helper()
	pem, err := os.ReadFile(filepath.Join(a.dir, "ca.pem"))
	if err != nil {
		a.Fatal(err)
	}
	anchors, err := auth.ParseCertificates(pem)
	if err != nil {
		a.Fatal(err)
	}
	return &auth.Remote{Anchors: anchors}
}

// server is the configuration of our server.
func (a *aaa) server(version uint16) carrier.Config {
	a.Helper()
	trust, err := auth.NewClientTrust(a.trusting())
	if err != nil {
		a.Fatal(err)
	}
	return carrier.Config{Certificate: a.certificate("server"), Verifier: trust, Issuers: trust.Issuers(), MinVersion: version, MaxVersion: version}
}

// without is a configuration that asks clients for no certificate.
func without(c carrier.Config) carrier.Config {
	c.Verifier, c.Issuers = nil, nil
	return c
}

// users are the accounts of our server.
func users() eap.Accounts {
	hash := mschapv2.NTHash(secret.Bytes("correct horse"))
	verify := func(p secret.Bytes) bool { return p.Equal([]byte("correct horse")) }
	return eaptest.Accounts{"alice": {User: "alice", NTHash: hash, Verify: verify}}
}

// must returns a method that could be made.
func must[T eap.Method](a *aaa, m T, err error) eap.Method {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
	return m
}

// ourServers are our methods for a version of TLS, by name.
func (a *aaa) ourServers(version uint16) map[string]eap.Method {
	a.Helper()
	inside := &eap.Authenticator{Methods: []eap.Method{mschapv2.Server{Accounts: users()}, gtc.Server{Accounts: users()}}}
	config := a.server(version)
	tlsServer, err := eaptls.NewServer(config, nil)
	servers := map[string]eap.Method{"TLS": must(a, tlsServer, err)}
	ttlsServer, err := ttls.NewServer(without(config), ttls.Methods{PAP: users(), MSCHAPv2: users(), EAP: inside})
	servers["TTLS"] = must(a, ttlsServer, err)
	peapServer, err := peap.NewServer(without(config), inside, false)
	servers["PEAP"] = must(a, peapServer, err)
	return servers
}

// network is a network block of eapol_test.
func (a *aaa) network(method, phase1, phase2, rest string) string {
	block := fmt.Sprintf("network={\n\tkey_mgmt=IEEE8021X\n\teap=%s\n\tca_cert=\"%s/ca.pem\"\n\tdomain_match=\"%s\"\n\tphase1=\"%s\"\n\t%s\n", method, a.dir, serverName, phase1, rest)
	if phase2 != "" {
		block += "\tphase2=\"" + phase2 + "\"\n"
	}
	return block + "}\n"
}

const withPassword = "identity=\"alice\"\n\tanonymous_identity=\"anonymous\"\n\tpassword=\"correct horse\""

// TestEAPOL holds our EAP servers against wpa_supplicant's peer, which compares the keys as well.
func TestEAPOL(t *testing.T) {
	a := newAAA(t)
	withCertificate := fmt.Sprintf("identity=\"alice@example.org\"\n\tclient_cert=\"%s/client.pem\"\n\tprivate_key=\"%s/client.key\"", a.dir, a.dir)
	tests := []struct {
		name, method, phase1, phase2, rest string
		want                               string // identity
	}{
		{"EAP-TLS", "TLS", "", "", withCertificate, "alice@example.org"},
		{"TTLS with PAP", "TTLS", "", "auth=PAP", withPassword, "alice"},
		{"TTLS with MSCHAPv2", "TTLS", "", "auth=MSCHAPV2", withPassword, "alice"},
		{"TTLS with EAP-MSCHAPv2", "TTLS", "", "autheap=MSCHAPV2", withPassword, "alice"},
		{"TTLS with EAP-GTC", "TTLS", "", "autheap=GTC", withPassword, "alice"},
		{"PEAP with MSCHAPv2 and crypto binding", "PEAP", "peapver=0 crypto_binding=2", "auth=MSCHAPV2", withPassword, "alice"},
		{"PEAP with MSCHAPv2 without crypto binding", "PEAP", "peapver=0 crypto_binding=0", "auth=MSCHAPV2", withPassword, "alice"},
		{"PEAP with GTC", "PEAP", "peapver=0", "auth=GTC", withPassword, "alice"},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		phase1 := map[uint16]string{tls.VersionTLS12: "tls_disable_tlsv1_3=1", tls.VersionTLS13: "tls_disable_tlsv1_3=0"}[version]
		for _, tt := range tests {
			t.Run(tt.name+", "+tls.VersionName(version), func(t *testing.T) {
				server := &eap.Authenticator{Methods: []eap.Method{a.ourServers(version)[tt.method]}, AskIdentity: true}
				f := newFront(t, server, eap.Session{Now: time.Now()})
				out := a.eapol(t, f, a.network(tt.method, phase1+" "+tt.phase1, tt.phase2, tt.rest))
				if !strings.Contains(out, "MPPE keys OK: 1  mismatch: 0") || !strings.HasSuffix(strings.TrimSpace(out), "SUCCESS") {
					t.Errorf("eapol_test is not content; our result is %v: %v\n%s", f.result().State, f.result().Err, tail(out))
				}
				if got := f.result(); got.State != eap.Succeeded || got.Identity != tt.want {
					t.Errorf("got %v, %q", got.State, got.Identity)
				}
			})
		}
	}
}

// eapol runs eapol_test against a front and returns what it says.
func (a *aaa) eapol(t *testing.T, f *front, network string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, port, _ := net.SplitHostPort(f.conn.LocalAddr().String())
	cmd := exec.CommandContext(ctx, "eapol_test", "-c", a.write("eapol.conf", network), "-a", "127.0.0.1", "-p", port, "-s", frontSecret)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func tail(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}
