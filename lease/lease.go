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
	Exactly  bool         // the first wish or nothing: the address belongs to the identity, whoever had it last
	Takeover bool         // the connection replaces others of the identity: what they hold is given to it as well
}

// A Lease is an address that an identity holds or held.
type Lease struct {
	Addr     netip.Addr `json:"addr"`
	Identity string     `json:"identity"`
	Online   bool       `json:"online"`
	Static   bool       `json:"static,omitempty"`
	Since    time.Time  `json:"since"` // of going online or offline
}

// Config says what a pool holds.
type Config struct {
	Name      string
	Ranges    []Range // of one family
	Exclude   []Range
	Static    map[string]netip.Addr // by identity; an address is that of one identity
	MaxLeases int                   // addresses in use or remembered at a time, static ones always fit; 0 is 262144
	Store     Store                 // nil: leases end with the process
}

// A Store keeps leases beyond the process. It is safe for concurrent use.
type Store interface {
	// Load returns the leases of a pool, those that it can read together with an error as well.
	Load(pool string) ([]Lease, error)
	// Save keeps a lease in place of what was kept for its address.
	Save(pool string, l Lease) error
	// Forget takes out what is kept for an address, if anything is.
	Forget(pool string, addr netip.Addr) error
}

// ErrExhausted means that every address of the pool is online.
var ErrExhausted = errors.New("address pool exhausted")
