package revocation

import (
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
)

// A certificate that names nobody is asked about where its authority is configured to be asked.
func TestPlacesOfAnAuthorityAreAsked(t *testing.T) {
	s := newScene(t)
	s.opt.Places = []Place{{Issuer: s.root.Cert, OCSP: []string{ocspURL}}}
	s.answerWith(t, ocsp.Response{Status: ocsp.Revoked, RevokedAt: pkitest.Now().Add(-time.Hour), NextUpdate: pkitest.Now().Add(time.Hour)}, s.root.Cert, s.root)
	unknown, err := s.ask(t, IfURI)
	wantVerdict(t, unknown, err, "revoked")

	s = newScene(t)
	s.opt.Places = []Place{{Issuer: s.root.Cert, CRL: []string{crlURL}}}
	unknown, err = s.ask(t, IfURI)
	wantVerdict(t, unknown, err, "unknown", "404") // there is a place to ask now
	s.web.serve(crlURL, s.list(t).Raw)
	unknown, err = s.ask(t, Strict)
	wantVerdict(t, unknown, err, "good")
}

func TestPlacesComeBeforeThoseOfTheCertificate(t *testing.T) {
	const own = "http://own.example.org/root.crl"
	s := newScene(t, withCRL)
	s.opt.Places = []Place{{Issuer: s.root.Cert, CRL: []string{own}}}
	s.web.serve(own, s.list(t, s.leaf).Raw)
	s.web.serve(crlURL, s.list(t).Raw)
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "revoked")
	delete(s.web.pages, own)
	unknown, err = s.ask(t, Strict)
	wantVerdict(t, unknown, err, "good")
}

// Another authority's places are not asked, though it has the same name.
func TestPlacesAreThoseOfTheIssuerAlone(t *testing.T) {
	s := newScene(t)
	other := pkitest.NewAuthority(t, "root")
	s.opt.Places = []Place{{Issuer: other.Cert, CRL: []string{crlURL}}}
	s.web.serve(crlURL, s.list(t).Raw)
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "unknown")
	if s.web.count(crlURL) != 0 {
		t.Error("asked all the same")
	}
}
