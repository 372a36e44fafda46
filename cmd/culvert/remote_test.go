package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/cmd/culvert/cli"
	"culvert/config"
	"culvert/daemon"
)

// gatewayAddress is where the daemon of these tests is: an address of loopback that no other has.
const gatewayAddress = "127.81.3.1"

// A house is a folder with authorities, and certificates of theirs in files with their names.
type house struct {
	testing.TB
	dir string
	cas map[string]*x509.Certificate
	key crypto.Signer // everybody's
	n   int64         // certificates so far
}

func newHouse(t *testing.T) *house {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{TB: t, dir: t.TempDir(), cas: map[string]*x509.Certificate{}, key: key}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	h.write("key.pem", "PRIVATE KEY", der)
	for _, ca := range []string{"ca", "other-ca"} {
		h.cas[ca] = h.issue(ca, ca, func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.SubjectKeyId = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, []byte(ca)
			c.ExtKeyUsage = nil
		})
	}
	return h
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

func (h *house) write(name, kind string, der []byte) {
	h.Helper()
	if err := os.WriteFile(h.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		h.Fatal(err)
	}
}

// issue makes a certificate of an authority, or one of the authority itself.
func (h *house) issue(name, by string, changes ...func(*x509.Certificate)) *x509.Certificate {
	h.Helper()
	h.n++
	c := &x509.Certificate{
		SerialNumber: big.NewInt(h.n), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, change := range changes {
		change(c)
	}
	parent := h.cas[by]
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, h.key.Public(), h.key)
	if err != nil {
		h.Fatal(err)
	}
	h.write(name+".pem", "CERTIFICATE", der)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		h.Fatal(err)
	}
	return cert
}

// revoke writes the list of the first authority.
func (h *house) revoke(c *x509.Certificate) {
	h.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: c.SerialNumber, RevocationTime: time.Now()}}}, h.cas["ca"], h.key)
	if err != nil {
		h.Fatal(err)
	}
	h.write("ca.crl", "X509 CRL", der)
}

// configure writes the daemon's configuration. The operator is known by the digest of a certificate.
func (h *house) configure(operator *x509.Certificate) {
	h.Helper()
	text := fmt.Sprintf(`
daemon {
  listen    = ["%[1]s"]
  port      = 15500
  nat_port  = 15501
  state_dir = %[3]q
  dataplane { backend = "fake" }
}
api {
  listen      = ["%[1]s:4501"]
  web         = "off"
  certificate = ["gw.pem", "ca.pem"]
  key         = "key.pem"
  client_ca   = ["ca.pem"]
  crl         = ["ca.crl"]
  role "read" { clients = ["monitor.example.org", "expired.example.org", "server.example.org", "revoked.example.org", "stranger.example.org"] }
  role "operate" { clients = ["sha256:%[2]x"] }
}
connection "site" {
  remote { address = "127.81.3.2" }
  child "net" { start = "none" }
}
secret "site" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`, gatewayAddress, sha256.Sum256(operator.Raw), h.path("state"))
	if err := os.WriteFile(h.path("culvert.hcl"), []byte(text), 0o600); err != nil {
		h.Fatal(err)
	}
}

// A readyWriter takes a log, and closes a channel when the daemon is ready.
type readyWriter struct {
	io.Writer
	ready chan struct{}
}

func (w *readyWriter) Write(p []byte) (int, error) {
	if w.ready != nil && bytes.Contains(p, []byte("msg=ready")) {
		close(w.ready)
		w.ready = nil
	}
	return w.Writer.Write(p)
}

// serve runs the daemon until the test ends.
func (h *house) serve() {
	h.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Config: h.path("culvert.hcl"), Socket: h.path("s"), Version: "test", Stderr: &readyWriter{h.Output(), ready}})
	}()
	select {
	case <-ready:
	case err := <-ended:
		h.Fatal(err)
	}
	h.Cleanup(func() {
		cancel()
		<-ended
	})
}

// as runs a command as somebody over mutual TLS, and returns its code and what it says.
func (h *house) as(who, ca string, args ...string) (int, string) {
	var out bytes.Buffer
	env := cli.Env{Out: &out, Err: &out, Getenv: func(string) string { return "" }, Now: time.Now, Source: config.System(time.Now())}
	code := cli.Run(context.Background(), env, append(args, "--server", gatewayAddress+":4501", "--cert", h.path(who+".pem"), "--key", h.path("key.pem"), "--ca", h.path(ca+".pem")))
	return code, out.String()
}

// The command line asks a daemon elsewhere over mutual TLS, and the daemon lets everybody do what the role of the certificate allows.
func TestCommandsOverMutualTLS(t *testing.T) {
	h := newHouse(t)
	h.issue("gw", "ca", func(c *x509.Certificate) {
		c.IPAddresses, c.ExtKeyUsage = []net.IP{net.ParseIP(gatewayAddress)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	h.issue("monitor", "ca")
	operator := h.issue("operator", "ca")
	h.issue("nobody", "ca")
	h.issue("expired", "ca", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	h.issue("server", "ca", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	h.issue("stranger", "other-ca")
	h.revoke(h.issue("revoked", "ca"))
	h.configure(operator)
	h.serve()
	for _, tt := range []struct {
		who, ca, command string
		code             int
		says             string
	}{
		{"monitor", "ca", "status", 0, "site"},
		{"monitor", "ca", "config show", 0, "127.81.3.2"},
		{"monitor", "ca", "down site", 1, "MANAGE-FORBIDDEN"},
		{"monitor", "ca", "reload", 1, "MANAGE-FORBIDDEN"},
		{"operator", "ca", "status", 0, "site"},
		{"operator", "ca", "reload", 0, ""},
		{"operator", "ca", "down nothere", 6, "nothere"},
		{"operator", "ca", "config apply " + h.path("culvert.hcl"), 1, "MANAGE-FORBIDDEN"},
		{"operator", "ca", "keys export --for 1s -o " + h.path("keys"), 1, "MANAGE-FORBIDDEN"},
		{"nobody", "ca", "status", 1, "MANAGE-UNAUTHENTICATED"},
		{"revoked", "ca", "status", 1, "MANAGE-UNAUTHENTICATED"},
		{"expired", "ca", "status", 3, "MANAGE-UNREACHABLE"},
		{"server", "ca", "status", 3, "MANAGE-UNREACHABLE"},
		{"stranger", "ca", "status", 3, "MANAGE-UNREACHABLE"},
		{"monitor", "other-ca", "status", 3, "MANAGE-UNREACHABLE"},
	} {
		code, says := h.as(tt.who, tt.ca, strings.Fields(tt.command)...)
		if code != tt.code || !strings.Contains(says, tt.says) {
			t.Errorf("%s, who trusts %s, with %q: code %d\n%s", tt.who, tt.ca, tt.command, code, says)
		}
	}
}
