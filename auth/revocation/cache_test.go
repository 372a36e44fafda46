package revocation

import (
	"context"
	"crypto/x509"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"culvert/auth/internal/pkitest"
)

func TestAnswersAreRemembered(t *testing.T) {
	s := newScene(t, withCRL)
	s.web.serve(crlURL, s.list(t).Raw)
	c := NewChecker(s.web, Options{})
	week := 7 * 24 * time.Hour
	for _, tt := range []struct {
		at    time.Duration
		asked int
		want  string
	}{{0, 1, "good"}, {time.Hour, 1, "good"}, {week - time.Second, 1, "good"}, {week, 2, "good"}} {
		unknown, err := c.Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now().Add(tt.at))
		if got := verdict(unknown, err); got != tt.want || s.web.count(crlURL) != tt.asked {
			t.Errorf("after %v: %s (%v), asked %d times, want %d", tt.at, got, err, s.web.count(crlURL), tt.asked)
		}
	}
}

// TestOneListForMany: certificates of one authority share its list, certificates of another of the name do not.
func TestOneListForMany(t *testing.T) {
	s, forger := newScene(t, withCRL), newScene(t, withCRL)
	s.web.serve(crlURL, s.list(t, s.leaf).Raw)
	c := NewChecker(s.web, Options{})
	second := s.root.Issue(t, "second", pkitest.NewKey(t).Public(), withCRL)
	for leaf, want := range map[*x509.Certificate]string{s.leaf: "revoked", second: "good"} {
		unknown, err := c.Check(context.Background(), Strict, []*x509.Certificate{leaf, s.root.Cert}, Shown{}, pkitest.Now())
		wantVerdict(t, unknown, err, want)
	}
	if n := s.web.count(crlURL); n != 1 {
		t.Errorf("asked %d times", n)
	}
	unknown, err := c.Check(context.Background(), Strict, forger.path(), Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "unknown", "does not match")
}

func TestFailuresAreRemembered(t *testing.T) {
	s := newScene(t, withCRL)
	c := NewChecker(s.web, Options{Retry: time.Minute})
	ask := func(at time.Duration) string {
		unknown, err := c.Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now().Add(at))
		return verdict(unknown, err)
	}
	if ask(0) != "unknown" || ask(time.Second) != "unknown" || s.web.count(crlURL) != 1 {
		t.Errorf("asked %d times", s.web.count(crlURL))
	}
	s.web.serve(crlURL, s.list(t).Raw)
	if ask(59*time.Second) != "unknown" || ask(time.Minute) != "good" || s.web.count(crlURL) != 2 {
		t.Errorf("asked %d times", s.web.count(crlURL))
	}
}

// TestOneFetchForMany: who asks for the same thing at the same time shares one question.
func TestOneFetchForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, withCRL)
		list, release := s.list(t).Raw, make(chan struct{})
		s.web.pages[crlURL] = func([]byte) ([]byte, error) { <-release; return list, nil }
		c := NewChecker(s.web, Options{})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				unknown, err := c.Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now())
				wantVerdict(t, unknown, err, "good")
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if n := s.web.count(crlURL); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestHangingServer: a server that never answers costs its own peer some seconds and nobody else anything
// (strongSwan, CVE-2022-40617).
func TestHangingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, withCRL)
		s.web.pages[crlURL] = nil
		good := s.root.Issue(t, "good", pkitest.NewKey(t).Public(), func(c *x509.Certificate) { c.CRLDistributionPoints = []string{crlURL + "?2"} })
		s.web.serve(crlURL+"?2", s.list(t).Raw)
		c := NewChecker(s.web, Options{Timeout: 10 * time.Second})

		start := time.Now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				unknown, err := c.Check(context.Background(), IfAvailable, s.path(), Shown{}, pkitest.Now())
				wantVerdict(t, unknown, err, "warned", "deadline")
			})
		}
		synctest.Wait()
		unknown, err := c.Check(context.Background(), Strict, []*x509.Certificate{good, s.root.Cert}, Shown{}, pkitest.Now())
		wantVerdict(t, unknown, err, "good")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("somebody else waited for %v", waited)
		}
		all.Wait()
		if waited := time.Since(start); waited != 10*time.Second || s.web.count(crlURL) != 1 {
			t.Errorf("waited for %v, asked %d times", waited, s.web.count(crlURL))
		}
		synctest.Wait()
	})
}

// TestGivenUp: an exchange that ended waits for nothing; the question goes on for others.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, withCRL)
		list := s.list(t).Raw
		s.web.pages[crlURL] = func([]byte) ([]byte, error) { time.Sleep(5 * time.Second); return list, nil }
		c := NewChecker(s.web, Options{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		unknown, err := c.Check(ctx, Strict, s.path(), Shown{}, pkitest.Now())
		wantVerdict(t, unknown, err, "unknown", "deadline")
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited for %v", waited)
		}
		unknown, err = c.Check(context.Background(), Strict, s.path(), Shown{}, pkitest.Now())
		wantVerdict(t, unknown, err, "good")
		if waited := time.Since(start); waited != 5*time.Second || s.web.count(crlURL) != 1 {
			t.Errorf("waited for %v, asked %d times", waited, s.web.count(crlURL))
		}
	})
}
