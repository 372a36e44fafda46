package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/secret"
	"culvert/wire"
)

const listURL = "http://crl.example.org/root.crl"

// A listServer serves one list, or nothing, and counts who asks.
type listServer struct {
	list  []byte
	asked atomic.Int32
}

func (s *listServer) Fetch(context.Context, string, []byte, string) ([]byte, error) {
	s.asked.Add(1)
	if s.list == nil {
		return nil, errors.New("connection refused")
	}
	return s.list, nil
}

// newRevocable makes a party whose certificate names a list.
func newRevocable(t *testing.T, policy revocation.Policy) (party, *listServer) {
	t.Helper()
	p := newParty(t, func(c *x509.Certificate) { c.CRLDistributionPoints = []string{listURL} })
	server := &listServer{}
	p.remote.Revocation, p.remote.RevocationInfo = policy, revocation.NewChecker(server, revocation.Options{})
	return p, server
}

func (p party) list(t *testing.T, revoked ...*x509.Certificate) []byte {
	t.Helper()
	return p.authority.CRL(t, 1, pkitest.Now().Add(-time.Hour), pkitest.Now().Add(time.Hour), revoked...).Raw
}

func TestRevoked(t *testing.T) {
	p, server := newRevocable(t, revocation.IfAvailable)
	server.list = p.list(t, p.leaf())
	wantFailure(t, p.connect(t).Err, explain.AuthCertRevoked, `peer's certificate "CN=gw" was revoked on 2026-06-01T11:00:00Z (key compromise)`)
}

func TestNotRevoked(t *testing.T) {
	p, server := newRevocable(t, revocation.Strict)
	server.list = p.list(t)
	if result := p.connect(t); result.Err != nil || len(result.Warnings) != 0 {
		t.Errorf("got %+v", result)
	}
}

func TestRevocationUnknown(t *testing.T) {
	p, _ := newRevocable(t, revocation.Strict)
	wantFailure(t, p.connect(t).Err, explain.AuthRevocationUnknown, "connection refused", listURL, "it is strict")

	p, _ = newRevocable(t, revocation.IfAvailable)
	result := p.connect(t)
	if result.Err != nil || len(result.Warnings) != 1 || result.Warnings[0].Code != explain.AuthRevocationUnknown {
		t.Errorf("got %+v", result)
	}
}

// TestNothingIsFetchedForStrangers: who is not proven in all other ways does not make us ask (strongSwan, CVE-2022-40617).
func TestNothingIsFetchedForStrangers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*testing.T, *party, *SignResult)
		code   explain.Code
	}{
		{"untrusted", func(t *testing.T, p *party, _ *SignResult) {
			p.remote.Anchors = []*x509.Certificate{pkitest.NewAuthority(t, "root").Cert}
		}, explain.AuthCertUntrusted},
		{"another identity", func(t *testing.T, p *party, _ *SignResult) { p.id = mustID(t, "vpn.example.org") }, explain.AuthIDMismatch},
		{"wrong signature", func(_ *testing.T, _ *party, r *SignResult) { r.Auth.Data[len(r.Auth.Data)-1] ^= 1 }, explain.AuthSignature},
		{"wrong purpose", func(_ *testing.T, p *party, _ *SignResult) { p.remote.ExtKeyUsage = ExtKeyUsageServer }, explain.AuthCertUsage},
		{"wrong method", func(_ *testing.T, _ *party, r *SignResult) { r.Auth.Method = wire.AuthSharedKey }, explain.AuthMethodRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, server := newRevocable(t, revocation.Strict)
			proof := mustProve(t, p.local, p.id, allHashes())
			tt.change(t, &p, &proof)
			wantFailure(t, check(t, p.remote, p.id, pkitest.Now(), proof).Err, tt.code)
			if n := server.asked.Load(); n != 0 {
				t.Errorf("%d questions", n)
			}
		})
	}
}

// TestAnotherPath: one way to an anchor that is not revoked is enough.
func TestAnotherPath(t *testing.T) {
	p := newParty(t)
	other := pkitest.NewAuthority(t, "other")
	subKey := pkitest.NewKey(t)
	asCA := func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	first, second := p.authority.Issue(t, "sub", subKey.Public(), asCA), other.Issue(t, "sub", subKey.Public(), asCA)
	leafKey := pkitest.NewKey(t)
	leaf := (&pkitest.Authority{Cert: first, Key: subKey}).Issue(t, "gw", leafKey.Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	p.local.Credentials = []Credential{{Key: leafKey, Chain: []*x509.Certificate{leaf, first, second}}}
	p.remote.Anchors = append(p.remote.Anchors, other.Cert)
	lists := func(authorities ...*pkitest.Authority) []*x509.RevocationList {
		var all []*x509.RevocationList
		for _, a := range authorities {
			all = append(all, a.CRL(t, 1, pkitest.Now(), pkitest.Now().Add(time.Hour), map[*pkitest.Authority]*x509.Certificate{p.authority: first, other: second}[a]))
		}
		return all
	}
	for want, revoked := range map[explain.Code][]*pkitest.Authority{"": {p.authority}, explain.AuthCertRevoked: {p.authority, other}} {
		p.remote.RevocationInfo = revocation.NewChecker(nil, revocation.Options{CRLs: lists(revoked...)})
		err := p.connect(t).Err
		if want == "" && err != nil {
			t.Error(err)
		}
		if want != "" {
			wantFailure(t, err, want, "CN=sub")
		}
	}
}

// TestConcurrentUse: rounds and checker are shared by all exchanges of a connection.
func TestConcurrentUse(t *testing.T) {
	p, server := newRevocable(t, revocation.Strict)
	server.list = p.list(t)
	p.remote.Secrets = NewSecrets(Secret{PSK: secret.Bytes("unused")})
	results := make(chan error)
	for range 20 {
		go func() { results <- p.connect(t).Err }()
	}
	for range 20 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := server.asked.Load(); n != 1 {
		t.Errorf("%d questions", n)
	}
}
