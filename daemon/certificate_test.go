package daemon

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/pki"
)

// certified is site with certificates instead of the secret; more goes into remote.
func (n *node) certified(peer *node, more string) string {
	text := n.site(peer, "", "")
	text = strings.Replace(text, "local {", "local {\n certificate = \"gw.pem\"\n key = \"gw.key\"", 1)
	text = strings.Replace(text, "remote {", "remote {\n ca = \"ca.pem\"\n "+more, 1)
	text, _, _ = strings.Cut(text, "secret")
	return text
}

// put writes a file of the node.
func (n *node) put(name, kind string, der ...[]byte) {
	n.Helper()
	var text []byte
	for _, d := range der {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: d})...)
	}
	if err := os.WriteFile(filepath.Join(n.dir, name), text, 0o600); err != nil {
		n.Fatal(err)
	}
}

// putKey writes a private key of the node.
func (n *node) putKey(key crypto.Signer) {
	n.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		n.Fatal(err)
	}
	n.put("gw.key", "PRIVATE KEY", der)
}

// newCA makes an authority; url is where its revocation list is.
func newCA(t *testing.T, name, url string) *pki.Authority {
	t.Helper()
	ca, err := pki.Create(t.TempDir(), pki.Options{Name: name, CRLURL: url}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ca.Close() })
	return ca
}

// enrol gives a node a certificate of an authority.
func (n *node) enrol(ca *pki.Authority) {
	n.Helper()
	issued, err := ca.Issue(pki.Request{Name: n.name + ".example.org", Kind: pki.Gateway}, time.Now())
	if err != nil {
		n.Fatal(err)
	}
	n.put("gw.pem", "CERTIFICATE", issued.Certificate.Raw)
	n.putKey(issued.Key)
}

// Certificates and authorities are renewed under living SAs, which go on, and are used from the next authentication on.
func TestReloadRenewsCertificates(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	old, renewed := newCA(t, "old CA", ""), newCA(t, "new CA", "")
	both := []*node{west, east}
	for i, n := range both {
		n.enrol(old)
		n.put("ca.pem", "CERTIFICATE", old.Certificate.Raw)
		n.write("", n.certified(both[1-i], ""))
		n.start()
	}
	west.up()
	ike, child := west.current()

	for _, n := range both {
		n.enrol(renewed)
		n.put("ca.pem", "CERTIFICATE", renewed.Certificate.Raw)
		if r := n.reload(); !slices.Equal(r.Changed, []string{"connection site"}) {
			t.Errorf("%s: %+v", n.name, r)
		}
	}
	if a, b := west.current(); a != ike || b != child {
		t.Errorf("the SAs are %s, %s and were %s, %s", a, b, ike, child)
	}
	carries(west, east)

	if err := west.client.Reauth(t.Context(), command(api.Target{SA: ike})); err != nil {
		t.Fatal(err)
	}
	for _, n := range both {
		n.await("the new IKE SA alone", func(s api.Status) bool { return len(s.SAs) == 1 && s.SAs[0].SPI != ike && len(s.SAs[0].Children) == 1 })
	}
	carries(west, east)
}

// A server that accepts and never answers holds up the peers whose certificates name it, for seconds, and nobody else
// (strongSwan, CVE-2022-40617).
func TestHangingRevocationServerHoldsUpNobodyElse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 64)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })

	west, east, other := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24"), newNode(t, "other", "10.3.0.0/24")
	ca := newCA(t, "CA", "http://"+listener.Addr().String()+"/ca.crl")
	for _, n := range []*node{west, east} {
		n.enrol(ca)
		n.put("ca.pem", "CERTIFICATE", ca.Certificate.Raw)
	}
	west.write("", west.certified(east, `revocation = "off"`))
	east.write("", east.certified(west, `revocation = "strict"`)+strings.ReplaceAll(east.site(other, "", ""), `"site"`, `"plain"`))
	other.write("", other.site(east, "", ""))
	for _, n := range []*node{west, east, other} {
		n.start()
	}
	failed := make(chan error, 1)
	go func() {
		failed <- west.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
	}()
	<-asked
	other.up()
	other.current()
	_ = server.Close() // it would take ten seconds otherwise
	if err := <-failed; err == nil {
		t.Fatal("came up although nobody says whether the certificate was revoked")
	}
	for !slices.ContainsFunc(east.events(), func(e api.Event) bool {
		return e.Problem != nil && e.Problem.Code == explain.AuthRevocationUnknown
	}) {
		east.await("the end of the connection", func(s api.Status) bool { return len(s.SAs) == 1 })
	}
}
