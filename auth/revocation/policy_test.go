package revocation

import (
	"context"
	"crypto/x509"
	"testing"

	"culvert/auth/internal/pkitest"
)

// TestPolicies: what an answer, none, and none to be had mean.
func TestPolicies(t *testing.T) {
	for _, tt := range []struct {
		name                        string
		set                         func(*testing.T, *scene)
		relaxed, ifURI, strict, off string
	}{
		{"good", func(t *testing.T, s *scene) { s.web.serve(crlURL, s.list(t).Raw) }, "good", "good", "good", "good"},
		{"revoked", func(t *testing.T, s *scene) { s.web.serve(crlURL, s.list(t, s.leaf).Raw) }, "revoked", "revoked", "revoked", "good"},
		{"no answer", func(*testing.T, *scene) {}, "warned", "unknown", "unknown", "good"},
		{"nowhere to ask", func(_ *testing.T, s *scene) { s.leaf.CRLDistributionPoints = nil }, "good", "good", "unknown", "good"},
		{"an address that is not asked", func(_ *testing.T, s *scene) {
			s.leaf.CRLDistributionPoints = []string{"ldap://x/y", "file:///etc/passwd", "http://", ":"}
		}, "good", "good", "unknown", "good"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for policy, want := range map[Policy]string{IfAvailable: tt.relaxed, IfURI: tt.ifURI, Strict: tt.strict, Off: tt.off} {
				s := newScene(t, withCRL)
				tt.set(t, s)
				unknown, err := s.ask(t, policy)
				if got := verdict(unknown, err); got != want {
					t.Errorf("%v: %s (%v, %v), want %s", policy, got, unknown, err, want)
				}
				if policy == Off && s.web.count(crlURL) > 0 {
					t.Error("off asks")
				}
			}
		})
	}
}

func TestNilChecker(t *testing.T) {
	s := newScene(t, withCRL)
	var c *Checker
	unknown, err := c.Check(context.Background(), IfAvailable, s.path(), Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "good")
	unknown, err = c.Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "unknown", `"CN=gw"`)
}

func TestNoFetcher(t *testing.T) {
	s := newScene(t, withCRL)
	unknown, err := NewChecker(nil, Options{}).Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "unknown", "turned off")
	unknown, err = NewChecker(nil, Options{CRLs: []*x509.RevocationList{s.list(t)}}).Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "good")
}

// TestEveryCertificate: intermediates are asked about, the anchor is not.
func TestEveryCertificate(t *testing.T) {
	s := newScene(t)
	sub := s.root.Subordinate(t, "sub", withCRL)
	leaf := sub.Issue(t, "gw", pkitest.NewKey(t).Public())
	path := []*x509.Certificate{leaf, sub.Cert, s.root.Cert}
	s.web.serve(crlURL, s.list(t, sub.Cert).Raw)
	unknown, err := NewChecker(s.web, Options{}).Check(context.Background(), IfAvailable, path, Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "revoked", `certificate "CN=sub" was revoked on 2026-06-01T11:00:00Z (key compromise)`)
	unknown, err = NewChecker(s.web, Options{}).Check(context.Background(), Strict, path[1:1], Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "good")
	unknown, err = NewChecker(s.web, Options{}).Check(context.Background(), Strict, path[2:], Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "good")
}

// TestSources: a configured list comes first, then OCSP, then lists that are fetched, until somebody knows.
func TestSources(t *testing.T) {
	s := newScene(t, withCRL, withOCSP)
	s.opt.CRLs = []*x509.RevocationList{s.list(t, s.leaf)}
	unknown, err := s.ask(t, IfAvailable)
	wantVerdict(t, unknown, err, "revoked")
	if s.web.count(crlURL)+s.web.count(ocspURL) > 0 {
		t.Error("asks although a configured list knows")
	}

	s.opt.CRLs = nil
	s.web.serve(crlURL, s.list(t, s.leaf).Raw)
	unknown, err = s.ask(t, IfAvailable)
	wantVerdict(t, unknown, err, "revoked")
	if s.web.count(ocspURL) != 1 || s.web.count(crlURL) != 1 {
		t.Errorf("asked %v", s.web.asked)
	}

	delete(s.web.pages, crlURL)
	unknown, err = s.ask(t, Strict)
	wantVerdict(t, unknown, err, "unknown", "OCSP server "+ocspURL, "revocation list "+crlURL, "404")
}

// TestManyAddresses: a certificate cannot send us around the world.
func TestManyAddresses(t *testing.T) {
	s := newScene(t)
	for range 50 {
		s.leaf.CRLDistributionPoints = append(s.leaf.CRLDistributionPoints, crlURL+"?"+randomSerial(t).String())
	}
	if unknown, err := s.ask(t, Strict); verdict(unknown, err) != "unknown" || len(s.web.asked) != maxURLs {
		t.Errorf("%d addresses are asked", len(s.web.asked))
	}
}

func TestPolicyNames(t *testing.T) {
	for p, want := range map[Policy]string{IfAvailable: "relaxed", IfURI: "ifuri", Strict: "strict", Off: "off", 9: "policy 9"} {
		if p.String() != want {
			t.Errorf("%v, want %s", p, want)
		}
	}
}

func TestReasonNames(t *testing.T) {
	for reason, want := range map[int]string{0: "unspecified", 1: "key compromise", 6: "certificate hold", 7: "reason 7", 10: "AA compromise", 11: "reason 11", -1: "reason -1"} {
		if got := reasonName(reason); got != want {
			t.Errorf("%d: %s, want %s", reason, got, want)
		}
	}
}
