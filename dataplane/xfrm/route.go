package xfrm

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/spd"
)

// Policies of the kernel apply to packets that have a route and a source address already. So a table of the owner has, for
// what is on the peer's side of a policy, a route with the source address that its selectors ask for, if the host has one;
// and where a policy has an XFRM interface, a route into it. Packets with the mark of IKE and ESP do not look there.
const (
	firstTable = 449000
	preference = 4499
	protocol   = 50 // of ESP: whose routes they are
)

// routes is the host's routing, as far as it is ours. It is safe for concurrent use.
type routes struct {
	handle *netlink.Handle
	mark   uint32
	table  int
	alias  string // of interfaces, which `ip link` shows
	origin int    // of addresses, which `ip address` shows as proto

	mu       sync.Mutex
	policies map[dataplane.PolicyID]*needs
	links    map[string]int             // users
	rules    map[int]bool               // by family
	fits     map[dataplane.PolicyID]int // MTUs of the routes of policies that are to have some
	left     leftovers
}

// leftovers are what a predecessor that crashed has in the host. Its routes into interfaces keep packets from other ways.
type leftovers struct {
	routes    []netlink.Route
	links     map[string]*netlink.Xfrmi
	addresses []leftAddress
}

// needs is what one policy has in the host.
type needs struct {
	routes    []netlink.Route
	addresses []netip.Prefix
	device    string // of the addresses
	link      string // made for the policy
	ifID      uint32 // of the link
}

// loopback carries virtual addresses of policies without interface: they are the host's wherever packets leave.
const loopback = "lo"

// newRoutes takes over the network namespace of the calling thread. What a predecessor left stays until Settled.
func newRoutes(c Config) (*routes, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	r := &routes{
		handle: h, mark: c.Mark, table: firstTable + newOwner(c.Owner).number(), alias: "culvert " + c.Owner, origin: originOf(newOwner(c.Owner)),
		policies: make(map[dataplane.PolicyID]*needs), links: make(map[string]int), rules: make(map[int]bool), fits: make(map[dataplane.PolicyID]int),
	}
	if err := r.inherit(); err != nil {
		h.Close()
		return nil, fmt.Errorf("route: leftovers: %w", err)
	}
	return r, nil
}

// families are those of the tables.
func families() []int { return []int{unix.AF_INET, unix.AF_INET6} }

// inherit notes rules, routes and interfaces of a predecessor.
func (r *routes) inherit() error {
	for _, f := range families() {
		if err := r.inheritFamily(f); err != nil && !errors.Is(err, unix.EAFNOSUPPORT) {
			return err
		}
	}
	return errors.Join(r.inheritLinks(), r.inheritAddresses())
}

func (r *routes) inheritFamily(f int) error {
	list, err := r.handle.RouteListFiltered(f, &netlink.Route{Table: r.table, Protocol: protocol}, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return err
	}
	r.left.routes = append(r.left.routes, list...)
	rules, err := r.handle.RuleListFiltered(f, r.rule(f), netlink.RT_FILTER_TABLE|netlink.RT_FILTER_PRIORITY)
	r.rules[f] = len(rules) > 0
	return err
}

// Settled removes what is left of a predecessor and has no use.
func (r *routes) Settled() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for i := range r.left.routes {
		if !r.wanted(&r.left.routes[i]) {
			errs = append(errs, gone(r.handle.RouteDel(&r.left.routes[i])))
		}
	}
	errs = append(errs, r.dropAddresses())
	for name, l := range r.left.links {
		if r.links[name] == 0 {
			errs = append(errs, gone(r.handle.LinkDel(l)))
		}
	}
	r.left = leftovers{}
	for f, there := range r.rules {
		if there && !r.hasRoute(f) {
			errs = append(errs, gone(r.handle.RuleDel(r.rule(f))))
			r.rules[f] = false
		}
	}
	return errors.Join(errs...)
}

func (r *routes) hasRoute(family int) bool {
	for _, n := range r.policies {
		if slices.ContainsFunc(n.routes, func(route netlink.Route) bool { return route.Family == family }) {
			return true
		}
	}
	return false
}

func (r *routes) rule(family int) *netlink.Rule {
	rule := netlink.NewRule()
	rule.Family, rule.Table, rule.Priority, rule.Invert = family, r.table, preference, true
	mask := ^uint32(0)
	rule.Mark, rule.Mask = r.mark, &mask
	return rule
}

// gone makes success of the kernel's word that something is not there.
func gone(err error) error {
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EADDRNOTAVAIL) {
		return nil
	}
	return err
}

// Set makes the host follow a policy, in place of the one with its ID.
func (r *routes) Set(p *dataplane.Policy) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.policies[p.ID]
	if old == nil && !asks(p) {
		return nil
	}
	n, err := r.take(p)
	if err != nil {
		return errors.Join(fmt.Errorf("route: %w", err), r.give(n))
	}
	r.policies[p.ID] = n
	if old == nil {
		return nil
	}
	return r.give(old)
}

// asks tells whether a policy may need something of the host.
func asks(p *dataplane.Policy) bool { return p.Action == spd.Protect }

// Remove undoes Set.
func (r *routes) Remove(id dataplane.PolicyID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.fits, id)
	n := r.policies[id]
	if n == nil {
		return nil
	}
	delete(r.policies, id)
	return r.give(n)
}

// take makes what a policy needs. It returns what it made before any error.
func (r *routes) take(p *dataplane.Policy) (*needs, error) {
	n := &needs{device: loopback}
	if name := p.Kernel.Interface; name != "" {
		if err := r.takeLink(name, p.Kernel.IfIDOut.Number); err != nil {
			return n, err
		}
		n.device, n.link, n.ifID = name, name, p.Kernel.IfIDOut.Number
	}
	for _, a := range p.VirtualIPs {
		if err := r.address(n.device, a.Addr()); err != nil {
			return n, err
		}
		n.addresses = append(n.addresses, a)
	}
	list, err := r.plan(p, n)
	if err != nil {
		return n, err
	}
	for i := range list {
		if err := r.add(&list[i]); err != nil {
			return n, err
		}
		n.routes = append(n.routes, list[i])
	}
	return n, nil
}

func (r *routes) add(route *netlink.Route) error {
	if !r.rules[route.Family] {
		if err := r.handle.RuleAdd(r.rule(route.Family)); err != nil {
			return fmt.Errorf("rule: %w", err)
		}
		r.rules[route.Family] = true
	}
	if err := r.handle.RouteReplace(route); err != nil {
		return fmt.Errorf("route to %v: %w", route.Dst, err)
	}
	return nil
}

// give takes away what take made and no other policy has.
func (r *routes) give(n *needs) error {
	var errs []error
	for i := range n.routes {
		if !r.wanted(&n.routes[i]) {
			errs = append(errs, r.deleteRoute(n.routes[i]))
		}
	}
	for _, a := range n.addresses {
		if r.hasAddress(n.device, a.Addr()) {
			continue
		}
		errs = append(errs, r.dropAddress(n.device, a.Addr()))
	}
	if n.link != "" {
		errs = append(errs, r.giveLink(n.link))
	}
	return errors.Join(errs...)
}

// wanted tells whether another policy has a route to the same destination.
func (r *routes) wanted(route *netlink.Route) bool {
	for _, n := range r.policies {
		if slices.ContainsFunc(n.routes, func(o netlink.Route) bool { return o.Dst.String() == route.Dst.String() }) {
			return true
		}
	}
	return false
}

// Close removes everything.
func (r *routes) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for id, n := range r.policies {
		delete(r.policies, id)
		errs = append(errs, r.give(n))
	}
	for f, there := range r.rules {
		if there {
			errs = append(errs, gone(r.handle.RuleDel(r.rule(f))))
		}
	}
	r.handle.Close()
	return errors.Join(errs...)
}

func network(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
