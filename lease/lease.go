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
	Addr     netip.Addr `json:"addr"`
	Identity string     `json:"identity"`
	Online   bool       `json:"online"`
	Static   bool       `json:"static,omitempty"`
	Since    time.Time  `json:"since"` // of going online or offline
}

// Config says what a pool holds.
type Config struct {
	Name    string
	Ranges  []Range // of one family
	Exclude []Range
	Static  map[string]netip.Addr // by identity
	Store   Store                 // nil: leases end with the process
}

// A Range is the addresses from First to Last.
type Range struct{ First, Last netip.Addr }

// A Store keeps leases beyond the process. It is safe for concurrent use.
type Store interface {
	Load(pool string) ([]Lease, error)
	Save(pool string, l Lease) error
}

// ErrExhausted means that every address of the pool is online.
var ErrExhausted = errors.New("address pool exhausted")
