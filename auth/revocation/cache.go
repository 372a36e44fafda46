package revocation

import (
	"context"
	"crypto/x509"
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
