package api_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/auth"
	"culvert/config"
	"culvert/explain"
)

// An issuer makes certificates.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  crypto.Signer
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{t: t}
	own := i.issue("CA", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.SubjectKeyId = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, []byte{1}
	})
	i.cert, i.key = own.Leaf, own.PrivateKey.(crypto.Signer)
	return i
}

func (i *issuer) issue(name string, change func(*x509.Certificate)) tls.Certificate {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	if change != nil {
		change(template)
	}
	parent, signer := i.cert, i.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		i.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (i *issuer) client(name string) tls.Certificate {
	return i.issue(name, func(c *x509.Certificate) { c.DNSNames = []string{name} })
}

func (i *issuer) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(i.cert)
	return pool
}

// A gateway is a server of the network.
type gateway struct {
	*api.Server
	fake    *apitest.Fake
	address string
	config  config.API
	lines   chan string // of the log
}

// Write takes a line of the log.
func (g *gateway) Write(p []byte) (int, error) {
	g.lines <- string(p)
	return len(p), nil
}

func identity(t *testing.T, name string) config.Client {
	id, err := auth.ParseIdentity(name)
	if err != nil {
		t.Fatal(err)
	}
	return config.Client{Identity: id}
}

func newGateway(t *testing.T, ca *issuer) *gateway {
	t.Helper()
	own := ca.issue("gw", func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} })
	g := &gateway{fake: apitest.New(8), lines: make(chan string, 100)}
	g.config = config.API{
		Certificates: []config.CertificateFile{{Certificates: []*x509.Certificate{own.Leaf}}}, Key: &config.KeyFile{Key: own.PrivateKey.(crypto.Signer)},
		ClientCAs: []config.CertificateFile{{Certificates: []*x509.Certificate{ca.cert}}}, Session: time.Minute,
		Roles: []*config.Role{{Name: "read", Clients: []config.Client{identity(t, "*.example.org")}}, {Name: "operate", Clients: []config.Client{identity(t, "operator.example.org")}}},
	}
	g.Server = api.NewServer(g.fake, "test", api.WithLog(slog.New(slog.NewTextHandler(g, nil))))
	if err := g.Permit(&g.config, ""); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.ServeTLS(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return g
}

func (g *gateway) as(t *testing.T, own tls.Certificate, roots *x509.CertPool) *api.Client {
	c := api.NewRemoteClient(g.address, own, roots)
	t.Cleanup(c.Close)
	return c
}

func TestCertificatesGiveRoles(t *testing.T) {
	ca := newIssuer(t)
	g := newGateway(t, ca)
	byPrint := ca.client("monitor.example.net")
	sum := sha256.Sum256(byPrint.Leaf.Raw)
	g.config.Roles = append(g.config.Roles, &config.Role{Name: "administer", Clients: []config.Client{{Fingerprint: sum[:]}}})
	if err := g.Permit(&g.config, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		own  tls.Certificate
		role api.Role
		code explain.Code // "": it comes in
	}{
		{ca.client("monitor.example.org"), api.Read, ""},
		{ca.client("operator.example.org"), api.Operate, ""},
		{byPrint, api.Administer, ""},
		{ca.client("other.example.net"), api.Nobody, explain.ManageUnauthenticated},
		{newIssuer(t).client("monitor.example.org"), api.Nobody, explain.ManageUnreachable},
		{ca.issue("old", func(c *x509.Certificate) {
			c.DNSNames, c.NotAfter = []string{"monitor.example.org"}, time.Now().Add(-time.Minute)
		}), api.Nobody, explain.ManageUnreachable},
		{ca.issue("server", func(c *x509.Certificate) {
			c.DNSNames, c.ExtKeyUsage = []string{"monitor.example.org"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}), api.Nobody, explain.ManageUnreachable},
		{tls.Certificate{}, api.Nobody, explain.ManageUnreachable},
	} {
		got, err := g.as(t, tt.own, ca.roots()).Session(t.Context())
		if tt.code != "" {
			if p := problem(t, err); p.Code != tt.code {
				t.Errorf("%v: %v", tt.own.Leaf, p)
			}
			continue
		}
		if err != nil || got.Role != tt.role || !strings.HasPrefix(got.Name, "certificate ") {
			t.Errorf("%s: %v, %+v", tt.own.Leaf.Subject, err, got)
		}
	}
}

func TestClientsLookAtTheDaemonsCertificate(t *testing.T) {
	ca := newIssuer(t)
	g := newGateway(t, ca)
	_, err := g.as(t, ca.client("monitor.example.org"), newIssuer(t).roots()).Status(t.Context())
	if p := problem(t, err); p.Code != explain.ManageUnreachable || !strings.Contains(p.Detail, g.address) {
		t.Errorf("got %v", p)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	ca := newIssuer(t)
	g := newGateway(t, ca)
	conn, err := tls.Dial("tcp", g.address, &tls.Config{RootCAs: ca.roots(), Certificates: []tls.Certificate{ca.client("monitor.example.org")}, MaxVersion: tls.VersionTLS12})
	if err == nil {
		conn.Close()
		t.Error("TLS 1.2 was spoken")
	}
}

// Who was revoked is out at the next request, on a connection that is there already.
func TestRevokedClientsAreOut(t *testing.T) {
	ca := newIssuer(t)
	g := newGateway(t, ca)
	own := ca.client("monitor.example.org")
	c := g.as(t, own, ca.roots())
	if _, err := c.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	revoke := func(by *issuer) error {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: own.Leaf.SerialNumber, RevocationTime: time.Now()}}}, by.cert, by.key)
		if err != nil {
			t.Fatal(err)
		}
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		changed := g.config
		changed.ClientCRLs = []config.CRLFile{{File: config.File{Path: "ca.crl"}, Lists: []*x509.RevocationList{list}}}
		return g.Permit(&changed, "")
	}
	if err := revoke(newIssuer(t)); err == nil || !strings.Contains(err.Error(), "ca.crl") {
		t.Errorf("a list of somebody else: %v", err)
	}
	if _, err := c.Status(t.Context()); err != nil {
		t.Errorf("a list of somebody else counts: %v", err)
	}
	if err := revoke(ca); err != nil {
		t.Fatal(err)
	}
	_, err := c.Status(t.Context())
	if p := problem(t, err); p.Code != explain.ManageUnauthenticated {
		t.Errorf("got %v", p)
	}
}

func TestEveryChangeLeavesALine(t *testing.T) {
	ca := newIssuer(t)
	g := newGateway(t, ca)
	operator, reader := g.as(t, ca.client("operator.example.org"), ca.roots()), g.as(t, ca.client("monitor.example.org"), ca.roots())
	g.fake.Err["rekey"] = api.NewProblem(0, explain.IKETimeout, "", "no answer")
	target := api.Command{Target: api.Target{Connection: "office", Child: "net"}}
	requests := []func() error{
		func() error { return operator.Down(t.Context(), target) },
		func() error { return operator.Rekey(t.Context(), target) },
		func() error { return operator.Up(t.Context(), target, func(api.Event) {}) },
		func() error { return reader.Down(t.Context(), target) },
	}
	for i, want := range [][]string{
		{"level=INFO", `caller="certificate operator.example.org"`, "remote=127.0.0.1:", `request="POST /v1/down"`, "about=office/net", "result=done"},
		{"level=WARN", `request="POST /v1/rekey"`, "result=failed", "code=IKE-TIMEOUT", `detail="no answer"`},
		{"level=INFO", `request="POST /v1/up"`, "about=office/net", "result=done"},
		{"level=WARN", `caller="certificate monitor.example.org"`, "result=failed", "code=MANAGE-FORBIDDEN"},
	} {
		_ = requests[i]() // some fail
		line := <-g.lines
		for _, part := range want {
			if !strings.Contains(line, part) {
				t.Errorf("%q is not in %s", part, line)
			}
		}
	}
	if _, err := reader.Status(t.Context()); err != nil || len(g.lines) > 0 {
		t.Errorf("a question failed or left a line: %v, %d", err, len(g.lines))
	}
}

// A browser has the certificate of its user; a page of somebody else's cannot use it.
func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	ca := newIssuer(t)
	g := newGateway(t, ca)
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.roots(), Certificates: []tls.Certificate{ca.client("operator.example.org")}}}}
	defer browser.CloseIdleConnections()
	for origin, want := range map[string]int{"https://evil.example": http.StatusForbidden, "https://" + g.address: http.StatusNoContent, "": http.StatusNoContent} {
		r, err := http.NewRequest("POST", fmt.Sprintf("https://%s/v1/down", g.address), strings.NewReader(`{"connection":"office"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("from %q: %s", origin, answer.Status)
		}
	}
}

// Whoever connects and says nothing holds up nobody, and is hung up on when there are too many.
func TestHangingConnectionsHoldUpNobody(t *testing.T) {
	ca := newIssuer(t)
	g := newGateway(t, ca)
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	client := g.as(t, ca.client("monitor.example.org"), ca.roots())
	if _, err := client.Status(t.Context()); err != nil { // it keeps its connection
		t.Fatal(err)
	}
	for range 100 {
		c, err := net.Dial("tcp", g.address)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	last := open[len(open)-1]
	if _, err := last.Read(make([]byte, 1)); err == nil {
		t.Error("the hundredth of one address was not hung up on")
	}
	if _, err := client.Status(t.Context()); err != nil {
		t.Errorf("a client is held up: %v", err)
	}
}
