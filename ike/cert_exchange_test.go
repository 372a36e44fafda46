package ike

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth"
	"culvert/auth/lookup"
	"culvert/auth/revocation"
	"culvert/explain"
)

// pages are documents by address.
type pages map[string][]byte

func (p pages) Fetch(_ context.Context, url string, _ []byte, _ string) ([]byte, error) {
	if doc, ok := p[url]; ok {
		return doc, nil
	}
	return nil, errors.New("404 Not Found")
}

// withHashAndURL has two connections name their certificates by hash and URL.
func withHashAndURL(ca *authority, web pages) func(a, b *Connection) {
	return func(a, b *Connection) {
		withCertificates(ca)(a, b)
		service := lookup.NewService(web)
		for _, c := range []*Connection{a, b} {
			credential := &c.LocalAuth[0].Credentials[0]
			url := "http://certs.example/" + c.LocalAuth[0].ID.Data
			web[url], credential.URLs = credential.Chain[0].Raw, []string{url}
			c.RemoteAuth[0].Lookup = service.For([]string{"certs.example"})
		}
	}
}

// TestHashAndURL: both sides announce that they look certificates up, and get hash and URL (RFC 7296, Section 3.6).
func TestHashAndURL(t *testing.T) {
	web := pages{}
	_, a, b := connected(t, withHashAndURL(newAuthority(t, "test CA"), web))
	whole := len(web["http://certs.example/a.example"])
	for _, x := range []struct {
		node *testNode
		at   int
	}{{a, 1}, {b, 0}} {
		if got := x.node.messages(NewsMessageSent)[x.at]; !strings.Contains(got, "N(HTTP_CERT_LOOKUP_SUPPORTED)") {
			t.Errorf("%s sent %q", x.node.name, got)
		}
	}
	if len(web) != 2 || whole == 0 {
		t.Errorf("%d pages", len(web))
	}
}

// TestHashAndURLThatIsNotThere ends in a refusal that names the address, and in nothing else.
func TestHashAndURLThatIsNotThere(t *testing.T) {
	web := pages{}
	n, a, b := gateways(t, withHashAndURL(newAuthority(t, "test CA"), web))
	delete(web, "http://certs.example/a.example")
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Code != explain.AuthCertLookup || !strings.Contains(f.Error(), "http://certs.example/a.example") {
		t.Errorf("b closed with %v", f)
	}
}

// TestHashAndURLIsNotSentUnasked: to a peer that has not announced it, certificates go in full.
func TestHashAndURLIsNotSentUnasked(t *testing.T) {
	connected(t, func(ca, cb *Connection) {
		withHashAndURL(newAuthority(t, "test CA"), pages{})(ca, cb)
		ca.RemoteAuth[0].Lookup, cb.RemoteAuth[0].Lookup = nil, nil
	})
}

// A responder answers by OCSP for an authority.
type responder struct {
	ca   *authority
	away bool
}

func (r *responder) Fetch(_ context.Context, _ string, body []byte, _ string) ([]byte, error) {
	if r.away {
		return nil, errors.New("connection refused")
	}
	req, err := ocsp.ParseRequest(body)
	if err != nil {
		return nil, err
	}
	return ocsp.CreateResponse(r.ca.cert, r.ca.cert, ocsp.Response{Status: ocsp.Good, SerialNumber: req.SerialNumber,
		ThisUpdate: startOfTime.Add(-time.Minute), NextUpdate: startOfTime.Add(time.Hour)}, r.ca.key)
}

// withOCSP has two connections demand OCSP answers of each other, without asking any server about the other.
func withOCSP(ca *authority, server *responder) func(a, b *Connection) {
	return func(a, b *Connection) {
		withCertificates(ca)(a, b)
		for _, c := range []*Connection{a, b} {
			c.LocalAuth[0].Credentials[0].Chain[0].OCSPServer = []string{"http://ocsp.example/"}
			c.LocalAuth[0].OCSP, c.LocalAuth[0].Issuers = revocation.NewChecker(server, revocation.Options{}), []*x509.Certificate{ca.cert}
			c.RemoteAuth[0].OCSP, c.RemoteAuth[0].Revocation = auth.OCSPRequire, revocation.Strict
			c.RemoteAuth[0].RevocationInfo = revocation.NewChecker(nil, revocation.Options{DemandShown: true})
		}
	}
}

// TestOCSPInIKE: both sides ask, and both show an answer (RFC 4806, Section 5.1).
func TestOCSPInIKE(t *testing.T) {
	ca := newAuthority(t, "test CA")
	_, a, b := connected(t, withOCSP(ca, &responder{ca: ca}))
	if got := a.messages(NewsMessageSent)[1]; got != "IKE_AUTH request 1 [ IDi CERT CERT CERTREQ CERTREQ IDr AUTH ]" {
		t.Errorf("a sent %q", got)
	}
	sent := b.messages(NewsMessageSent)
	if strings.Count(sent[0], "CERTREQ") != 2 || sent[1] != "IKE_AUTH response 1 [ IDr CERT CERT AUTH ]" {
		t.Errorf("b sent %q", sent)
	}
}

// TestOCSPServerAway: who has no answer to show is told why by his own side, and refused by the other that demands one.
func TestOCSPServerAway(t *testing.T) {
	ca := newAuthority(t, "test CA")
	n, a, b := gateways(t, withOCSP(ca, &responder{ca: ca, away: true}))
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Code != explain.AuthRevocationUnknown {
		t.Errorf("b closed with %v", f)
	}
	if f := a.failure(t, NewsWarning); f.Code != explain.AuthOCSPStaple {
		t.Errorf("a warns of %v", f)
	}
}
