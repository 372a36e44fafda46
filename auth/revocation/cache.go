package revocation

import (
	"context"
	"crypto/x509"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"
)

// A key names what is remembered: its kind, where it is from and which certificate it is for or by.
type key struct{ kind, url, cert string }

// A value is what is remembered: a list, an answer, or a failure.
type value struct {
	crl     *x509.RevocationList
	answer  *ocsp.Response
	err     error
	octets  int
	expires time.Time
}

// A cache remembers values until they expire, within bounds of number and size.
type cache struct {
	mu                 sync.Mutex
	values             map[key]value
	octets             int
	maxEntries, maxAll int
}

func newCache(entries, octets int) cache {
	return cache{values: make(map[key]value), maxEntries: entries, maxAll: octets}
}

func (c *cache) get(k key, now time.Time) (value, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[k]
	return v, ok && now.Before(v.expires)
}

// put remembers a value. To make room, what expires first is forgotten first. What is larger than all room is not kept.
func (c *cache) put(k key, v value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(k)
	if v.octets > c.maxAll {
		return
	}
	for len(c.values) >= c.maxEntries || c.octets+v.octets > c.maxAll {
		c.forget(c.first())
	}
	c.values[k] = v
	c.octets += v.octets
}

func (c *cache) forget(k key) {
	c.octets -= c.values[k].octets
	delete(c.values, k)
}

// first returns the key of what expires first.
func (c *cache) first() key {
	var first key
	var expires time.Time
	for k, v := range c.values {
		if expires.IsZero() || v.expires.Before(expires) {
			first, expires = k, v.expires
		}
	}
	return first
}

// recall returns what is remembered under a key, or else makes it, for all who ask at the same time but once, and remembers
// it, failures for Options.Retry.
func (c *Checker) recall(ctx context.Context, k key, now time.Time, produce func(context.Context) (value, error)) (value, error) {
	if v, ok := c.cache.get(k, now); ok {
		return v, v.err
	}
	v, err := c.flights.do(ctx, k, func() value {
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
