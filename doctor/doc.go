// Package doctor examines a host that runs tunnels, or is to run some: what is in their way, in words, each with what to do next.
//
// Examination is a table of checks, one file for each concern. A check looks at the host through Host alone, so that every fault can be
// made in a test. None changes anything, and all but few work without privileges; those say what root would add.
package doctor

import (
	"context"
	"io/fs"
	"net/netip"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/dataplane/xfrm"
	"culvert/doctor/filter"
)

// A Host is the machine that is examined, in the network namespace of the calling thread.
type Host interface {
	// Files is the file system, with its root "/".
	Files() fs.FS
	// Bind tells whether a socket could be bound: "udp" or "tcp" at an address.
	Bind(network string, at netip.AddrPort) error
	// Interfaces lists those that are up.
	Interfaces() ([]Interface, error)
	// Route is the way to an address.
	Route(to netip.Addr) (Route, error)
	// Filter reads the rules of nftables.
	Filter() (*filter.Ruleset, error)
	// KernelESP tries whether the kernel carries ESP.
	KernelESP() error
	// XFRM counts states and policies of the kernel.
	XFRM() (xfrm.Census, error)
	// Synchronised tells whether the clock is set by NTP.
	Synchronised() (bool, error)
	// Lookup asks the resolver for the addresses of a name.
	Lookup(ctx context.Context, name string) ([]netip.Addr, error)
	// Reach asks whether a peer answers IKE over UDP, and how large the packets are that arrive there whole; 0 is not known.
	Reach(ctx context.Context, peer netip.AddrPort) (answers bool, mtu int, err error)
}

// An Interface is a network interface that is up.
type Interface struct {
	Name      string
	MTU       int
	Loopback  bool
	Addresses []netip.Prefix
}

// A Route is a way to an address.
type Route struct {
	Interface string
	Source    netip.Addr
	MTU       int // of the first link, or what the kernel has learnt about the path
}

// A Patient is what is examined: a host, its configuration, and the daemon if one answers.
type Patient struct {
	Host        Host
	Now         time.Time
	Path        string         // of the configuration
	Config      *config.Config // nil: there is none that can be used
	Diagnostics config.Diagnostics
	Socket      string
	Status      *api.Status // nil: no daemon answers
	Unreachable error       // why not
	Loaded      Loaded      // what the daemon has that is not in the file
}

// Loaded are connections that came to the daemon in another way than by the file: over VICI, or from a tree as /etc/swanctl.
type Loaded struct {
	Connections  []*config.Connection // as config.Outline has them
	Certificates []api.Certificate    // all that the daemon has
	Err          error                // why nothing is known of them; nil: it is
}

// Level is how bad a finding is.
type Level string

// The levels, from the best on.
const (
	OK      Level = "ok"
	Unknown Level = "unknown" // it could not be told, for lack of rights as a rule
	Warn    Level = "warn"    // something may go wrong, or has
	Fail    Level = "fail"    // something cannot work
)

// A Finding is what a check has found.
type Finding struct {
	Check  string `json:"check"`
	Level  Level  `json:"level"`
	Text   string `json:"text"`
	Action string `json:"action,omitempty"`
}

// A Report has all findings, in the order of the checks.
type Report []Finding

// Count tells how many findings have a level.
func (r Report) Count(l Level) (n int) {
	for _, f := range r {
		if f.Level == l {
			n++
		}
	}
	return n
}

// Of returns the findings of a level.
func (r Report) Of(l Level) Report {
	var list Report
	for _, f := range r {
		if f.Level == l {
			list = append(list, f)
		}
	}
	return list
}
