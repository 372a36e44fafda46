package ike

import (
	"cmp"
	"net/netip"
	"slices"

	"culvert/auth"
	"culvert/dataplane"
)

// Connections is the set of configured connections, found by address first and by identity later: the Peer Authorization
// Database (RFC 4301, Section 4.4.3). It is immutable and safe for concurrent use.
type Connections struct {
	list     []*Connection
	byName   map[string]*Connection
	byRemote map[netip.Prefix][]*Connection
	lengths  []netip.Prefix // the kinds of prefixes in byRemote, longest first; only family and length count
	byID     map[auth.Identity][]*Connection
	patterns []*Connection // those whose peer is known by a pattern only
}

// NewConnections returns a set. Where several connections fit equally the first counts.
func NewConnections(list ...*Connection) *Connections {
	cs := &Connections{list: list, byName: map[string]*Connection{}, byRemote: map[netip.Prefix][]*Connection{}, byID: map[auth.Identity][]*Connection{}}
	for _, c := range list {
		if cs.byName[c.Name] == nil {
			cs.byName[c.Name] = c
		}
		for _, p := range orAny(c.RemoteAddrs) {
			cs.index(p.Masked(), c)
		}
		if id := c.remoteID(); id.IsPattern() {
			cs.patterns = append(cs.patterns, c)
		} else {
			cs.byID[id.Canonical()] = append(cs.byID[id.Canonical()], c)
		}
	}
	slices.SortStableFunc(cs.lengths, func(a, b netip.Prefix) int { return cmp.Compare(b.Bits(), a.Bits()) })
	return cs
}

func (cs *Connections) index(p netip.Prefix, c *Connection) {
	cs.byRemote[p] = append(cs.byRemote[p], c)
	same := func(l netip.Prefix) bool { return l.Bits() == p.Bits() && l.Addr().Is4() == p.Addr().Is4() }
	if !slices.ContainsFunc(cs.lengths, same) {
		cs.lengths = append(cs.lengths, p)
	}
}

// orAny returns the prefixes, or those of all addresses when there is none.
func orAny(list []netip.Prefix) []netip.Prefix {
	if len(list) > 0 {
		return list
	}
	return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
}

// Find returns a connection by name.
func (cs *Connections) Find(name string) (*Connection, bool) {
	if cs == nil {
		return nil, false
	}
	c, ok := cs.byName[name]
	return c, ok
}

// ForPath yields the connections for the addresses and the transport of a path, the most specific remote prefix first.
func (cs *Connections) ForPath(path dataplane.Path) func(yield func(*Connection) bool) {
	local, remote := path.Local.Addr().Unmap(), path.Remote.Addr().Unmap()
	return func(yield func(*Connection) bool) {
		if cs == nil {
			return
		}
		for _, l := range cs.lengths {
			if l.Addr().Is4() != remote.Is4() {
				continue
			}
			p, _ := remote.Prefix(l.Bits())
			for _, c := range cs.byRemote[p] {
				if holds(c.LocalAddrs, local) && c.carries(path.Transport) && !yield(c) {
					return
				}
			}
		}
	}
}

// ForIdentity yields the connections that may be meant by a peer's identity: those for exactly it, then the patterns.
func (cs *Connections) ForIdentity(id auth.Identity) func(yield func(*Connection) bool) {
	return func(yield func(*Connection) bool) {
		if cs == nil {
			return
		}
		for _, c := range cs.byID[id.Canonical()] {
			if !yield(c) {
				return
			}
		}
		for _, c := range cs.patterns {
			if c.remoteID().Matches(id) && !yield(c) {
				return
			}
		}
	}
}

// holds tells whether one of the prefixes holds the address; none at all is any.
func holds(list []netip.Prefix, a netip.Addr) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// covers tells whether a connection allows the addresses and the transport of a path.
func (c *Connection) covers(path dataplane.Path) bool {
	return c.carries(path.Transport) && holds(c.LocalAddrs, path.Local.Addr()) && holds(c.RemoteAddrs, path.Remote.Addr())
}

// remoteID is the pattern for the peer's first identity.
func (c *Connection) remoteID() auth.Identity {
	if len(c.RemoteAuth) == 0 {
		return auth.Identity{}
	}
	return c.RemoteAuth[0].ID
}
