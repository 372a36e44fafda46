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
	want := foreignRequest(t, read(t, "good.req"))
	plain, err := ocsp.CreateRequest(foreign(t, "good"), foreign(t, "ca"), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := addNonce(plain, want.nonce)
	if err != nil || !bytes.Equal(got, want.der) {
		t.Errorf("got\n%x, openssl has\n%x (%v)", got, want.der, err)
	}
}

// TestForeignAnswers: answers of openssl, signed by the CA and by a responder that it has named, with the nonce of the
// request.
func TestForeignAnswers(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, want := range map[string]int{"good": ocsp.Good, "bad": ocsp.Revoked} {
		for _, kind := range []string{"", ".delegated"} {
			q := query{cert: foreign(t, name), issuer: foreign(t, "ca"), now: now}
			req := foreignRequest(t, read(t, name+".req"))
			der := read(t, name+kind+".resp")
			answer, err := q.checkAnswer(der, req)
			if err != nil || answer.Status != want {
				t.Errorf("%s%s: %+v, %v", name, kind, answer, err)
			}
			if want == ocsp.Revoked && (answer.RevocationReason != 1 || answer.RevokedAt.IsZero()) {
				t.Errorf("reason %d at %v", answer.RevocationReason, answer.RevokedAt)
			}
			other := *req
			other.nonce = []byte("another nonce")
			if _, err := q.checkAnswer(der, &other); !errors.Is(err, errNonce) {
				t.Errorf("%s%s, another nonce: %v", name, kind, err)
			}
			for i := range der {
				changed := bytes.Clone(der)
				changed[i] ^= 0x20
				if a, err := q.checkAnswer(changed, req); err == nil && a.Status != want {
					t.Fatalf("%s%s: octet %d changes the answer", name, kind, i)
				}
				if _, err := q.checkAnswer(der[:i], req); err == nil {
					t.Fatalf("%s%s: %d octets pass", name, kind, i)
				}
			}
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
		{"about another", ocsp.Response{Status: ocsp.Good, SerialNumber: randomSerial(t), NextUpdate: now.Add(hour)}, "unknown", "no response matching"},
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
		}, "unknown", "verification failure"},
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
		unknown, err := c.Check(context.Background(), Strict, s.path(), pkitest.Now())
		wantVerdict(t, unknown, err, "unknown", "valid until")
	}
	if n := s.web.count(ocspURL); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestNonces: each request has one of its own.
func TestNonces(t *testing.T) {
	s := newScene(t)
	a, err := newRequest(s.leaf, s.root.Cert)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := newRequest(s.leaf, s.root.Cert)
	if len(a.nonce) != nonceOctets || bytes.Equal(a.nonce, b.nonce) || !bytes.Equal(foreignRequest(t, a.der).nonce, a.nonce) {
		t.Errorf("nonces %x and %x", a.nonce, b.nonce)
	}
}

func FuzzAnswer(f *testing.F) {
	req := foreignRequest(f, read(f, "good.req"))
	q := query{cert: foreign(f, "good"), issuer: foreign(f, "ca"), now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, name := range []string{"good.resp", "good.delegated.resp", "bad.resp"} {
		f.Add(read(f, name))
	}
	f.Add(ocsp.TryLaterErrorResponse)
	f.Fuzz(func(t *testing.T, der []byte) {
		if answer, err := q.checkAnswer(der, req); err == nil && answer.Status != ocsp.Good {
			t.Fatalf("%+v", answer)
		}
		req.check(der)
	})
}
