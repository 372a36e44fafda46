package sim

import (
	"maps"
	"slices"
	"time"

	"culvert/esp"
	"culvert/ike"
)

// schedule plans what happens while the trial is busy. A gentle trial only rekeys.
func (t *trial) schedule() {
	for range 2 + t.chance.IntN(8) {
		t.After(t.upTo(t.busy), func() { t.happen(t.drawDeed()) })
	}
}

// A deed is something that an operator or fate does to a node.
type deed func(t *trial, n *Node)

func (t *trial) drawDeed() deed {
	deeds := []deed{rekeyChildren, rekeyIKE, rekeyAll, rotate}
	if !t.gentle {
		deeds = append(deeds, reauthenticate, downAndUp, childDownAndUp, abandon, closeSA, closeChild, restart, restart, part, partOneWay, rebind, reload, check)
	}
	return deeds[t.chance.IntN(len(deeds))]
}

// happen does a deed to one node or, within the time of a few packets, to both.
func (t *trial) happen(d deed) {
	n, m := t.a, t.b
	if t.chance.IntN(2) == 0 {
		n, m = m, n
	}
	d(t, n)
	if t.chance.IntN(2) == 0 {
		t.After(t.upTo(100*time.Millisecond), func() {
			if !t.calm {
				d(t, m)
			}
		})
	}
}

// Errors of commands say that there is nothing to do, which is right when nothing is up.

func rekeyChildren(t *trial, n *Node)  { _ = n.Rekey(t.conn, true) }
func rekeyIKE(t *trial, n *Node)       { _ = n.Rekey(t.conn, false) }
func reauthenticate(t *trial, n *Node) { _ = n.Reauth(t.conn) }

func rekeyAll(t *trial, n *Node) {
	_ = n.Rekey(t.conn, true)
	_ = n.Rekey(t.conn, false)
}

func downAndUp(t *trial, n *Node) {
	_ = n.TakeDown(t.conn, "")
	t.After(t.upTo(10*time.Second), func() { _ = n.BringUp(t.conn, "") })
}

func childDownAndUp(t *trial, n *Node) {
	_ = n.TakeDown(t.conn, "c0")
	t.After(t.upTo(5*time.Second), func() { _ = n.BringUp(t.conn, "c0") })
}

// abandon ends an IKE SA on one side only.
func abandon(t *trial, n *Node) {
	for _, e := range n.SAs() {
		n.Handle(e.SPI, ike.Close{Abandon: true})
	}
}

func closeSA(t *trial, n *Node) {
	for _, e := range n.SAs() {
		n.Handle(e.SPI, ike.Close{})
	}
}

func closeChild(t *trial, n *Node) {
	for _, e := range n.SAs() {
		if children := slices.Sorted(maps.Keys(e.Children)); len(children) > 0 {
			n.Handle(e.SPI, ike.CloseChild{SPI: children[0]})
			return
		}
	}
}

func restart(t *trial, n *Node) { n.Restart(t.upTo(5 * time.Second)) }

// part cuts a node off, for a moment or long enough to be taken for dead.
func part(t *trial, n *Node) {
	n.Up.Cut, n.Down.Cut = true, true
	t.After(t.upTo(time.Minute), func() { n.Up.Cut, n.Down.Cut = false, false })
}

func partOneWay(t *trial, n *Node) {
	n.Up.Cut = true
	t.After(t.upTo(time.Minute), func() { n.Up.Cut = false })
}

// rebind has the NAT forget its mappings, and sometimes get another address. In transport mode that would be another host.
func rebind(t *trial, n *Node) {
	if t.nat == nil {
		return
	}
	public := t.nat.Public()
	if t.chance.IntN(2) == 0 && t.terms.Mode == esp.Tunnel {
		public = t.outside("203.0.113.4", "2001:db8:c::4")
	}
	t.nat.Rebind(public)
}

// reload gives a node its configuration again, a little changed.
func reload(t *trial, n *Node) {
	conns := settled(n.conns)
	for _, c := range conns {
		c.DPDDelay += time.Second
	}
	n.Configure(conns...)
}

// rotate puts another post-quantum preshared key first.
func rotate(t *trial, n *Node) {
	var conns []*ike.Connection
	for _, old := range n.conns {
		c := *old
		c.PPKs = slices.Clone(c.PPKs)
		slices.Reverse(c.PPKs)
		conns = append(conns, &c)
	}
	n.Configure(conns...)
	_ = n.Rekey(t.conn, true)
}

func check(t *trial, n *Node) {
	for _, e := range n.SAs() {
		n.Handle(e.SPI, ike.CheckLiveness{})
	}
}
