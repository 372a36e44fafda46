package auth

import (
	"crypto/x509"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
	"culvert/auth/revocation"
	"culvert/eap"
	"culvert/explain"
)

// forServer makes a certificate one of a TLS server of a name.
func forServer(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage = []string{name}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

func forClient(c *x509.Certificate) {
	c.EmailAddresses, c.ExtKeyUsage = []string{"alice@example.org"}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
}

func TestTLSTrustIsForPathNameAndPurpose(t *testing.T) {
	ca, other := pkitest.NewAuthority(t, "Test CA"), pkitest.NewAuthority(t, "Other CA")
	sub := ca.Subordinate(t, "Sub CA")
	issue := func(a *pkitest.Authority, change func(*x509.Certificate)) *x509.Certificate {
		return a.Issue(t, "leaf", pkitest.NewKey(t).Public(), change)
	}
	revoked := issue(ca, forServer("gw.example.org"))
	lists := []*x509.RevocationList{ca.CRL(t, 1, pkitest.Now().AddDate(0, -1, 0), pkitest.Now().AddDate(0, 1, 0), revoked)}
	r := &Remote{Anchors: []*x509.Certificate{ca.Cert}, RevocationInfo: revocation.NewChecker(nil, revocation.Options{CRLs: lists})}
	good := issue(ca, forServer("gw.example.org"))
	many := make([]*x509.Certificate, maxCerts+1)
	for i := range many {
		many[i] = good
	}
	below := issue(sub, forServer("gw.example.org"))
	tests := []struct {
		name string
		want string // the server's name; empty: it is a client that is checked
		sent []*x509.Certificate
		at   time.Time
		code explain.Code
	}{
		{"a server", "gw.example.org", []*x509.Certificate{good}, pkitest.Now(), ""},
		{"a server with its intermediate", "gw.example.org", []*x509.Certificate{below, sub.Cert}, pkitest.Now(), ""},
		{"a server whose name fits a pattern", "*.example.org", []*x509.Certificate{good}, pkitest.Now(), ""},
		{"a client", "", []*x509.Certificate{issue(ca, forClient)}, pkitest.Now(), ""},
		{"another CA", "gw.example.org", []*x509.Certificate{issue(other, forServer("gw.example.org"))}, pkitest.Now(), explain.AuthCertUntrusted},
		{"another CA that is sent along", "gw.example.org", []*x509.Certificate{issue(other, forServer("gw.example.org")), other.Cert}, pkitest.Now(), explain.AuthCertUntrusted},
		{"no intermediate", "gw.example.org", []*x509.Certificate{below}, pkitest.Now(), explain.AuthCertUntrusted},
		{"another name", "other.example.org", []*x509.Certificate{good}, pkitest.Now(), explain.AuthIDMismatch},
		{"a name that is only the common name", "leaf", []*x509.Certificate{good}, pkitest.Now(), explain.AuthIDMismatch},
		{"a name that fits no pattern", "*.example.com", []*x509.Certificate{good}, pkitest.Now(), explain.AuthIDMismatch},
		{"a client as server", "alice@example.org", []*x509.Certificate{issue(ca, forClient)}, pkitest.Now(), explain.AuthCertUsage},
		{"a server as client", "", []*x509.Certificate{good}, pkitest.Now(), explain.AuthCertUsage},
		{"too late", "gw.example.org", []*x509.Certificate{good}, pkitest.Now().AddDate(2, 0, 0), explain.AuthCertExpired},
		{"too early", "gw.example.org", []*x509.Certificate{good}, pkitest.Now().AddDate(-2, 0, 0), explain.AuthCertNotYetValid},
		{"revoked", "gw.example.org", []*x509.Certificate{revoked}, pkitest.Now(), explain.AuthCertRevoked},
		{"nothing", "gw.example.org", nil, pkitest.Now(), explain.AuthCertTooMany},
		{"too many", "gw.example.org", many, pkitest.Now(), explain.AuthCertTooMany},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trust, err := NewClientTrust(r)
			if tt.want != "" {
				trust, err = NewServerTrust(r, mustID(t, tt.want))
			}
			if err != nil {
				t.Fatal(err)
			}
			var got explain.Code
			if err := trust.Verify(t.Context(), tt.sent, nil, tt.at); err != nil {
				got = eap.AsFailure(eap.TypeTLS, err).Code
			}
			if got != tt.code {
				t.Errorf("got %q, want %q", got, tt.code)
			}
		})
	}
}

func TestTLSTrustFailsClosed(t *testing.T) {
	ca := pkitest.NewAuthority(t, "Test CA")
	trusting := &Remote{Anchors: []*x509.Certificate{ca.Cert}}
	if _, err := NewServerTrust(trusting, Identity{}); err == nil {
		t.Error("a server without a name is trusted")
	}
	if _, err := NewServerTrust(trusting, mustID(t, "%any")); err == nil {
		t.Error("a server of any name is trusted")
	}
	if _, err := NewServerTrust(&Remote{}, mustID(t, "gw.example.org")); err == nil {
		t.Error("a server of any authority is trusted")
	}
	if _, err := NewClientTrust(&Remote{}); err == nil {
		t.Error("clients of any authority are trusted")
	}
}
