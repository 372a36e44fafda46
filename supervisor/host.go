package supervisor

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/spd"
)

// A connection in transport mode may be with any host: none of its remote addresses is a single one. The packets that meet its
// traps say with whom then, and each host has an attempt of its own, beside those of others.

const (
	// maxHosts bounds the attempts of a connection with hosts, and maxResting the hosts that are left alone: a program may send to
	// every address of a network, and attempts that fail at once would go on as fast as its packets come.
	maxHosts   = 256
	maxResting = 16 * maxHosts
	// hostRest is how long a host is left alone after an attempt that has failed, unless the connection says otherwise.
	hostRest = 5 * time.Second
)

// ends are the addresses of a packet, which are those of the IKE SA that it asks for: transport mode is between hosts.
type ends struct{ local, remote netip.Addr }

func (e ends) compare(o ends) int {
	return cmp.Or(e.remote.Compare(o.remote), e.local.Compare(o.local))
}

// open tells whether a connection has no address of the peer.
func (l *link) open() bool {
	return len(l.conn.RemoteNames) == 0 && !slices.ContainsFunc(l.conn.RemoteAddrs, netip.Prefix.IsSingleIP)
}

// admits tells whether a connection may be with a host. Groups of hosts have no IKE SA, and packets of a host to itself need none.
func (l *link) admits(host netip.Addr) bool {
	if host.IsMulticast() || host.IsLoopback() || host.IsUnspecified() || host == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	return len(l.conn.RemoteAddrs) == 0 || slices.ContainsFunc(l.conn.RemoteAddrs, func(p netip.Prefix) bool { return p.Contains(host) })
}

// between returns the latest SA between two addresses that stays, or nil.
func (l *link) between(e ends) (best *tracked) {
	for _, t := range l.sas {
		if t.ends == e && !t.closing && (best == nil || t.order > best.order) {
			best = t
		}
	}
	return best
}

// attemptOf returns the attempt with a ticket, or nil.
func (l *link) attemptOf(ticket uint64) *attempt {
	if l == nil {
		return nil
	}
	if l.attempt != nil && l.attempt.ticket == ticket {
		return l.attempt
	}
	for _, a := range l.hosts {
		if a.ticket == ticket {
			return a
		}
	}
	return nil
}

// over forgets an attempt that has ended.
func (l *link) over(a *attempt) {
	if l.attempt == a {
		l.attempt = nil
		return
	}
	delete(l.hosts, a.ends())
}

// meet brings a child up with the host that a packet is for.
func (s *Supervisor) meet(l *link, child string, packet spd.Flow) {
	e := ends{packet.Source, packet.Destination}
	switch t := l.between(e); {
	case !l.admits(e.remote) || l.carries(child, packet) || l.hosts[e] != nil || s.now.Before(l.resting[e]):
	case t != nil:
		s.createChild(l, t, child, &packet)
	case len(l.hosts) < maxHosts && s.rests(l) < maxResting:
		s.tickets++
		a := &attempt{children: []string{child}, ticket: s.tickets, trigger: &packet, begun: true, addr: e.remote, local: e.local}
		l.hosts[e] = a
		s.try(l, a, s.transport(l, e.remote))
	}
}

// hostFailed ends an attempt with a host. The next packet for it asks again, after a while.
func (s *Supervisor) hostFailed(l *link, a *attempt, f *ike.Failure) {
	s.learnTransport(l, a, false)
	l.over(a)
	l.failure = f
	if s.rests(l) < maxResting {
		rest := hostRest
		if d := l.conn.Reconnect.Delay; d > 0 {
			rest = d
		}
		l.resting[a.ends()] = s.now.Add(rest)
	}
	s.emit(Note{Connection: l.conn, Kind: NoteGaveUp, Failure: f})
}

// rests counts the hosts that a connection leaves alone.
func (s *Supervisor) rests(l *link) int {
	if len(l.resting) >= maxResting {
		maps.DeleteFunc(l.resting, func(_ ends, until time.Time) bool { return !s.now.Before(until) })
	}
	return len(l.resting)
}

// BetweenHosts tells whether a policy is the trap of a connection with any host, for packets of this host alone.
func (s *Supervisor) BetweenHosts(id dataplane.PolicyID) bool {
	owner, ok := s.policies.owner[id]
	l := s.links[owner.connection]
	return ok && l != nil && l.open() && l.child(owner.child) != nil && l.child(owner.child).Mode == esp.Transport
}

// abandonHosts ends the attempts with hosts for a child, or all of them.
func (s *Supervisor) abandonHosts(l *link, child, reason string) {
	for _, e := range slices.SortedFunc(maps.Keys(l.hosts), ends.compare) {
		a := l.hosts[e]
		if child != "" && !slices.Contains(a.children, child) {
			continue
		}
		if delete(l.hosts, e); a.spi != 0 {
			s.emit(Command{SA: a.spi, Event: ike.Close{Reason: reason, Abandon: true}})
		}
	}
}
