package revocation

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
)

func (s *scene) staple(c *Checker, at time.Duration) ([]byte, error) {
	return c.Staple(context.Background(), s.leaf, s.root.Cert, pkitest.Now().Add(at))
}

// TestStaple: one answer is shown until it ends; after half its time the next one is fetched while the old one is shown.
func TestStaple(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, withOCSP)
		first := s.answer(t, ocsp.Response{Status: ocsp.Good, NextUpdate: pkitest.Now().Add(4 * time.Hour)})
		second := s.answer(t, ocsp.Response{Status: ocsp.Good, ThisUpdate: pkitest.Now().Add(2 * time.Hour), NextUpdate: pkitest.Now().Add(6 * time.Hour)})
		c := NewChecker(s.web, Options{})
		s.web.serve(ocspURL, first)
		for _, at := range []time.Duration{0, time.Hour, 2*time.Hour - time.Second} {
			if got, err := s.staple(c, at); err != nil || !bytes.Equal(got, first) {
				t.Fatalf("at %v: %v", at, err)
			}
		}
		if n := s.web.count(ocspURL); n != 1 {
			t.Fatalf("asked %d times", n)
		}
		s.web.serve(ocspURL, second)
		if got, err := s.staple(c, 2*time.Hour); err != nil || !bytes.Equal(got, first) {
			t.Fatalf("while the next one is fetched: %v", err)
		}
		synctest.Wait()
		if got, err := s.staple(c, 3*time.Hour); err != nil || !bytes.Equal(got, second) {
			t.Fatalf("the next one: %v", err)
		}
		if n := s.web.count(ocspURL); n != 2 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestStapleKeepsTheOld: a server that is away does not cost the answer that is still valid.
func TestStapleKeepsTheOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, withOCSP)
		first := s.answer(t, ocsp.Response{Status: ocsp.Good, NextUpdate: pkitest.Now().Add(4 * time.Hour)})
		c := NewChecker(s.web, Options{})
		s.web.serve(ocspURL, first)
		if _, err := s.staple(c, 0); err != nil {
			t.Fatal(err)
		}
		delete(s.web.pages, ocspURL)
		for _, at := range []time.Duration{3 * time.Hour, 3*time.Hour + time.Second, 4*time.Hour - time.Second} {
			if got, err := s.staple(c, at); err != nil || !bytes.Equal(got, first) {
				t.Errorf("at %v: %v", at, err)
			}
			synctest.Wait()
		}
		if n := s.web.count(ocspURL); n != 3 {
			t.Errorf("asked %d times", n)
		}
		if _, err := s.staple(c, 4*time.Hour); err == nil {
			t.Error("an answer that has ended is shown")
		}
	})
}

// TestStapleDoesNotWait: a server that hangs delays the first exchange a little, and the exchange goes on without.
func TestStapleDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, withOCSP)
		s.web.pages[ocspURL] = nil
		start := time.Now()
		if _, err := s.staple(NewChecker(s.web, Options{}), 0); err == nil {
			t.Error("an answer of nobody")
		}
		if waited := time.Since(start); waited != stapleWait {
			t.Errorf("waited for %v", waited)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}

// TestNotStapled: what does not say good, or would not be believed, is not shown.
func TestNotStapled(t *testing.T) {
	now := pkitest.Now()
	for name, doc := range map[string]func(*testing.T, *scene) []byte{
		"revoked": func(t *testing.T, s *scene) []byte {
			return s.answer(t, ocsp.Response{Status: ocsp.Revoked, RevokedAt: now, NextUpdate: now.Add(time.Hour)})
		},
		"not known": func(t *testing.T, s *scene) []byte {
			return s.answer(t, ocsp.Response{Status: ocsp.Unknown, NextUpdate: now.Add(time.Hour)})
		},
		"forged": func(t *testing.T, s *scene) []byte {
			return newScene(t).answer(t, ocsp.Response{Status: ocsp.Good, SerialNumber: s.leaf.SerialNumber, NextUpdate: now.Add(time.Hour)})
		},
		"try later": func(*testing.T, *scene) []byte { return ocsp.TryLaterErrorResponse },
	} {
		s := newScene(t, withOCSP)
		s.web.serve(ocspURL, doc(t, s))
		if _, err := s.staple(NewChecker(s.web, Options{}), 0); err == nil {
			t.Errorf("%s: shown", name)
		}
	}
	s := newScene(t)
	if _, err := s.staple(NewChecker(s.web, Options{}), 0); err == nil {
		t.Error("an answer without a server")
	}
}
