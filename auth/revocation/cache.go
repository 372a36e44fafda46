package revocation

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"sync"
	"time"
)

// A key names what is remembered: what it is, where it is from, and for whom.
type key [sha256.Size]byte

// keyOf makes a key. The parts may come from certificates: they are told apart by their lengths, and only their hash is kept.
func keyOf(parts ...string) key {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return key(h.Sum(nil))
}

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
type CacheLimits struct {
	Entries int // remembered answers and failures: 1024
	Octets  int // of remembered lists and answers: 64 MiB
	Fetches int // at a time: 16; more wait
}

// A Cache remembers answers as long as they are valid, and failures for a while, within bounds of number and size, and joins
// questions that are under way. Checkers may share it; it is safe for concurrent use.
type Cache struct {
	mu      sync.Mutex
	values  map[key]value
	octets  int
	limits  CacheLimits
	flights flights
}

// NewCache returns an empty cache.
func NewCache(limits CacheLimits) *Cache {
	set(&limits.Entries, 1024)
	set(&limits.Octets, 64<<20)
	set(&limits.Fetches, 16)
	return &Cache{values: make(map[key]value), limits: limits, flights: newFlights(limits.Fetches)}
}

func (c *Cache) get(k key, now time.Time) (value, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[k]
	return v, ok && now.Before(v.expires)
}

// put remembers a value. To make room, what expires first is forgotten first. What is larger than all room is not kept.
func (c *Cache) put(k key, v value) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(k)
	if v.octets > c.limits.Octets {
		return
	}
	for len(c.values) >= c.limits.Entries || c.octets+v.octets > c.limits.Octets {
		c.forget(c.first())
	}
	c.values[k] = v
	c.octets += v.octets
}

func (c *Cache) forget(k key) {
	c.octets -= c.values[k].octets
	delete(c.values, k)
}

// first returns the key of what expires first.
func (c *Cache) first() key {
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
	v, err := c.cache.flights.do(ctx, k, func() value {
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
