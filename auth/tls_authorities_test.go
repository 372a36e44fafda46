package auth

import (
	"crypto/x509"
	"slices"
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/auth/revocation"
	"culvert/eap"
	"culvert/explain"
)

// Authorities below others are trusted by TLS as they are by IKE: as far as a path leads to an anchor that has not revoked them.
func TestTLSTrustInAuthoritiesBelowOthers(t *testing.T) {
	ca, stranger := pkitest.NewAuthority(t, "Test CA"), pkitest.NewAuthority(t, "Other CA")
	sub, bad := ca.Subordinate(t, "Sub CA"), ca.Subordinate(t, "Bad CA")
	cross := func(by, of *pkitest.Authority) *x509.Certificate {
		return by.Issue(t, of.Cert.Subject.CommonName, of.Cert.PublicKey, func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		})
	}
	one, two := pkitest.NewAuthority(t, "One"), pkitest.NewAuthority(t, "Two")
	list := ca.CRL(t, 1, pkitest.Now().AddDate(0, -1, 0), pkitest.Now().AddDate(0, 1, 0), bad.Cert)
	r := &Remote{
		Anchors:        []*x509.Certificate{ca.Cert},
		Intermediates:  []*x509.Certificate{sub.Cert, bad.Cert, cross(one, two), cross(two, one)},
		RevocationInfo: revocation.NewChecker(nil, revocation.Options{CRLs: []*x509.RevocationList{list}}),
	}
	for _, tt := range []struct {
		name string
		by   *pkitest.Authority
		via  *pkitest.Authority
		want explain.Code
	}{
		{"an authority below the anchor", sub, nil, ""},
		{"one that was revoked", bad, nil, explain.AuthCertRevoked},
		{"two that vouch for each other", one, nil, explain.AuthCertUntrusted},
		{"one that nobody knows", stranger, nil, explain.AuthCertUntrusted},
		{"the one that is named", sub, sub, ""},
		{"another than the one that is named", ca, sub, explain.AuthCertUntrusted},
	} {
		for _, role := range []string{"client", "server"} {
			t.Run(tt.name+", "+role, func(t *testing.T) {
				own := *r
				if tt.via != nil {
					own.Via = []*x509.Certificate{tt.via.Cert}
				}
				change := forClient
				trust, err := NewClientTrust(&own)
				if role == "server" {
					change = forServer("gw.example.org")
					trust, err = NewServerTrust(&own, mustID(t, "gw.example.org"))
				}
				if err != nil {
					t.Fatal(err)
				}
				leaf := tt.by.Issue(t, "leaf", pkitest.NewKey(t).Public(), change)
				var got explain.Code
				if err := trust.Verify(t.Context(), []*x509.Certificate{leaf}, nil, pkitest.Now()); err != nil {
					got = eap.AsFailure(eap.TypeTLS, err).Code
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

// A client that shows its own certificate alone needs to be asked for those of its issuer.
func TestServersAskForCertificatesOfAllAuthorities(t *testing.T) {
	ca := pkitest.NewAuthority(t, "Test CA")
	sub := ca.Subordinate(t, "Sub CA")
	trust, err := NewClientTrust(&Remote{Anchors: []*x509.Certificate{ca.Cert}, Intermediates: []*x509.Certificate{sub.Cert}})
	if err != nil {
		t.Fatal(err)
	}
	if got := trust.Issuers(); !slices.ContainsFunc(got, ca.Cert.Equal) || !slices.ContainsFunc(got, sub.Cert.Equal) {
		t.Errorf("asked for those of %d authorities", len(got))
	}
}
