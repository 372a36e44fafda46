// Package lease hands out addresses of pools to peers for the configuration payload (RFC 7296, Section 3.15).
package lease

import (
	"errors"
	"net/netip"
	"time"
)

// A Request asks for an address.
type Request struct {
	Identity string       // of the peer; leases stick to it
	Want     []netip.Addr // wishes, best first; an unspecified address or none is no wish
}

// A Lease is an address that an identity holds.
type Lease struct {
	Addr     netip.Addr
	Identity string
	Online   bool
	Static   bool
	Since    time.Time // of going online or offline
}

// A Pool is a set of addresses of one family. It is safe for concurrent use.
type Pool struct{}

// Config says what a pool holds.
type Config struct {
	Name    string
	Ranges  []Range
	Exclude []Range
	Static  map[string]netip.Addr // by identity
	Store   Store                 // nil: leases end with the process
}

// A Range is the addresses from First to Last.
type Range struct{ First, Last netip.Addr }

// A Store keeps leases beyond the process.
type Store interface {
	Load(pool string) ([]Lease, error)
	Save(pool string, l Lease) error
	Delete(pool string, addr netip.Addr) error
}

// ErrExhausted means that every address of the pool is online.
var ErrExhausted = errors.New("address pool exhausted")

// New returns a pool.
func New(c Config) (*Pool, error) { return nil, errors.ErrUnsupported }

// Acquire leases an address and marks it online.
func (p *Pool) Acquire(now time.Time, r Request) (Lease, error) {
	return Lease{}, errors.ErrUnsupported
}

// Release marks a lease offline; the identity gets the address again when it comes back.
func (p *Pool) Release(now time.Time, identity string, addr netip.Addr) {}
