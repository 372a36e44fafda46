package eaptls_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptls"
	"culvert/eap/internal/tlslab"
	"culvert/explain"
)

// sides are the configurations of both sides, to be changed before they meet.
type sides struct {
	authority      *tlslab.Authority
	client, server carrier.Config
	accounts       eap.Accounts
}

func newSides(t testing.TB) *sides {
	t.Helper()
	ca := tlslab.NewAuthority(t, "Test CA")
	return &sides{
		authority: ca,
		client:    carrier.Config{Certificate: ca.Client("alice@example.org"), Verifier: tlslab.Verifier{Authority: ca, Name: "gw.example.org"}},
		server:    carrier.Config{Certificate: ca.Server("gw.example.org"), Verifier: tlslab.Verifier{Authority: ca}},
	}
}

// begin starts a run on both sides.
func (s *sides) begin(t testing.TB, identity string) (client, server eap.Exchange) {
	t.Helper()
	c, err := eaptls.NewClient(s.client)
	if err != nil {
		t.Fatal(err)
	}
	v, err := eaptls.NewServer(s.server, s.accounts)
	if err != nil {
		t.Fatal(err)
	}
	session := eap.Session{Now: tlslab.Now()}
	if client, err = c.Begin(session, identity); err != nil {
		t.Fatal(err)
	}
	if server, err = v.Begin(session, identity); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func versions() map[string]uint16 {
	return map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}
}

func TestBothSidesAgree(t *testing.T) {
	for name, version := range versions() {
		t.Run(name, func(t *testing.T) {
			s := newSides(t)
			s.client.MaxVersion, s.server.MinVersion = version, version
			client, server := s.begin(t, "alice@example.org")
			c, v := tlslab.Talk(t, client, server, tlslab.Unchanged)
			if c.State != eap.Succeeded || v.State != eap.Succeeded {
				t.Fatalf("client: %v %v, server: %v %v", c.State, c.Err, v.State, v.Err)
			}
			if len(c.MSK) != 64 || !c.MSK.Equal(v.MSK) {
				t.Error("the keys differ")
			}
			if v.Identity != "alice@example.org" {
				t.Errorf("identity %q", v.Identity)
			}
		})
	}
}

func TestFragmentsOfEverySizeArrive(t *testing.T) {
	for _, size := range []int{carrier.MinFragment, 100, 577, 1020, 65535} {
		s := newSides(t)
		s.client.Fragment, s.server.Fragment = size, size
		client, server := s.begin(t, "")
		c, v := tlslab.Talk(t, client, server, func(_ bool, data []byte) []byte {
			if len(data)+5 > size {
				t.Errorf("a packet of %d octets, %d are allowed", len(data)+5, size)
			}
			return data
		})
		if c.State != eap.Succeeded || v.State != eap.Succeeded {
			t.Errorf("%d: client: %v %v, server: %v %v", size, c.State, c.Err, v.State, v.Err)
		}
	}
}

func TestWhoIsNotTrustedIsRefused(t *testing.T) {
	other := func(s *sides) *tlslab.Authority { return tlslab.NewAuthority(s.authority.TB(), "Other CA") }
	past := func(template x509.Certificate) x509.Certificate {
		template.NotBefore, template.NotAfter = tlslab.Now().Add(-2*time.Hour), tlslab.Now().Add(-time.Hour)
		return template
	}
	tests := []struct {
		name           string
		change         func(s *sides)
		client, server explain.Code
	}{
		{"the server has another CA", func(s *sides) { s.server.Certificate = other(s).Server("gw.example.org") },
			explain.EAPTLSHandshake, explain.EAPTLSAlert},
		{"the server has another name", func(s *sides) { s.server.Certificate = s.authority.Server("evil.example.org") },
			explain.EAPTLSHandshake, explain.EAPTLSAlert},
		{"the server shows a client's certificate", func(s *sides) { s.server.Certificate = s.authority.Client("alice@example.org") },
			explain.EAPTLSHandshake, explain.EAPTLSAlert},
		{"the server's certificate has expired", func(s *sides) {
			s.server.Certificate = s.authority.Issue(past(x509.Certificate{DNSNames: []string{"gw.example.org"}}))
		}, explain.EAPTLSHandshake, explain.EAPTLSAlert},
		{"the client has another CA", func(s *sides) { s.client.Certificate = other(s).Client("alice@example.org") },
			explain.EAPTLSAlert, explain.EAPTLSHandshake},
		{"the client shows a server's certificate", func(s *sides) { s.client.Certificate = s.authority.Server("gw.example.org") },
			explain.EAPTLSAlert, explain.EAPTLSHandshake},
		{"the client's certificate has expired", func(s *sides) {
			s.client.Certificate = s.authority.Issue(past(x509.Certificate{EmailAddresses: []string{"alice@example.org"}}))
		}, explain.EAPTLSAlert, explain.EAPTLSHandshake},
		{"the client sends no certificate", func(s *sides) { s.client.Certificate = &tls.Certificate{} },
			explain.EAPTLSAlert, explain.EAPTLSHandshake},
		{"there is no version in common", func(s *sides) {
			s.client.MaxVersion, s.server.MinVersion = tls.VersionTLS12, tls.VersionTLS13
		}, explain.EAPTLSAlert, explain.EAPTLSHandshake},
	}
	for _, tt := range tests {
		for name, version := range versions() {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				s := newSides(t)
				s.server.MaxVersion = version
				tt.change(s)
				s.server.MaxVersion = max(s.server.MaxVersion, s.server.MinVersion)
				client, server := s.begin(t, "alice@example.org")
				c, v := tlslab.Talk(t, client, server, tlslab.Unchanged)
				wantFailure(t, "client", c, tt.client)
				wantFailure(t, "server", v, tt.server)
			})
		}
	}
}

func wantFailure(t *testing.T, side string, step eap.Step, want explain.Code) {
	t.Helper()
	if step.State != eap.Failed || len(step.MSK) > 0 {
		t.Errorf("%s: %v, with %d octets of key", side, step.State, len(step.MSK))
		return
	}
	if got := eap.AsFailure(eap.TypeTLS, step.Err); got.Code != want {
		t.Errorf("%s: got %s (%v), want %s", side, got.Code, got, want)
	}
}
