// Package removal hears what other programs remove and replace in the routing, the packet filter and the IPsec of a Linux host.
// systemd-networkd removes rules and routes that it does not know when it starts, network managers tidy up, packet filters are loaded
// anew, and people try things. Whoever has made what is gone puts it back.
//
// What is heard is a reason to look, and no more: the data plane's own removals are heard as well, word may be late, and when more
// comes than there is room for, Lost says so and anything may be gone.
package removal

import "net/netip"

// Kind is what an Event is about.
type Kind uint8

// The kinds.
const (
	Lost      Kind = iota + 1 // events: look at everything
	Rule                      // a policy routing rule was removed
	Route                     // a route was removed
	Displaced                 // a route of another program has taken the place of one
	Arrival                   // an address has come
	Address                   // an address was removed
	Link                      // an interface has come or changed
	Unlinked                  // an interface was removed
	Filter                    // something of a table of nftables was removed
	Policy                    // policies of XFRM were removed
	State                     // states of XFRM were removed
)

// An Event is one piece of news, with what belongs to its kind.
type Event struct {
	Kind       Kind
	V6         bool         // Rule
	Preference int          // Rule
	Table      int          // Rule, Route, Displaced; 0: it has none
	Remote     netip.Prefix // Route, Displaced
	Link       int          // Arrival, Address, Link, Unlinked: number of the interface
	Up         bool         // Link
	Name       string       // Filter: that of the table
}
