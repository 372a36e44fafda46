package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
)

// TestForeignRequest: our request is that of openssl, octet by octet, with the same nonce.
func TestForeignRequest(t *testing.T) {
	want := read(t, "good.req")
	if got := newRequest(foreign(t, "good"), foreign(t, "ca"), foreignNonce(t, want)); !bytes.Equal(got, want) {
		t.Errorf("got\n%x, openssl has\n%x", got, want)
	}
}

// TestForeignAnswers: answers of openssl, signed by the CA and by a responder that it has named, with the nonce of the
// request.
func TestForeignAnswers(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, revoked := range map[string]bool{"good": false, "bad": true} {
		for _, kind := range []string{"", ".delegated"} {
			q := query{cert: foreign(t, name), issuer: foreign(t, "ca"), now: now}
			nonce := foreignNonce(t, read(t, name+".req"))
			verdict := func(der []byte) (status, error) {
				r, err := q.check(der, nonce)
				if err != nil {
					return status{}, err
				}
				return q.read(r)
			}
			der := read(t, name+kind+".resp")
			s, err := verdict(der)
			if err != nil || !s.known || s.revoked != revoked {
				t.Errorf("%s%s: %+v, %v", name, kind, s, err)
			}
			if revoked && (s.reason != 1 || s.at.IsZero()) {
				t.Errorf("reason %d at %v", s.reason, s.at)
			}
			if _, err := q.check(der, []byte("another nonce")); !errors.Is(err, errNonce) {
				t.Errorf("%s%s, another nonce: %v", name, kind, err)
			}
			for i := range der {
				changed := bytes.Clone(der)
				changed[i] ^= 0x20
				if s, err := verdict(changed); err == nil && s.revoked != revoked {
					t.Fatalf("%s%s: octet %d changes the answer", name, kind, i)
				}
				if _, err := verdict(der[:i]); err == nil {
					t.Fatalf("%s%s: %d octets pass", name, kind, i)
				}
			}
		}
	}
}

// TestForeignAnswersOfOtherKeys: answers of openssl, signed with keys that crypto/x509 does not know.
func TestForeignAnswersOfOtherKeys(t *testing.T) {
	for _, kind := range []string{"ed448", "rsapss"} {
		q := query{cert: foreign(t, kind+"-good"), issuer: foreign(t, kind+"-ca"), now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		der := read(t, kind+"-good.resp")
		r, err := q.check(der, foreignNonce(t, read(t, kind+"-good.req")))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if s, err := q.read(r); err != nil || !s.known || s.revoked {
			t.Errorf("%s: %+v, %v", kind, s, err)
		}
		der[60] ^= 1 // of the issuer that it names
		if _, err := q.check(der, nil); err == nil {
			t.Errorf("%s: changed, and still believed", kind)
		}
	}
}

func TestAnswers(t *testing.T) {
	now, hour := pkitest.Now(), time.Hour
	for _, tt := range []struct {
		name     string
		template ocsp.Response
		want     string
		word     string
	}{
		{"good", ocsp.Response{Status: ocsp.Good, NextUpdate: now.Add(hour)}, "good", ""},
		{"revoked", ocsp.Response{Status: ocsp.Revoked, RevokedAt: now.Add(-hour), RevocationReason: 4, NextUpdate: now.Add(hour)}, "revoked", "2026-06-01T11:00:00Z (superseded)"},
		{"not known", ocsp.Response{Status: ocsp.Unknown, NextUpdate: now.Add(hour)}, "unknown", "does not know"},
		{"no end, fresh", ocsp.Response{Status: ocsp.Good, ThisUpdate: now.Add(-hour)}, "good", ""},
		{"no end, old", ocsp.Response{Status: ocsp.Good, ThisUpdate: now.Add(-hour - time.Second)}, "unknown", "out of date"},
		{"out of date", ocsp.Response{Status: ocsp.Good, ThisUpdate: now.Add(-3 * hour), NextUpdate: now.Add(-time.Second)}, "unknown", "valid until"},
		{"of tomorrow", ocsp.Response{Status: ocsp.Good, ThisUpdate: now.Add(24 * hour), NextUpdate: now.Add(48 * hour)}, "unknown", "valid from"},
		{"about another", ocsp.Response{Status: ocsp.Good, SerialNumber: randomSerial(t), NextUpdate: now.Add(hour)}, "unknown", errQuestion.Error()},
		{"critical extension", ocsp.Response{Status: ocsp.Good, NextUpdate: now.Add(hour), ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}}, "unknown", "critical extension"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, withOCSP)
			s.answerWith(t, tt.template, s.root.Cert, s.root)
			unknown, err := s.ask(t, Strict)
			wantVerdict(t, unknown, err, tt.want, tt.word)
		})
	}
}

// TestResponders: who may answer (RFC 6960, Section 4.2.2.2).
func TestResponders(t *testing.T) {
	signing := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} }
	old := func(c *x509.Certificate) { c.NotAfter = pkitest.Now().Add(-time.Hour) }
	for _, tt := range []struct {
		name      string
		responder func(*testing.T, *scene) *pkitest.Authority
		want      string
		word      string
	}{
		{"named by the issuer", func(t *testing.T, s *scene) *pkitest.Authority { return newResponder(t, s.root, signing) }, "good", ""},
		{"not named for this", func(t *testing.T, s *scene) *pkitest.Authority { return newResponder(t, s.root) }, "unknown", "not for signing OCSP"},
		{"named by another CA", func(t *testing.T, s *scene) *pkitest.Authority { return newResponder(t, newScene(t).root, signing) }, "unknown", `"CN=responder" of the answer`},
		{"named by a CA below", func(t *testing.T, s *scene) *pkitest.Authority {
			return newResponder(t, s.root.Subordinate(t, "sub"), signing)
		}, "unknown", `"CN=responder" of the answer`},
		{"expired", func(t *testing.T, s *scene) *pkitest.Authority { return newResponder(t, s.root, signing, old) }, "unknown", "expired"},
		{"the certificate itself", func(t *testing.T, s *scene) *pkitest.Authority {
			r := newResponder(t, s.root)
			s.leaf = r.Cert
			s.leaf.OCSPServer = []string{ocspURL}
			return r
		}, "unknown", "not for signing OCSP"},
		{"another key", func(t *testing.T, s *scene) *pkitest.Authority {
			return &pkitest.Authority{Cert: s.root.Cert, Key: pkitest.NewKey(t)}
		}, "unknown", "does not match"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, withOCSP)
			r := tt.responder(t, s)
			s.answerWith(t, ocsp.Response{Status: ocsp.Good, NextUpdate: pkitest.Now().Add(time.Hour)}, r.Cert, r)
			unknown, err := s.ask(t, Strict)
			wantVerdict(t, unknown, err, tt.want, tt.word)
		})
	}
}

func newResponder(t *testing.T, ca *pkitest.Authority, changes ...func(*x509.Certificate)) *pkitest.Authority {
	t.Helper()
	key := pkitest.NewKey(t)
	return &pkitest.Authority{Cert: ca.Issue(t, "responder", key.Public(), changes...), Key: key}
}

// TestAnswerAboutAnotherIssuer: serial numbers repeat among issuers, so an answer must name the issuer, too.
func TestAnswerAboutAnotherIssuer(t *testing.T) {
	s, other := newScene(t, withOCSP), newScene(t)
	s.web.pages[ocspURL] = func([]byte) ([]byte, error) {
		template := ocsp.Response{Status: ocsp.Good, SerialNumber: s.leaf.SerialNumber, ThisUpdate: pkitest.Now(), NextUpdate: pkitest.Now().Add(time.Hour)}
		return ocsp.CreateResponse(other.root.Cert, s.root.Cert, template, s.root.Key)
	}
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "unknown", errQuestion.Error())
}

func TestAnswerIsNoAnswer(t *testing.T) {
	for what, doc := range map[string][]byte{
		"nothing": {}, "HTML": []byte("<html>"), "try later": ocsp.TryLaterErrorResponse, "unauthorized": ocsp.UnauthorizedErrorResponse,
		"too long": make([]byte, maxOCSPOctets+1),
	} {
		s := newScene(t, withOCSP)
		s.web.serve(ocspURL, doc)
		if unknown, err := s.ask(t, Strict); verdict(unknown, err) != "unknown" {
			t.Errorf("%s: %v, %v", what, unknown, err)
		}
	}
}

func TestLongAnswer(t *testing.T) {
	s := newScene(t, withOCSP)
	s.answerWith(t, ocsp.Response{Status: ocsp.Good, ExtraExtensions: []pkix.Extension{
		{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: make([]byte, maxOCSPOctets)}}}, s.root.Cert, s.root)
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "unknown", "65536 are accepted")
}

// TestOldAnswerIsAFailure: a server that gives old answers is not asked for each peer.
func TestOldAnswerIsAFailure(t *testing.T) {
	s := newScene(t, withOCSP)
	s.answerWith(t, ocsp.Response{Status: ocsp.Good, ThisUpdate: pkitest.Now().AddDate(0, 0, -2), NextUpdate: pkitest.Now().AddDate(0, 0, -1)}, s.root.Cert, s.root)
	c := NewChecker(s.web, Options{})
	for range 3 {
		unknown, err := c.Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now())
		wantVerdict(t, unknown, err, "unknown", "valid until")
	}
	if n := s.web.count(ocspURL); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestNonces: each request has one of its own, or none where that is configured.
func TestNonces(t *testing.T) {
	s := newScene(t)
	a, b := NonceTry.newNonce(), NonceRequire.newNonce()
	if len(a) != nonceOctets || bytes.Equal(a, b) || !bytes.Equal(foreignNonce(t, newRequest(s.leaf, s.root.Cert, a)), a) {
		t.Errorf("nonces %x and %x", a, b)
	}
	if NonceOff.newNonce() != nil {
		t.Error("a nonce although it is off")
	}
}

// TestNonceRules: the answers of our fixture have no nonce, those of a replayed answer another one.
func TestNonceRules(t *testing.T) {
	for rule, want := range map[Nonce]string{NonceTry: "good", NonceOff: "good", NonceRequire: "unknown"} {
		s := newScene(t, withOCSP)
		s.opt.Nonce = rule
		s.answerWith(t, ocsp.Response{Status: ocsp.Good, NextUpdate: pkitest.Now().Add(time.Hour)}, s.root.Cert, s.root)
		unknown, err := s.ask(t, Strict)
		if got := verdict(unknown, err); got != want {
			t.Errorf("%v: %s (%v), want %s", rule, got, err, want)
		}
	}
}

// TestFreshness: how old an answer may be is for the user to say (RFC 4806, Section 6).
func TestFreshness(t *testing.T) {
	for age, want := range map[time.Duration]string{0: "good", 3 * time.Hour: "good", time.Hour: "unknown"} {
		s := newScene(t, withOCSP)
		s.opt.MaxAge = age
		s.answerWith(t, ocsp.Response{Status: ocsp.Good, ThisUpdate: pkitest.Now().Add(-2 * time.Hour), NextUpdate: pkitest.Now().AddDate(0, 0, 7)}, s.root.Cert, s.root)
		unknown, err := s.ask(t, Strict)
		if got := verdict(unknown, err); got != want {
			t.Errorf("%v: %s (%v), want %s", age, got, err, want)
		}
	}
}

// TestConfiguredResponder answers for issuers that have not named it, where it is trusted, and only there: a cache that is
// shared does not spread trust.
func TestConfiguredResponder(t *testing.T) {
	s := newScene(t, withOCSP)
	other := pkitest.NewAuthority(t, "responder of somebody else")
	s.answerWith(t, ocsp.Response{Status: ocsp.Good, NextUpdate: pkitest.Now().Add(time.Hour)}, other.Cert, other)
	s.opt.Cache = NewCache(CacheLimits{})
	trusting := s.opt
	trusting.Responders = []*x509.Certificate{other.Cert}
	for _, tt := range []struct {
		opt  Options
		want string
	}{{trusting, "good"}, {s.opt, "unknown"}, {trusting, "good"}} {
		s.opt = tt.opt
		unknown, err := s.ask(t, Strict)
		wantVerdict(t, unknown, err, tt.want)
	}
	if n := s.web.count(ocspURL); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// TestManyCertificatesInAnAnswer: the certificates of an answer are read up to a bound.
func TestManyCertificatesInAnAnswer(t *testing.T) {
	r, err := parseResponse(read(t, "good.delegated.resp"))
	if err != nil || len(r.certificates) == 0 || len(r.certificates) > maxResponders {
		t.Fatalf("%d certificates, %v", len(r.certificates), err)
	}
}

func FuzzAnswer(f *testing.F) {
	nonce := foreignNonce(f, read(f, "good.req"))
	q := query{cert: foreign(f, "good"), issuer: foreign(f, "ca"), now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, name := range []string{"good.resp", "good.delegated.resp", "bad.resp"} {
		f.Add(read(f, name))
	}
	f.Add(ocsp.TryLaterErrorResponse)
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := q.check(der, nonce)
		if err != nil {
			return
		}
		if s, err := q.read(r); err != nil || s.revoked {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}
