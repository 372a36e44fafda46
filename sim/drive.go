package sim

import (
	"encoding/binary"
	"hash/fnv"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/wire"
)

// arrive takes a packet from the network.
func (n *Node) arrive(p Packet) {
	if !n.Running() {
		return
	}
	what, data := p.content()
	path := dataplane.Path{Local: p.Destination, Remote: p.Source, Transport: p.Transport}
	switch what {
	case kindIKE:
		n.took(n.core.shards[n.shardFor(p, data)], ike.MessageReceived{Path: path, Datagram: data})
	case kindESP:
		err := n.core.plane.Receive(path, data)
		n.lab.Ledger.arrived(n, p, esp.DropOf(err))
	}
}

func (n *Node) line() *Weather { return &n.Down }

// Offsets in the IKE header (RFC 7296, Section 3.1).
const (
	offsetSPIr  = 8
	offsetFlags = 19
)

// shardFor finds a shard by our SPI; messages without one are spread by sender and its SPI.
func (n *Node) shardFor(p Packet, message []byte) int {
	ours, theirs := binary.BigEndian.Uint64(message), binary.BigEndian.Uint64(message[offsetSPIr:])
	if wire.Flags(message[offsetFlags])&wire.FlagInitiator != 0 {
		ours, theirs = theirs, ours
	}
	if i := int(ike.ShardOf(wire.SPI(ours))); ours != 0 && i < len(n.core.shards) {
		return i
	}
	h := fnv.New64a()
	h.Write(p.Source.Addr().AsSlice())
	h.Write(binary.BigEndian.AppendUint64(nil, theirs))
	return int(h.Sum64() % uint64(len(n.core.shards)))
}

// handle gives an event to a shard and does what follows.
func (n *Node) handle(s *ike.Shard, ev ike.Event) {
	actions := s.Handle(n.lab.now, ev)
	n.lab.trace.learn(n, actions)
	for _, a := range actions {
		n.perform(s, a)
	}
	n.arm()
}

// perform does one action of the engine.
func (n *Node) perform(s *ike.Shard, a ike.Action) {
	c := n.core
	switch a := a.(type) {
	case ike.Send:
		for _, d := range a.Datagrams {
			c.account.sent(n, a.Path, d)
			n.send(ikePacket(a.Path, d))
		}
	case ike.SendKeepalive:
		n.tally.Keepalive++
		n.send(Packet{Source: a.Path.Local, Destination: a.Path.Remote, Data: []byte{0xff}})
	case ike.CloseStream:
		n.closeStream(a)
	case ike.StartWork:
		n.startWork(s, a)
	case ike.InstallSA:
		n.install(s, a)
	case ike.RemoveSA:
		n.remove(a)
	case ike.MoveSA:
		n.check(c.plane.Update(a.Inbound, a.Outbound, a.Path), "moves a child")
	case ike.SetPolicy:
		c.owners.policies[a.Policy.ID] = s
		n.check(c.plane.SetPolicy(a.Policy), "sets a policy")
	case ike.RemovePolicy:
		delete(c.owners.policies, a.ID)
		n.check(c.plane.RemovePolicy(a.ID), "removes a policy")
	case ike.Unclaimed:
		n.steer(c.supervisor.Acquired(n.lab.now, a.Notice))
	case ike.Report:
		n.report(a.News)
	}
}

// check notes what the data plane refuses: nothing that the engine asks for is wrong.
func (n *Node) check(err error, what string) {
	if err != nil {
		n.lab.Problem("%s %s: %v", n.Name, what, err)
	}
}

func (n *Node) install(s *ike.Shard, a ike.InstallSA) {
	c := n.core
	if a.SA.Direction == dataplane.Inbound {
		c.owners.spis[a.SA.SPI] = s
	}
	err := c.plane.Install(a.SA)
	n.check(err, "installs an SA")
	if err != nil {
		n.soon(func() { n.handle(s, ike.InstallFailed{SPI: a.Child, Err: err}) })
	}
}

func (n *Node) remove(a ike.RemoveSA) {
	c := n.core
	if a.Direction == dataplane.Inbound {
		delete(c.owners.spis, a.SPI)
	}
	_, err := c.plane.Remove(a.Direction, a.SPI, a.Policy)
	n.check(err, "removes an SA")
}

// report takes news to the book and the supervisor.
func (n *Node) report(news ike.News) {
	n.tally.News[news.Kind]++
	if news.Kind == ike.NewsClosed && n.core.book.sas[news.SA] != nil {
		n.tally.Lost++
	}
	n.lab.trace.news(n.lab, n, news)
	n.core.book.take(news)
	n.core.account.told(news)
	n.core.follow(n, news)
	if n.Watch != nil {
		n.Watch(news)
	}
	if !n.Bare {
		n.steer(n.core.supervisor.News(n.lab.now, news))
	}
}

// send puts a packet on the node's line.
func (n *Node) send(p Packet) {
	n.lab.trace.sent(n.lab, n, p)
	n.lab.Ledger.inspect(n, p)
	if p.Transport == dataplane.TransportTCP {
		n.lab.Network.sendInStream(p)
		return
	}
	next := n.lab.Network.Send
	if n.behind != nil {
		next = n.behind.leave
	}
	n.lab.Network.over(&n.Up, p, next)
}

// sendESP takes a packet that the data plane has sealed.
func (n *Node) sendESP(path dataplane.Path, sealed []byte) {
	n.send(Packet{Source: path.Local, Destination: path.Remote, Transport: path.Transport, Data: sealed, parcel: n.lab.Ledger.sealed()})
}

// owners tells which shard installed an inbound SPI or a policy, so that notices of the data plane find it.
type owners struct {
	spis     map[uint32]*ike.Shard
	policies map[dataplane.PolicyID]*ike.Shard
}

func newOwners() owners {
	return owners{map[uint32]*ike.Shard{}, map[dataplane.PolicyID]*ike.Shard{}}
}

// notice takes news of the data plane to the shard that it is for, or else to the supervisor.
func (n *Node) notice(notice dataplane.Notice) {
	c := n.core
	switch {
	case notice.Kind == dataplane.NoticeBadSPI:
		for _, s := range c.shards {
			n.handle(s, ike.Noticed{Notice: notice})
		}
	case c.owners.spis[notice.SPI] != nil:
		n.handle(c.owners.spis[notice.SPI], ike.Noticed{Notice: notice})
	case c.owners.policies[notice.Policy] != nil:
		n.handle(c.owners.policies[notice.Policy], ike.Noticed{Notice: notice})
	default:
		n.steer(c.supervisor.Acquired(n.lab.now, notice))
	}
}
