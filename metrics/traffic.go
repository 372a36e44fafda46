package metrics

import (
	"maps"
	"strings"

	"culvert/dataplane"
)

// Traffic is what both directions have carried, in octets and packets.
type Traffic struct {
	InBytes, InPackets, OutBytes, OutPackets uint64
}

// Add adds what an SA of a direction has counted.
func (t *Traffic) Add(d dataplane.Direction, c dataplane.Counters) {
	if d == dataplane.Inbound {
		t.InBytes, t.InPackets = t.InBytes+c.Bytes, t.InPackets+c.Packets
		return
	}
	t.OutBytes, t.OutPackets = t.OutBytes+c.Bytes, t.OutPackets+c.Packets
}

func (t *Traffic) plus(o Traffic) Traffic {
	return Traffic{t.InBytes + o.InBytes, t.InPackets + o.InPackets, t.OutBytes + o.OutBytes, t.OutPackets + o.OutPackets}
}

// highest returns the larger value of each counter.
func (t *Traffic) highest(o Traffic) Traffic {
	return Traffic{max(t.InBytes, o.InBytes), max(t.InPackets, o.InPackets), max(t.OutBytes, o.OutBytes), max(t.OutPackets, o.OutPackets)}
}

// An Owner is whom traffic belongs to.
type Owner struct {
	Connection, Child string
	Peer              string // identity; "": not known
}

// A Pair is a name below a connection: that of a child, of a peer, or a code.
type Pair struct{ Connection, Name string }

// Carried is traffic by child, and by peer for those that have series of their own.
type Carried struct {
	Children, Peers map[Pair]Traffic
}

// Add adds traffic of an owner. Peers without series of their own count in the sums of their children alone.
func (c *Carried) Add(o Owner, t Traffic) {
	child, peer := Pair{o.Connection, o.Child}, Pair{o.Connection, peerLabel(o.Peer)}
	sum := c.Children[child]
	c.Children[child] = sum.plus(t)
	if sum, ok := c.Peers[peer]; ok {
		c.Peers[peer] = sum.plus(t)
	}
}

func newCarried() Carried { return Carried{map[Pair]Traffic{}, map[Pair]Traffic{}} }

func (c *Carried) clone() Carried { return Carried{maps.Clone(c.Children), maps.Clone(c.Peers)} }

// raise makes every sum at least as high as another one.
func (c *Carried) raise(o Carried) {
	for key, t := range o.Children {
		sum := c.Children[key]
		c.Children[key] = sum.highest(t)
	}
	for key, t := range o.Peers {
		sum := c.Peers[key]
		c.Peers[key] = sum.highest(t)
	}
}

// peerLabel is an identity as a label: it is what a peer has sent, and may be anything.
func peerLabel(identity string) string {
	const longest = 256
	return strings.ToValidUTF8(identity[:min(len(identity), longest)], "?")
}
