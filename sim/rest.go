package sim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

// Settle mends the network and lets time pass until everything that was begun has ended one way or the other: dead peers are
// found, connections that are wanted are up again, whatever lingers is forgotten. Then it waits for a moment without
// exchanges.
func (l *Lab) Settle() {
	l.FairWeather()
	l.Run(settleTime)
	if !l.RunUntil(time.Minute, l.quiet) {
		l.Problem("there is no rest")
	}
}

// settleTime is longer than a dead peer, an orphaned SA and a remembered answer live together, with the terms of the
// laboratory.
const settleTime = 9 * time.Minute

// FairWeather ends all faults of the network. Delays stay.
func (l *Lab) FairWeather() {
	for _, n := range l.nodes {
		n.Up, n.Down = n.Up.fair(), n.Down.fair()
		if n.behind != nil {
			n.behind.Up, n.behind.Down = n.behind.Up.fair(), n.behind.Down.fair()
		}
	}
	clear(l.Network.cut)
	l.Network.Intercept = nil
}

func (w Weather) fair() Weather { return Weather{Delay: w.Delay, Jitter: w.Jitter, MTU: w.MTU} }

// quiet tells whether nothing is under way.
func (l *Lab) quiet() bool {
	for _, n := range l.nodes {
		if n.Running() && (n.core.working > 0 || len(n.restless()) > 0) {
			return false
		}
	}
	return true
}

// CheckRest holds a laboratory at rest against what must be true then, and notes every problem.
func (l *Lab) CheckRest() {
	for _, n := range l.nodes {
		if n.Running() {
			n.checkRest()
			n.checkPeers()
		}
	}
}

// checkRest looks at one node alone: nothing is half done, the data plane has what the engine has, and nothing more.
func (n *Node) checkRest() {
	l, c := n.lab, n.core
	for _, err := range n.restless() {
		l.Problem("%s at rest: %v", n.Name, err)
	}
	n.check(c.plane.Check(), "leaks")
	children, policies := 0, map[dataplane.PolicyID]bool{}
	for _, s := range n.Status() {
		children += len(s.Children)
		for _, child := range s.Children {
			policies[child.Policy] = true
		}
		if s.State != ike.StateEstablished {
			l.Problem("%s: IKE SA %v is still %v", n.Name, s.LocalSPI, s.State)
		}
	}
	census := c.plane.Census()
	if census.Inbound != children || census.Outbound != children || census.SPIs != children {
		l.Problem("%s has %d children and in the data plane %+v", n.Name, children, census)
	}
	if census.Policies != len(policies)+len(c.standing) {
		l.Problem("%s has %d policies in the data plane, %d of children and %d configured", n.Name, census.Policies, len(policies), len(c.standing))
	}
	n.checkBook()
	n.checkWanted()
}

// Status lists the IKE SAs of all shards.
func (n *Node) Status() []ike.SAStatus {
	var all []ike.SAStatus
	for _, s := range n.core.shards {
		all = append(all, s.Status()...)
	}
	return all
}

// checkBook holds what the news told against what is: the operator sees the truth.
func (n *Node) checkBook() {
	status := n.Status()
	if len(status) != len(n.core.book.sas) {
		n.lab.Problem("%s has %d IKE SAs and the news told of %d", n.Name, len(status), len(n.core.book.sas))
	}
	for _, s := range status {
		e := n.core.book.sas[s.LocalSPI]
		if e == nil {
			n.lab.Problem("%s: the news did not tell of IKE SA %v", n.Name, s.LocalSPI)
			continue
		}
		var is []uint32
		for _, c := range s.Children {
			is = append(is, c.InSPI)
		}
		if told := slices.Sorted(maps.Keys(e.Children)); !slices.Equal(told, slices.Sorted(slices.Values(is))) {
			n.lab.Problem("%s: IKE SA %v has children %08x and the news told of %08x", n.Name, s.LocalSPI, is, told)
		}
		if !n.core.supervisor.Knows(s.LocalSPI) {
			n.lab.Problem("%s: the supervisor does not know IKE SA %v", n.Name, s.LocalSPI)
		}
	}
}

// checkWanted sees to it that what is wanted is up, and nothing more than once for a peer.
func (n *Node) checkWanted() {
	for _, link := range n.core.supervisor.Status() {
		if name := link.Connection.Name; link.Wanted && n.Established(name) == 0 {
			n.lab.Problem("%s wants %s and it is not up: %v", n.Name, name, link.Failure)
		}
	}
	seen := map[string]int{}
	once := func(what string, e *Entry) {
		what += " of " + e.Connection.Name + " with " + e.Peer
		if seen[what]++; seen[what] == 2 && e.Connection.Unique <= ike.UniqueKeep {
			n.lab.Problem("%s has more than one %s", n.Name, what)
		}
	}
	for _, e := range n.SAs() {
		once("IKE SA", e)
		for _, c := range e.Children {
			if c.Resource == 0 {
				once("child "+c.Name, e)
			}
		}
	}
}

// checkPeers holds every IKE SA against the one at its other end.
func (n *Node) checkPeers() {
	for _, s := range n.Status() {
		peer, other := n.lab.otherEnd(n, s)
		if peer == nil {
			n.lab.Problem("%s: IKE SA %v has no other end", n.Name, s.LocalSPI)
			continue
		}
		if other.Initiator == s.Initiator || other.Suite != s.Suite || other.Local != s.Remote {
			n.lab.Problem("%s and %s do not agree on IKE SA %v", n.Name, peer.Name, s.LocalSPI)
		}
		if err := agree(s.Children, other.Children); err != nil {
			n.lab.Problem("%s and %s: %v", n.Name, peer.Name, err)
		}
	}
}

// otherEnd finds the SA whose peer is this one.
func (l *Lab) otherEnd(n *Node, s ike.SAStatus) (*Node, ike.SAStatus) {
	for _, m := range l.nodes {
		if m == n || !m.Running() {
			continue
		}
		for _, o := range m.Status() {
			if o.LocalSPI == s.RemoteSPI && o.RemoteSPI == s.LocalSPI {
				return m, o
			}
		}
	}
	return nil, ike.SAStatus{}
}

// agree holds the children of both ends against each other.
func agree(ours, theirs []ike.ChildInfo) error {
	bySPI := func(a, b ike.ChildInfo) int { return cmp.Compare(a.InSPI, b.InSPI) }
	mirrored := slices.Clone(theirs)
	for i := range mirrored {
		c := &mirrored[i]
		c.InSPI, c.OutSPI, c.Local, c.Remote = c.OutSPI, c.InSPI, c.Remote, c.Local
	}
	ours = slices.Clone(ours)
	slices.SortFunc(ours, bySPI)
	slices.SortFunc(mirrored, bySPI)
	if len(ours) != len(mirrored) {
		return fmt.Errorf("%d and %d children", len(ours), len(theirs))
	}
	var found []error
	for i, c := range ours {
		o := mirrored[i]
		switch {
		case c.InSPI != o.InSPI || c.OutSPI != o.OutSPI:
			found = append(found, fmt.Errorf("SPIs of child %s are %08x, %08x here and %08x, %08x there", c.Name, c.InSPI, c.OutSPI, o.OutSPI, o.InSPI))
		case c.Mode != o.Mode || c.Suite != o.Suite || c.Name != o.Name:
			found = append(found, fmt.Errorf("child %08x is %s %v %s here and %s %v %s there", c.InSPI, c.Name, c.Mode, c.Suite, o.Name, o.Mode, o.Suite))
		case !sameTraffic(c.Local, o.Local) || !sameTraffic(c.Remote, o.Remote):
			found = append(found, fmt.Errorf("child %s is for %v - %v here and %v - %v there", c.Name, c.Local, c.Remote, o.Local, o.Remote))
		}
	}
	return errors.Join(found...)
}

// sameTraffic compares selectors; those of single addresses may differ, because a NAT can stand between the views.
func sameTraffic(a, b []spd.Selector) bool {
	single := func(s spd.Selector) bool { return s.Start == s.End }
	return slices.EqualFunc(a, b, func(x, y spd.Selector) bool { return x == y || single(x) && single(y) })
}

// SPIOf returns the SPI of the only IKE SA of a connection, or 0.
func (n *Node) SPIOf(connection string) wire.SPI {
	var spi wire.SPI
	for _, e := range n.SAs() {
		if e.Connection.Name == connection {
			spi = e.SPI
		}
	}
	return spi
}
