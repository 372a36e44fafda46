package sim

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// A stream is a TCP connection between two nodes: what is sent arrives in order, late when the weather is bad, until the stream
// breaks. NATs do not pass streams.
type stream struct {
	lab     *Lab
	nodes   [2]*Node          // who has opened it, and the other
	lives   [2]int            // of the nodes, when it was opened
	ends    [2]netip.AddrPort // theirs
	arrives [2]time.Time      // what each of them has sent last
	stalled bool              // the way is cut: nothing arrives, and it ends soon
}

// What TCP does in a laboratory.
const (
	resendTime  = 200 * time.Millisecond // a segment that is lost comes so much later
	mostResends = 4                      // as often
	stallTime   = 20 * time.Second       // without an acknowledgement the stream ends
	firstStream = 40000                  // of streams
)

var errNoStream = errors.New("nobody accepts the stream")

// dialing is work that opens a stream.
type dialing struct {
	node *Node
	path dataplane.Path
}

// Run returns an ike.Dialed.
func (d dialing) Run(context.Context) any {
	n, network := d.node, d.node.lab.Network
	peer, ok := network.hosts[d.path.Remote.Addr()].(*Node)
	if !ok || !peer.Running() || !network.passes(n, peer) || !network.passes(peer, n) {
		return ike.Dialed{Err: errNoStream}
	}
	network.ports++
	d.path.Local = at(d.path.Local.Addr(), firstStream+network.ports)
	s := &stream{lab: n.lab, nodes: [2]*Node{n, peer}, lives: [2]int{n.life, peer.life}, ends: [2]netip.AddrPort{d.path.Local, d.path.Remote}}
	network.streams[s.ends] = s
	return ike.Dialed{Path: d.path}
}

// passes tells whether anything gets from one node to another.
func (n *Network) passes(from, to *Node) bool {
	return !from.Up.Cut && !to.Down.Cut && !n.cut[[2]Address{from.addrs[0], to.addrs[0]}]
}

// stream finds the stream between two ends, and which of them comes first.
func (n *Network) stream(local, remote netip.AddrPort) (s *stream, side int) {
	if s = n.streams[[2]netip.AddrPort{local, remote}]; s != nil {
		return s, 0
	}
	return n.streams[[2]netip.AddrPort{remote, local}], 1
}

// sendInStream sends a message; without a stream it is lost.
func (n *Network) sendInStream(p Packet) {
	s, side := n.stream(p.Source, p.Destination)
	if s == nil {
		n.lab.trace.fate(n.lab, p, "without a stream")
		return
	}
	from, to := s.nodes[side], s.nodes[1-side]
	switch {
	case s.stalled:
	case !to.Running() || to.life != s.lives[1-side]:
		s.end() // who does not know it resets it
	case !n.passes(from, to):
		s.stalled = true
		n.lab.After(stallTime, s.end)
	default:
		s.carry(p, side)
	}
}

// carry brings a message to the other side, behind what was sent before it.
func (s *stream) carry(p Packet, side int) {
	from, to := s.nodes[side], s.nodes[1-side]
	delay := from.Up.Delay + to.Down.Delay + s.lab.upTo(from.Up.Jitter+to.Down.Jitter)
	for range mostResends {
		if s.lab.toss(from.Up.Loss) || s.lab.toss(to.Down.Loss) {
			delay += resendTime
		}
	}
	at := s.lab.now.Add(delay)
	if last := s.arrives[side]; at.Before(last) {
		at = last
	}
	s.arrives[side] = at
	s.lab.After(at.Sub(s.lab.now), func() {
		if s.lab.Network.streams[s.ends] == s && to.life == s.lives[1-side] {
			to.arrive(p)
		}
	})
}

// end breaks the stream. What is on its way is lost, and who has opened it is told.
func (s *stream) end() {
	if s.lab.Network.streams[s.ends] != s {
		return
	}
	delete(s.lab.Network.streams, s.ends)
	client := s.nodes[0]
	if !client.Running() || client.life != s.lives[0] {
		return
	}
	path := dataplane.Path{Local: s.ends[0], Remote: s.ends[1], Transport: dataplane.TransportTCP}
	client.soon(func() {
		for _, shard := range client.core.shards {
			client.handle(shard, ike.StreamClosed{Path: path})
		}
	})
}

// closeStream does what the engine wants: the one who has opened it closes behind what was sent, the other if that does not
// happen.
func (n *Node) closeStream(a ike.CloseStream) {
	s, side := n.lab.Network.stream(a.Path.Local, a.Path.Remote)
	if s == nil {
		return
	}
	n.lab.After(max(a.After, s.arrives[side].Sub(n.lab.now)), s.end)
}

// BreakStreams ends every stream of a node, as a middlebox that resets.
func (n *Node) BreakStreams() {
	ends := slices.SortedFunc(maps.Keys(n.lab.Network.streams), func(a, b [2]netip.AddrPort) int { return a[0].Compare(b[0]) })
	for _, e := range ends {
		if s := n.lab.Network.streams[e]; s.nodes[0] == n || s.nodes[1] == n {
			s.end()
		}
	}
}
