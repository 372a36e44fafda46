package supervisor

import (
	"net/netip"
	"slices"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/spd"
)

// childName names a child of a connection.
type childName struct{ connection, child string }

// policies are the entries of the SPD that come from the configuration: traps, blocks, and what bypasses or is
// discarded. Those of children that are up belong to their IKE SAs and lie above.
type policies struct {
	fresh  func() dataplane.PolicyID
	owner  map[dataplane.PolicyID]childName
	ids    map[childName]dataplane.PolicyID
	static map[string]dataplane.PolicyID // configured bypass and discard that are set, by name

	configured []dataplane.Policy // bypass and discard
	off        map[string]bool    // those that the operator took away
}

func newPolicies(fresh func() dataplane.PolicyID) policies {
	return policies{fresh: fresh, owner: map[dataplane.PolicyID]childName{},
		ids: map[childName]dataplane.PolicyID{}, static: map[string]dataplane.PolicyID{}, off: map[string]bool{}}
}

// trap has packets of a child ask for it.
func (s *Supervisor) trap(l *link, c *ike.ChildConfig) { s.protect(l, c, true) }

// block keeps the traffic of a child from leaving in clear text while the child is down.
func (s *Supervisor) block(l *link, c *ike.ChildConfig) {
	if c.Block || l.traps(c) {
		s.protect(l, c, l.traps(c))
	}
}

// protect sets the policy that lies below those of the child's SAs.
func (s *Supervisor) protect(l *link, c *ike.ChildConfig, trap bool) {
	name := childName{l.conn.Name, c.Name}
	id, ok := s.policies.ids[name]
	if !ok {
		id = s.policies.fresh()
		s.policies.ids[name], s.policies.owner[id] = id, name
	}
	s.emit(SetPolicy{dataplane.Policy{
		ID: id, Name: l.conn.Name + "/" + c.Name, Action: spd.Protect, Trap: trap, Mode: c.Mode,
		Local: concrete(c.Local, nil), Remote: concrete(c.Remote, l.hostsOf()), Priority: ike.StandInPriority(c.Priority), Kernel: l.conn.StandIn(c),
	}})
}

// concrete replaces dynamic selectors: before a virtual address is known any address may be meant, or any of some networks.
func concrete(list []spd.Selector, networks []netip.Prefix) []spd.Selector {
	if len(networks) == 0 {
		networks = []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	}
	var out []spd.Selector
	for _, sel := range list {
		if sel.Start.IsValid() {
			out = append(out, sel)
			continue
		}
		for _, p := range networks {
			all := spd.Prefix(p)
			sel.Start, sel.End = all.Start, all.End
			out = append(out, sel)
		}
	}
	return out
}

// hostsOf are the networks of hosts that a connection may be with; none: any, or a single peer.
func (l *link) hostsOf() []netip.Prefix {
	if l.open() {
		return l.conn.RemoteAddrs
	}
	return nil
}

// dynamic tells whether a list stands for addresses that are not known before the child is up.
func dynamic(list []spd.Selector) bool {
	return slices.ContainsFunc(list, func(s spd.Selector) bool { return !s.Start.IsValid() })
}

// standing tells whether the policy of a child is there all the time. A client's virtual address, or a peer that is only
// waited for, is not: those are blocked while they are wanted.
func standing(c *ike.ChildConfig) bool { return !dynamic(c.Local) && !dynamic(c.Remote) }

// unblock removes what is there only while a link is wanted.
func (s *Supervisor) unblock(l *link) {
	for _, c := range l.conn.Children {
		if !standing(c) && !l.traps(c) {
			s.unprotect(childName{l.conn.Name, c.Name})
		}
	}
}

func (s *Supervisor) unprotect(name childName) {
	if id, ok := s.policies.ids[name]; ok {
		delete(s.policies.ids, name)
		delete(s.policies.owner, id)
		s.emit(RemovePolicy{id})
	}
}
