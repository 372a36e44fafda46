package ike_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
)

// A gateway drives one shard. Nothing of the engine waits, reads a clock or opens a socket, so this is all that there is to
// it: events in, actions done in their order.
type gateway struct {
	name  string
	shard *ike.Shard
	plane *fake.Backend
}

// An arrival is an event on its way to a gateway.
type arrival struct {
	to *gateway
	ev ike.Event
}

// A network is what lies between gateways.
type network struct {
	now   time.Time
	hosts map[netip.Addr]*gateway
	queue []arrival
}

// settle carries on until nothing is under way.
func (n *network) settle() {
	for len(n.queue) > 0 {
		next := n.queue[0]
		n.queue = n.queue[1:]
		for _, action := range next.to.shard.Handle(n.now, next.ev) {
			n.do(next.to, action)
		}
	}
}

// do does one action of the engine.
func (n *network) do(g *gateway, action ike.Action) {
	switch a := action.(type) {
	case ike.Send:
		for _, d := range a.Datagrams {
			back := dataplane.Path{Local: a.Path.Remote, Remote: a.Path.Local}
			n.queue = append(n.queue, arrival{n.hosts[a.Path.Remote.Addr()], ike.MessageReceived{Path: back, Datagram: d}})
		}
	case ike.StartWork: // a daemon has workers for this
		n.queue = append(n.queue, arrival{g, ike.WorkFinished{SA: a.SA, Work: a.ID, Result: a.Work.Run(context.Background())}})
	case ike.SetPolicy:
		must(g.plane.SetPolicy(a.Policy))
	case ike.InstallSA:
		must(g.plane.Install(a.SA))
	case ike.Report:
		switch a.News.Kind {
		case ike.NewsEstablished:
			fmt.Printf("%s: IKE SA with %s\n", g.name, a.News.Peer)
		case ike.NewsChildUp:
			fmt.Printf("%s: %v === %v, %s\n", g.name, a.News.Child.Local, a.News.Child.Remote, a.News.Child.Suite)
		}
	}
}

// Two gateways in memory bring up a tunnel, and a packet passes through it.
func Example() {
	n := &network{now: time.Now(), hosts: map[netip.Addr]*gateway{}}
	east, west := n.gateway("east", "192.0.2.1"), n.gateway("west", "192.0.2.2")
	toWest := connection("east", "west", "10.1.0.0/16", "10.2.0.0/16")
	toEast := connection("west", "east", "10.2.0.0/16", "10.1.0.0/16")
	n.queue = []arrival{
		{west, ike.SetConnections{Connections: ike.NewConnections(toEast)}},
		{east, ike.Initiate{Connection: toWest, Children: toWest.Children,
			Path: dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.2:500")}}},
	}
	n.settle()
	must(east.plane.Inject(packet("10.1.0.5", "10.2.0.6")))
	// Output:
	// west: IKE SA with east
	// west: [10.2.0.0/16] === [10.1.0.0/16], aes256gcm16-esn
	// east: IKE SA with west
	// east: [10.1.0.0/16] === [10.2.0.0/16], aes256gcm16-esn
	// west: a packet of 20 octets came through the tunnel
}

// gateway puts a gateway at an address.
func (n *network) gateway(name, addr string) *gateway {
	g := &gateway{name: name}
	g.plane = fake.New(rand.Reader, time.Now, fake.Hooks{
		Send: func(path dataplane.Path, esp []byte) {
			back := dataplane.Path{Local: path.Remote, Remote: path.Local, Transport: path.Transport}
			must(n.hosts[path.Remote.Addr()].plane.Receive(back, esp))
		},
		Deliver: func(pkt []byte) { fmt.Printf("%s: a packet of %d octets came through the tunnel\n", name, len(pkt)) },
	})
	policies := dataplane.PolicyID(0)
	g.shard = ike.NewShard(0, &ike.Env{Rand: rand.Reader, SPIs: g.plane, NewPolicy: func() dataplane.PolicyID { policies++; return policies }})
	n.hosts[netip.MustParseAddr(addr)] = g
	return g
}

// connection is one of two gateways that share a secret.
func connection(local, remote, ours, theirs string) *ike.Connection {
	secrets := auth.NewSecrets(auth.Secret{Name: "both", PSK: []byte("what both gateways know and nobody else")})
	id := func(name string) auth.Identity { i, err := auth.ParseIdentity(name); must(err); return i }
	traffic := func(text string) []spd.Selector {
		s, err := spd.ParseSelector(text)
		must(err)
		return []spd.Selector{s}
	}
	return &ike.Connection{
		Name:       local + "-" + remote,
		LocalAuth:  []auth.Local{{ID: id(local), Method: auth.MethodPSK, Secrets: secrets}},
		RemoteAuth: []auth.Remote{{ID: id(remote), Method: auth.MethodPSK, Secrets: secrets}},
		Proposals:  suite.DefaultIKE(),
		Children: []*ike.ChildConfig{{Name: "net", Local: traffic(ours), Remote: traffic(theirs), ReplayWindow: 64,
			Proposals: suite.DefaultESP()}},
	}
}

// packet is an IPv4 packet without content.
func packet(from, to string) []byte {
	p := []byte{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0, 0}
	return append(append(p, netip.MustParseAddr(from).AsSlice()...), netip.MustParseAddr(to).AsSlice()...)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
