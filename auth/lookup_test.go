package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/auth/lookup"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/wire"
)

// pages are documents by address.
type pages map[string][]byte

func (p pages) Fetch(_ context.Context, url string, _ []byte, _ string) ([]byte, error) {
	if doc, ok := p[url]; ok {
		return doc, nil
	}
	return nil, errors.New("404 Not Found")
}

const certsURL = "http://certs.example.org/"

// newListed makes a party below an intermediate whose certificates are on a server that the other side asks.
func newListed(t *testing.T) (party, pages) {
	t.Helper()
	p := newParty(t)
	sub := p.authority.Subordinate(t, "sub")
	key := pkitest.NewKey(t)
	leaf := sub.Issue(t, "gw", key.Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	chain := []*x509.Certificate{leaf, sub.Cert, p.authority.Cert}
	p.local.Credentials = []Credential{{Key: key, Chain: chain, URLs: []string{certsURL + "gw", certsURL + "sub"}}}
	web := pages{certsURL + "gw": leaf.Raw, certsURL + "sub": sub.Cert.Raw, certsURL + "bundle": lookup.Bundle(chain[:2])}
	p.remote.Lookup = lookup.NewService(web).For([]string{"certs.example.org"})
	return p, web
}

func TestHashAndURL(t *testing.T) {
	p, _ := newListed(t)
	proof, result := p.meet(t)
	if result.Err != nil || len(proof.Certs) != 2 || proof.Certs[0].Encoding != wire.CertHashURLX509 || proof.Certs[1].Encoding != wire.CertHashURLX509 {
		t.Fatalf("%d certificates, %v", len(proof.Certs), result.Err)
	}
	p.local.Credentials[0].URLs = []string{"", certsURL + "sub"}
	if proof, result = p.meet(t); result.Err != nil || proof.Certs[0].Encoding != wire.CertX509Signature || proof.Certs[1].Encoding != wire.CertHashURLX509 {
		t.Errorf("one of two: %v", result.Err)
	}
	p.local.Credentials[0].BundleURL = certsURL + "bundle"
	if proof, result = p.meet(t); result.Err != nil || len(proof.Certs) != 1 || proof.Certs[0].Encoding != wire.CertHashURLBundle {
		t.Errorf("bundle: %v", result.Err)
	}
}

// TestHashAndURLWhereItIsNotDone: to a peer that does not look up, certificates go in full.
func TestHashAndURLWhereItIsNotDone(t *testing.T) {
	p, _ := newListed(t)
	p.remote.Lookup = nil
	proof, result := p.meet(t)
	if result.Err != nil || len(proof.Certs) != 2 || proof.Certs[0].Encoding != wire.CertX509Signature {
		t.Errorf("%d certificates, %v", len(proof.Certs), result.Err)
	}
}

// TestHashAndURLOfOthers: what is at the address must have the hash, and is held to everything else.
func TestHashAndURLOfOthers(t *testing.T) {
	p, web := newListed(t)
	proof, _ := p.meet(t)
	stranger := pkitest.NewAuthority(t, "root").Issue(t, "gw", pkitest.NewKey(t).Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	web[certsURL+"gw"] = stranger.Raw
	fresh := func() *lookup.Lookup { return lookup.NewService(web).For([]string{"certs.example.org"}) }
	p.remote.Lookup = fresh()
	wantFailure(t, check(t, p.remote, p.id, pkitest.Now(), proof).Err, explain.AuthCertLookup, "certs.example.org/gw", "hash")
	proof.Certs[0] = lookup.Reference(wire.CertHashURLX509, stranger.Raw, certsURL+"gw")
	wantFailure(t, check(t, p.remote, p.id, pkitest.Now(), proof).Err, explain.AuthCertUntrusted)
	delete(web, certsURL+"gw")
	p.remote.Lookup = fresh()
	wantFailure(t, check(t, p.remote, p.id, pkitest.Now(), proof).Err, explain.AuthCertLookup, "404")
	p.remote.Lookup = nil
	wantFailure(t, check(t, p.remote, p.id, pkitest.Now(), proof).Err, explain.AuthCertLookup, "not accepted")
}

// TestBundleWithAList: lists in a bundle count as if they had been fetched.
func TestBundleWithAList(t *testing.T) {
	p, server := newRevocable(t, revocation.Strict)
	list := p.authority.CRL(t, 1, pkitest.Now(), pkitest.Now().AddDate(0, 0, 1))
	proof := mustProve(t, p.local, p.id, allHashes())
	proof.Certs = append(proof.Certs, &wire.Cert{Encoding: wire.CertCRL, Data: list.Raw}, &wire.Cert{Encoding: wire.CertCRL, Data: []byte{1}})
	if err := check(t, p.remote, p.id, pkitest.Now(), proof).Err; err != nil || server.asked.Load() != 0 {
		t.Errorf("asked %d times, %v", server.asked.Load(), err)
	}
}
