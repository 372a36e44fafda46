package supervisor

import (
	"slices"

	"culvert/explain"
)

// Two peers may have children with the same selectors: hosts behind one NAT in transport mode (RFC 7296, Section 2.23.1), or networks
// with the same addresses. Nothing tells their packets apart but marks or interfaces: what is for either goes to the one that came
// first, until it is gone.

// traffics are the IKE SAs by what their children carry.
type traffics map[digest][]*tracked

// carry notes a child that came up, and tells when the same traffic is that of another peer already.
func (s *Supervisor) carry(t *tracked, c twin) {
	key := s.digestOfTraffic(c)
	first := s.traffics[key]
	s.traffics[key] = append(first, t)
	if i := slices.IndexFunc(first, func(o *tracked) bool { return o.peer != t.peer && !o.closing }); i >= 0 && t.link != nil {
		s.emit(Note{Connection: t.link.conn, Kind: NoteSameTraffic, Failure: failure(explain.IKESameTraffic,
			"child %q of %s carries %v === %v, which %s has already: packets for either go to %s while it is up",
			c.name, t.peer, c.local, c.remote, first[i].peer, first[i].peer)})
	}
}

// drop forgets a child.
func (s *Supervisor) drop(t *tracked, c twin) {
	key := s.digestOfTraffic(c)
	list := s.traffics[key]
	if i := slices.Index(list, t); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if s.traffics[key] = list; len(list) == 0 {
		delete(s.traffics, key)
	}
}
