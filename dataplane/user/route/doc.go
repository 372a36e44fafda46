// Package route directs the traffic of policies into a TUN device on Linux, and keeps it from going elsewhere.
//
// Each policy becomes a set of views: a view is what a policy routing rule can tell apart (source prefix, protocol and
// ports), with a table of its own that holds the routes to the remote addresses. The kernel's longest-prefix match does the
// rest, so that many policies that differ in their remote side cost one rule. All rules stand in one block of preferences:
//
//	4500        packets with our mark, which are IKE and ESP, jump to the end
//	4501...     views and bypasses in the order of the SPD; a bypass jumps to the end
//	5100        the end
//
// A view's routes point at the device, and behind each stands an unreachable route that takes effect when the device is
// gone: what a policy protects leaves protected or not at all. That holds after a crash too: rules and routes stay, and a
// successor removes them when its own stand. What another program removes is put back at once, as long as the device is there: whose
// device is gone does not own what stands any more. Packets without a source address yet, of sockets that are
// not bound, meet a view if the host owns an address in it, and get that address.
//
// Inbound, a table of nftables drops what a policy protects and arrives another way than through the device (RFC 4301,
// Section 5.2, step 3b): it looks up the route back to the sender, and where that leads into the device, the packet should
// have come from there. Policies with protocols or ports, which that question cannot express, get rules of their own. Since
// routing sees no ports in fragments, fragments that a host forwards and such a policy may want protected are dropped.
package route

import "net/netip"

// Numbers by which what the package made can be recognised: 4500 is the port of ESP in UDP, 50 the protocol number of ESP.
const (
	firstPreference = 4500
	lastPreference  = 5100
	firstTable      = 450000
	lastTable       = firstTable + 1<<16 - 1
	protocol        = 50 // of routes and rules, beside those of routing daemons in /etc/iproute2/rt_protos
)

// Config says where traffic goes.
type Config struct {
	Interface string // of the TUN device
	Index     int
	Mark      uint32 // of the sockets that carry IKE and ESP
	// Ports are the UDP ports on which IKE and ESP arrive, which the guard lets in. The last one is looked at first.
	Ports []uint16
	// Guard is the name of the nftables table; empty is "culvert".
	Guard string
}

// A Warning tells that the host lacks something, so that part of the work is not done. Code is stable.
type Warning struct {
	Code string
	Err  error
}

// Error returns code and cause.
func (w Warning) Error() string { return w.Code + ": " + w.Err.Error() }

// Unwrap returns the cause.
func (w Warning) Unwrap() error { return w.Err }

// Codes of warnings.
const (
	// WarnNoGuard means that inbound clear text is not refused, as nftables is unavailable.
	WarnNoGuard = "dataplane-no-guard"
	// WarnStrictFilter means that net.ipv4.conf.*.rp_filter is 1, which drops the ESP packets of a peer whose own address a
	// policy sends into the tunnel.
	WarnStrictFilter = "dataplane-strict-rp-filter"
)

// kernel is what a Plumber asks of the host.
type kernel interface {
	addRule(rule) error
	// restoreRule, and those like it, put something back if it is not there, and tell whether it was not.
	restoreRule(rule) (missing bool, err error)
	deleteRule(rule) error
	addRoute(route) error // replaces the one to the same destination in the table; may fail half-way
	restoreRoute(route) (missing bool, err error)
	deleteRoute(route) error
	addAddress(address) error
	restoreAddress(address) (missing bool, err error)
	deleteAddress(address) error
	// localAddresses are those of the host that routes may take as sources, the device's own first.
	localAddresses() ([]address, error)
	// linkMTU is the MTU of the link that our own packets to a host leave through; 0 when there is no way.
	linkMTU(netip.Addr) int
	// setGuard replaces the rules for policies with protocols or ports.
	setGuard([]guardRule) error
	// guarded tells whether the rules of the last setGuard stand.
	guarded() bool
	// present tells whether the device is there.
	present() bool
	// raise sets the device up, and tells whether it was down.
	raise() (was bool, err error)
	// refused counts the packets that the guard dropped.
	refused() (uint64, error)
	// settled removes what a predecessor left.
	settled() error
	close() error
}
