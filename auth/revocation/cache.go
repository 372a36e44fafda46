package revocation

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"
	"time"

	"culvert/auth/internal/memo"
)

// A value is what is remembered: a list, an answer, or a failure.
type value struct {
	crl      *x509.RevocationList
	response *response
	err      error
	octets   int
	expires  time.Time
	renew    time.Time // of an answer about ourselves: when the next one is fetched
}

// CacheLimits bound a Cache. A zero field takes its default.
type CacheLimits = memo.Limits

// A Cache remembers answers as long as they are valid, and failures for a while, and joins questions that are under way.
// Checkers may share it; it is safe for concurrent use.
type Cache struct{ *memo.Memo[value] }

// NewCache returns an empty cache.
func NewCache(limits CacheLimits) *Cache { return &Cache{memo.New[value](limits)} }

// put remembers a value as long as it says.
func (c *Cache) put(k memo.Key, v value) { c.Put(k, v, v.octets, v.expires) }

// Fetched are the revocation lists and the OCSP answers that are remembered, in DER. What several certificates need is there once.
func (c *Cache) Fetched(now time.Time) (lists, answers [][]byte) {
	for _, v := range c.Values(now) {
		if v.crl != nil {
			lists = append(lists, v.crl.Raw)
		}
		if v.response != nil {
			answers = append(answers, v.response.whole)
		}
	}
	return distinct(lists), distinct(answers)
}

func distinct(list [][]byte) [][]byte {
	slices.SortFunc(list, bytes.Compare)
	return slices.CompactFunc(list, bytes.Equal)
}

// recall returns what is remembered under a key, or else makes it, for all who ask at the same time but once, and remembers
// it, failures for Options.Retry.
func (c *Checker) recall(ctx context.Context, k memo.Key, now time.Time, produce func(context.Context) (value, error)) (value, error) {
	if v, ok := c.cache.Get(k, now); ok {
		return v, v.err
	}
	v, err := c.cache.Do(ctx, k, func() value {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opt.Timeout)
		defer cancel()
		v, err := produce(ctx)
		if err != nil {
			v = value{err: err, expires: now.Add(c.opt.Retry)}
		}
		c.cache.put(k, v)
		return v
	})
	if err != nil {
		return value{}, err
	}
	return v, v.err
}

// share takes one of n equal parts of the time that is left, so that a source that says nothing leaves the rest to the others.
func share(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || n < 2 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(n))
}

// onHold is the CRLReason of a revocation that may be taken back (RFC 5280, Section 5.3.1).
const onHold = 6

// revoked finds a final revocation among the answers and lists that are remembered: an answer from before, which a peer may show,
// does not undo it.
func (c *Checker) revoked(q query) (status, bool) {
	final := func(s status, err error) bool { return err == nil && s.revoked && s.reason != onHold }
	for _, url := range q.ocspServers() {
		if v, ok := c.cache.Get(q.key("ocsp", url, q.cert.Raw), q.now); ok && v.response != nil {
			if s, err := q.read(v.response); final(s, err) {
				return s, true
			}
		}
	}
	for _, url := range q.distributionPoints() {
		if v, ok := c.cache.Get(q.listKey(url, false), q.now); ok && v.crl != nil {
			if s, err := q.lookup(v.crl, nil); final(s, err) {
				return s, true
			}
		}
	}
	return status{}, false
}
