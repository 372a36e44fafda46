package supervisor

import (
	"culvert/ike"
	"culvert/spd"
)

// Of one configured child several may be up, if the peer narrows each to a part that holds the packet which asked for it (RFC 7296,
// Section 2.9). A new IKE SA has all of them made anew, each by the first address of its traffic in the place of the packet.

// maxAgain bounds how many of one IKE SA are made anew by themselves; packets ask for the others.
const maxAgain = 256

// again are the names of the children that an IKE SA in the place of t begins with, the packet for the first of them, and what follows.
func (t *tracked) again() (names []string, trigger *spd.Flow, others []twin) {
	for _, c := range t.link.conn.Children {
		list := t.named(c.Name)
		switch {
		case len(list) == 0:
			continue
		case len(list) == 1:
			names = append(names, c.Name)
			continue
		case len(names) == 0:
			names, trigger, list = append(names, c.Name), list[0].flow(), list[1:]
		}
		others = append(others, list...)
	}
	return names, trigger, others[:min(len(others), maxAgain)]
}

// named are the children of a name that differ in their traffic.
func (t *tracked) named(child string) (list []twin) {
	for _, c := range t.children {
		if c.name == child && !carries(list, c) {
			list = append(list, c)
		}
	}
	return list
}

func carries(list []twin, c twin) bool {
	for _, o := range list {
		if o.same(c) {
			return true
		}
	}
	return false
}

// flow is a packet of the child's.
func (c twin) flow() *spd.Flow {
	if len(c.local) == 0 || len(c.remote) == 0 {
		return nil
	}
	l, r := c.local[0], c.remote[0]
	f := &spd.Flow{Source: l.Start, Destination: r.Start, Protocol: max(l.Protocol, r.Protocol), SourcePort: l.StartPort, DestinationPort: r.StartPort}
	f.Opaque = l.StartPort != l.EndPort || r.StartPort != r.EndPort
	return f
}

// restore asks an SA for the other children of the one that it takes the place of.
func (s *Supervisor) restore(t *tracked, a *attempt) {
	for _, c := range a.again {
		if config := t.link.child(c.name); config != nil {
			t.asked = append(t.asked, c.name)
			s.emit(Command{SA: t.spi, Event: ike.CreateChild{Child: config, Trigger: c.flow()}})
		}
	}
}

// covers tells whether an SA has as many children of each name as another.
func (t *tracked) covers(old *tracked) bool {
	for _, c := range old.children {
		if len(t.named(c.name)) < len(old.named(c.name)) {
			return false
		}
	}
	return true
}
