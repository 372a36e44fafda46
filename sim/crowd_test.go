package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"culvert/auth"
	"culvert/ike"
	"culvert/lease"
	"culvert/secret"
	"culvert/spd"
	"culvert/wire"
)

// A crowd is many clients of one gateway, all behind the same NAT, each with a virtual address.
type crowd struct {
	*Lab
	gateway *Node
	clients []*Node
	nat     *NAT
	virtual map[*Node]Address // as assigned
}

// server is a host behind the gateway.
func server() netip.AddrPort { return netip.MustParseAddrPort("10.200.0.9:80") }

func newCrowd(l *Lab, size int) *crowd {
	c := &crowd{Lab: l, gateway: l.NewNode("gateway", addrB), nat: l.NewNAT(addrNAT), virtual: map[*Node]Address{}}
	c.gateway.Shards = 2
	pool, err := lease.New(lease.Config{Ranges: []lease.Range{{First: netip.MustParseAddr("10.7.0.1"), Last: netip.MustParseAddr("10.7.255.254")}}})
	if err != nil {
		panic(err)
	}
	c.gateway.Pool = pool
	psk := auth.NewSecrets(auth.Secret{PSK: secret.Bytes("the key that all clients share")})
	inside := []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.200.0.0/16"))}
	dynamic := []spd.Selector{{EndPort: 65535}}
	everybody := auth.Identity{Type: wire.IDFQDN, Data: "*.example"}
	c.gateway.Configure(roaming("gateway", identity(c.gateway), everybody, psk, inside, dynamic))
	c.gateway.conns[0].Pools = []string{"pool"}
	for i := range size {
		n := l.NewNode(fmt.Sprintf("client%d", i), netip.AddrFrom4([4]byte{192, 168, byte(i >> 8), byte(i)}))
		c.nat.Hide(n)
		conn := roaming("office", identity(n), identity(c.gateway), psk, dynamic, inside)
		conn.RemoteAddrs = []netip.Prefix{netip.PrefixFrom(addrB, 32)}
		conn.VirtualIPs = []netip.Addr{netip.IPv4Unspecified()}
		n.Configure(conn)
		n.Watch = func(news ike.News) {
			if news.Kind == ike.NewsAssigned {
				c.virtual[n] = news.Assigned.Addresses[0].Addr()
			}
		}
		c.clients = append(c.clients, n)
	}
	for _, n := range l.Nodes() {
		n.Up.Delay, n.Down.Delay = 5*time.Millisecond, 5*time.Millisecond
		n.Start()
	}
	return c
}

// roaming is one side of a connection between a gateway and clients that come from anywhere.
func roaming(name string, own, peer auth.Identity, psk *auth.Secrets, local, remote []spd.Selector) *ike.Connection {
	c := &ike.Connection{
		Name:           name,
		LocalAuth:      []auth.Local{{ID: own, Method: auth.MethodPSK, Secrets: psk}},
		RemoteAuth:     []auth.Remote{{ID: peer, Method: auth.MethodPSK, Secrets: psk}},
		Proposals:      []wire.Proposal{proposal(wire.ProtocolIKE, "", fastIKE)},
		InitialContact: true,
		Children: []*ike.ChildConfig{{Name: "net", Proposals: []wire.Proposal{proposal(wire.ProtocolESP, "", fastESP)}, ReplayWindow: 64,
			Local: local, Remote: remote}},
	}
	impatient(c)
	return c
}

// connect has everybody connect.
func (c *crowd) connect() {
	for _, n := range c.clients {
		c.After(c.upTo(time.Second), func() { c.bringUp(n, "office") })
	}
	c.Run(20 * time.Second)
}

// talk sends a packet between every client and the server, in both directions.
func (c *crowd) talk() {
	first := c.Ledger.Next()
	for _, n := range c.clients {
		c.Ledger.Send(n, c.gateway, at(c.virtual[n], 1000), server())
		c.Ledger.Send(c.gateway, n, server(), at(c.virtual[n], 1000))
	}
	c.Run(time.Second)
	if s := c.Ledger.Sum(first); s.Delivered != s.Sent {
		c.Problem("packets: %+v", s)
	}
}

// Clients behind one NAT, with virtual addresses: each gets its own, and the same again after the gateway has lost everything
// or the NAT its memory.
func TestCrowdBehindOneNAT(t *testing.T) {
	l := newLab(t, 1)
	c := newCrowd(l, 20)
	c.connect()
	c.talk()
	taken := map[Address]bool{}
	before := map[*Node]Address{}
	for n, a := range c.virtual {
		taken[a], before[n] = true, a
	}
	if len(taken) != len(c.clients) {
		t.Errorf("%d addresses for %d clients", len(taken), len(c.clients))
	}
	c.nat.Rebind(addrOther)
	for _, n := range c.clients {
		n.Handle(n.SPIOf("office"), ike.CheckLiveness{})
	}
	l.Run(time.Second)
	c.talk()
	c.gateway.Restart(time.Second)
	l.Run(3 * time.Minute)
	c.talk()
	for n, a := range before {
		if c.virtual[n] != a {
			t.Errorf("%s had %v and has %v", n.Name, a, c.virtual[n])
		}
	}
	l.Settle()
	l.CheckRest()
	c.leave(t)
}

// leave takes everybody down, and sees that the gateway keeps nothing.
func (c *crowd) leave(t *testing.T) {
	t.Helper()
	for _, n := range c.clients {
		c.takeDown(n, "office")
	}
	c.Settle()
	c.CheckEmpty()
	if online, offline := c.gateway.Pool.Counts(); online != 0 || offline != len(c.clients) {
		t.Errorf("%d addresses are online and %d remembered", online, offline)
	}
}

// Five nodes, each connected with each other: what happens to one pair leaves the others alone.
func TestFullMesh(t *testing.T) {
	l := newLab(t, 1)
	for i := range 5 {
		n := l.NewNode(fmt.Sprintf("n%d", i), netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}))
		n.Up.Delay, n.Down.Delay = 5*time.Millisecond, 5*time.Millisecond
	}
	conns := map[[2]*Node]string{}
	for i, a := range l.Nodes() {
		for _, b := range l.Nodes()[i+1:] {
			conns[[2]*Node{a, b}] = l.Marry(a, b, Terms{})
		}
	}
	for _, n := range l.Nodes() {
		n.Start()
	}
	pairs := func(f func(a, b *Node, conn string)) {
		for i, a := range l.Nodes() {
			for _, b := range l.Nodes()[i+1:] {
				f(a, b, conns[[2]*Node{a, b}])
			}
		}
	}
	pairs(func(a, b *Node, conn string) { l.bringUp(a, conn); l.bringUp(b, conn) })
	l.Run(20 * time.Second)
	talk := func(without *Node) {
		t.Helper()
		first := l.Ledger.Next()
		pairs(func(a, b *Node, _ string) {
			if a != without && b != without {
				l.Ledger.Send(a, b, l.Host(a, 0, false), l.Host(b, 0, false))
				l.Ledger.Send(b, a, l.Host(b, 0, false), l.Host(a, 0, false))
			}
		})
		l.Run(time.Second)
		if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
			t.Errorf("packets: %+v", s)
		}
	}
	talk(nil)
	l.Nodes()[2].Restart(90 * time.Second)
	talk(l.Nodes()[2])
	for _, way := range [][2]int{{0, 1}, {1, 0}} { // these two do not see each other, all others do
		l.Network.Part(l.Nodes()[way[0]].addrs[0], l.Nodes()[way[1]].addrs[0], true)
	}
	l.Run(2 * time.Minute)
	if up := len(l.Nodes()[0].SAs()); up != 3 {
		t.Errorf("node 0 has %d IKE SAs while one of four peers is out of sight", up)
	}
	l.Settle()
	l.CheckRest()
	talk(nil)
	for _, n := range l.Nodes() {
		for _, conn := range n.conns {
			l.takeDown(n, conn.Name)
		}
	}
	l.Settle()
	l.CheckEmpty()
}
