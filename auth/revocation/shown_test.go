package revocation

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
)

// answer is an OCSP answer of the authority about the leaf.
func (s *scene) answer(t testing.TB, template ocsp.Response) []byte {
	t.Helper()
	if template.SerialNumber == nil {
		template.SerialNumber = s.leaf.SerialNumber
	}
	if template.ThisUpdate.IsZero() {
		template.ThisUpdate = pkitest.Now()
	}
	der, err := ocsp.CreateResponse(s.root.Cert, s.root.Cert, template, s.root.Key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestShown: what a peer shows counts by signature, time and scope, before anybody is asked (RFC 4806).
func TestShown(t *testing.T) {
	now := pkitest.Now()
	good := ocsp.Response{Status: ocsp.Good, NextUpdate: now.Add(time.Hour)}
	revoked := ocsp.Response{Status: ocsp.Revoked, RevokedAt: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour)}
	for _, tt := range []struct {
		name  string
		shown func(*testing.T, *scene) Shown
		opt   Options
		want  string
		word  string
		asked int
	}{
		{"good", func(t *testing.T, s *scene) Shown { return Shown{OCSP: [][]byte{s.answer(t, good)}} }, Options{}, "good", "", 0},
		{"revoked", func(t *testing.T, s *scene) Shown { return Shown{OCSP: [][]byte{s.answer(t, revoked)}} }, Options{}, "revoked", "", 0},
		{"nothing", func(t *testing.T, s *scene) Shown { return Shown{} }, Options{}, "unknown", "404", 1},
		{"nothing, demanded", func(t *testing.T, s *scene) Shown { return Shown{} }, Options{DemandShown: true}, "unknown", "sent no OCSP answer", 0},
		{"good, demanded", func(t *testing.T, s *scene) Shown { return Shown{OCSP: [][]byte{s.answer(t, good)}} }, Options{DemandShown: true}, "good", "", 0},
		{"without a nonce that is demanded", func(t *testing.T, s *scene) Shown { return Shown{OCSP: [][]byte{s.answer(t, good)}} }, Options{Nonce: NonceRequire}, "unknown", "404", 1},
		{"too old for the user", func(t *testing.T, s *scene) Shown {
			template := good
			template.ThisUpdate = now.Add(-time.Hour)
			return Shown{OCSP: [][]byte{s.answer(t, template)}}
		}, Options{MaxAge: time.Minute}, "unknown", "OCSP answer of the peer: of 2026", 1},
		{"over", func(t *testing.T, s *scene) Shown {
			return Shown{OCSP: [][]byte{s.answer(t, ocsp.Response{Status: ocsp.Good, ThisUpdate: now.Add(-2 * time.Hour), NextUpdate: now.Add(-time.Hour)})}}
		}, Options{}, "unknown", "valid until", 1},
		{"of the peer's own making", func(t *testing.T, s *scene) Shown {
			forger := *s
			forger.root = &pkitest.Authority{Cert: s.root.Cert, Key: pkitest.NewKey(t)}
			return Shown{OCSP: [][]byte{forger.answer(t, good)}}
		}, Options{}, "unknown", "does not match", 1},
		{"about another", func(t *testing.T, s *scene) Shown {
			template := good
			template.SerialNumber = randomSerial(t)
			return Shown{OCSP: [][]byte{s.answer(t, template)}}
		}, Options{}, "unknown", "404", 1},
		{"garbage first", func(t *testing.T, s *scene) Shown { return Shown{OCSP: [][]byte{{1, 2}, nil, s.answer(t, good)}} }, Options{}, "good", "", 0},
		{"too many", func(t *testing.T, s *scene) Shown {
			return Shown{OCSP: append(make([][]byte, maxShown), s.answer(t, good))}
		}, Options{}, "unknown", "", 1},
		{"a list", func(t *testing.T, s *scene) Shown { return Shown{CRLs: []*x509.RevocationList{s.list(t)}} }, Options{}, "good", "", 0},
		{"a list with it", func(t *testing.T, s *scene) Shown { return Shown{CRLs: []*x509.RevocationList{s.list(t, s.leaf)}} }, Options{}, "revoked", "", 0},
		{"a list of another", func(t *testing.T, s *scene) Shown {
			return Shown{CRLs: []*x509.RevocationList{newScene(t).list(t, s.leaf)}}
		}, Options{}, "unknown", "revocation list of the peer", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, withOCSP)
			unknown, err := NewChecker(s.web, tt.opt).Check(context.Background(), Strict, s.path(), tt.shown(t, s), now)
			wantVerdict(t, unknown, err, tt.want, tt.word)
			if n := s.web.count(ocspURL); n != tt.asked {
				t.Errorf("asked %d times, want %d", n, tt.asked)
			}
		})
	}
}

// TestShownDoesNotHideAConfiguredList: a revocation that is known here is not undone by an answer from before.
func TestShownDoesNotHideAConfiguredList(t *testing.T) {
	s := newScene(t, withOCSP)
	shown := Shown{OCSP: [][]byte{s.answer(t, ocsp.Response{Status: ocsp.Good, NextUpdate: pkitest.Now().Add(time.Hour)})}}
	for _, demand := range []bool{false, true} {
		c := NewChecker(s.web, Options{DemandShown: demand, CRLs: []*x509.RevocationList{s.list(t, s.leaf)}})
		unknown, err := c.Check(context.Background(), IfAvailable, s.path(), shown, pkitest.Now())
		wantVerdict(t, unknown, err, "revoked")
	}
}

// TestShownDoesNotHideWhatWasFetched: nor one that a server or a list has told for this certificate, or the list for another.
func TestShownDoesNotHideWhatWasFetched(t *testing.T) {
	next := pkitest.Now().Add(time.Hour)
	for name, tt := range map[string]struct {
		change func(*x509.Certificate)
		serve  func(s *scene)
	}{
		"list": {withCRL, func(s *scene) { s.web.serve(crlURL, s.list(t, s.leaf).Raw) }},
		"OCSP": {withOCSP, func(s *scene) {
			s.answerWith(t, ocsp.Response{Status: ocsp.Revoked, RevokedAt: pkitest.Now(), NextUpdate: next}, s.root.Cert, s.root)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, tt.change)
			tt.serve(s)
			shown := Shown{OCSP: [][]byte{s.answer(t, ocsp.Response{Status: ocsp.Good, NextUpdate: next})}}
			c := NewChecker(s.web, Options{})
			for _, show := range []Shown{{}, shown} {
				unknown, err := c.Check(context.Background(), IfAvailable, s.path(), show, pkitest.Now())
				wantVerdict(t, unknown, err, "revoked")
			}
		})
	}
}

// TestHoldThatIsOverCanBeShown: a certificate that was on hold only may be good again.
func TestHoldThatIsOverCanBeShown(t *testing.T) {
	next := pkitest.Now().Add(time.Hour)
	s := newScene(t, withOCSP)
	s.answerWith(t, ocsp.Response{Status: ocsp.Revoked, RevokedAt: pkitest.Now(), RevocationReason: onHold, NextUpdate: next}, s.root.Cert, s.root)
	c := NewChecker(s.web, Options{})
	unknown, err := c.Check(context.Background(), IfAvailable, s.path(), Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "revoked")
	unknown, err = c.Check(context.Background(), IfAvailable, s.path(), Shown{OCSP: [][]byte{s.answer(t, ocsp.Response{Status: ocsp.Good, NextUpdate: next})}}, pkitest.Now())
	wantVerdict(t, unknown, err, "good")
}
