package revocation

import (
	"bytes"
	"context"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
)

// What was fetched can be listed as long as it counts: answers and lists, as they came, and no failures.
func TestWhatWasFetchedIsListed(t *testing.T) {
	cache, now := NewCache(CacheLimits{}), pkitest.Now()
	answered, listed, failed := newScene(t, withOCSP), newScene(t, withCRL), newScene(t, withCRL)
	answered.answerWith(t, ocsp.Response{Status: ocsp.Good}, answered.root.Cert, answered.root)
	crl := listed.list(t).Raw
	listed.web.serve(crlURL, crl)
	for _, s := range []*scene{answered, listed, failed} {
		_, _ = NewChecker(s.web, Options{Cache: cache}).Check(context.Background(), IfAvailable, s.path(), Shown{}, now)
	}
	lists, answers := cache.Fetched(now)
	if len(lists) != 1 || !bytes.Equal(lists[0], crl) {
		t.Errorf("%d lists", len(lists))
	}
	if len(answers) != 1 {
		t.Fatalf("%d answers", len(answers))
	}
	if r, err := ocsp.ParseResponse(answers[0], answered.root.Cert); err != nil || r.Status != ocsp.Good {
		t.Errorf("the answer is %v, %v", r, err)
	}
	if lists, answers := cache.Fetched(now.AddDate(1, 0, 0)); len(lists)+len(answers) != 0 {
		t.Errorf("a year later %d lists and %d answers count", len(lists), len(answers))
	}
	if lists, answers := cache.Fetched(now.Add(time.Second)); len(lists)+len(answers) != 2 {
		t.Errorf("a second later %d lists and %d answers count", len(lists), len(answers))
	}
}
