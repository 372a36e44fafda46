// Package memo remembers what was fetched, within bounds of number and size, and lets those who want the same thing at the
// same time share one fetch.
package memo

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// A Key names what is remembered.
type Key [sha256.Size]byte

// KeyOf makes a key. The parts may come from strangers: they are told apart by their lengths, and only their hash is kept.
func KeyOf(parts ...string) Key {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return Key(h.Sum(nil))
}

// Limits bound a Memo. A zero field takes its default.
type Limits struct {
	Entries int // things remembered: 1024
	Octets  int // of all of them: 64 MiB
	Fetches int // at a time: 16; more wait
}

// A Memo remembers values of one kind. It is safe for concurrent use.
type Memo[V any] struct {
	mu      sync.Mutex
	entries map[Key]entry[V]
	octets  int
	limits  Limits
	flights map[Key]*flight[V]
	slots   chan struct{}
}

type entry[V any] struct {
	value   V
	octets  int
	expires time.Time
}

// New returns an empty memo.
func New[V any](limits Limits) *Memo[V] {
	set(&limits.Entries, 1024)
	set(&limits.Octets, 64<<20)
	set(&limits.Fetches, 16)
	return &Memo[V]{entries: make(map[Key]entry[V]), limits: limits, flights: make(map[Key]*flight[V]), slots: make(chan struct{}, limits.Fetches)}
}

func set(field *int, fallback int) {
	if *field <= 0 {
		*field = fallback
	}
}

// Get returns a value that has not expired.
func (m *Memo[V]) Get(k Key, now time.Time) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	return e.value, ok && now.Before(e.expires)
}

// Values are those that have not expired, in no order.
func (m *Memo[V]) Values(now time.Time) []V {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []V
	for _, e := range m.entries {
		if now.Before(e.expires) {
			list = append(list, e.value)
		}
	}
	return list
}

// Put remembers a value. To make room, what expires first is forgotten first. What is larger than all room is not kept.
func (m *Memo[V]) Put(k Key, v V, octets int, expires time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(k)
	if octets > m.limits.Octets {
		return
	}
	for len(m.entries) >= m.limits.Entries || m.octets+octets > m.limits.Octets {
		m.forget(m.first())
	}
	m.entries[k] = entry[V]{v, octets, expires}
	m.octets += octets
}

// Clear forgets everything.
func (m *Memo[V]) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.entries)
	m.octets = 0
}

func (m *Memo[V]) forget(k Key) {
	m.octets -= m.entries[k].octets
	delete(m.entries, k)
}

// first returns the key of what expires first.
func (m *Memo[V]) first() Key {
	var first Key
	var expires time.Time
	for k, e := range m.entries {
		if expires.IsZero() || e.expires.Before(expires) {
			first, expires = k, e.expires
		}
	}
	return first
}
