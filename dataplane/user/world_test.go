package user

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/netio"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// A node is a gateway in a network namespace of its own, which vanishes with the test.
type node struct {
	t                      testing.TB
	ns                     netns.NsHandle
	link                   string
	outer4, outer6, local6 netip.Addr
	inner4, inner6         netip.Addr
	listener               *netio.Listener
	backend                *Backend
	notices                chan dataplane.Notice
}

// do runs f on a thread of the node's namespace. The thread ends with it.
func (n *node) do(f func() error) {
	n.t.Helper()
	if err := n.try(f); err != nil {
		n.t.Fatalf("%s: %v", n.link, err)
	}
}

func (n *node) try(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(n.ns); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// twoNodes makes two namespaces with a cable between them. It needs root, and fails when root cannot.
func twoNodes(t testing.TB) (a, b *node) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	a = &node{t: t, link: "cvu-a", outer4: ip("192.0.2.1"), outer6: ip("2001:db8::1"), local6: ip("fe80::1"), inner4: ip("10.1.0.1"), inner6: ip("fd01::1")}
	b = &node{t: t, link: "cvu-b", outer4: ip("192.0.2.2"), outer6: ip("2001:db8::2"), local6: ip("fe80::2"), inner4: ip("10.2.0.1"), inner6: ip("fd02::1")}
	for _, n := range []*node{a, b} {
		n.ns = newNamespace(t)
	}
	a.do(func() error {
		cable := netlink.NewVeth(netlink.NewLinkAttrs())
		cable.Name, cable.PeerName = a.link, b.link
		cable.Index = 77 // unlike that of the other end, or the kernel lets a second pass until packets flow
		cable.PeerNamespace = netlink.NsFd(b.ns)
		return netlink.LinkAdd(cable)
	})
	for _, n := range []*node{a, b} {
		n.do(n.configure)
	}
	return a, b
}

func newNamespace(t testing.TB) netns.NsHandle {
	t.Helper()
	made := make(chan any, 1)
	go func() {
		runtime.LockOSThread() // the thread, which is in the new namespace, ends here
		ns, err := netns.New()
		if err != nil {
			made <- err
			return
		}
		made <- ns
	}()
	ns, ok := (<-made).(netns.NsHandle)
	if !ok {
		t.Fatal("no network namespace can be made")
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// configure gives the node its addresses: outer ones on the cable, inner ones on the loopback interface.
func (n *node) configure() error {
	for _, at := range []struct {
		link    string
		address []string
	}{
		{"lo", []string{n.inner4.String() + "/32", n.inner6.String() + "/128"}},
		{n.link, []string{n.outer4.String() + "/24", n.outer6.String() + "/64", n.local6.String() + "/64"}},
	} {
		link, err := netlink.LinkByName(at.link)
		if err != nil {
			return err
		}
		// The kernel would add a link-local address of its own, and use it some time later only.
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+at.link+"/addr_gen_mode", []byte("1"), 0); err != nil {
			return err
		}
		for _, a := range at.address {
			address, err := netlink.ParseAddr(a)
			if err != nil {
				return err
			}
			if address.IP.To4() == nil {
				address.Flags = 0x02 // IFA_F_NODAD
			}
			if err := netlink.AddrAdd(link, address); err != nil {
				return fmt.Errorf("%s on %s: %w", a, at.link, err)
			}
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return err
		}
	}
	return nil
}

// testQueues is how many queues and workers nodes have.
const testQueues = 3

// start makes the node a gateway.
func (n *node) start() {
	n.t.Helper()
	n.do(func() error {
		config := netio.DefaultConfig()
		config.Mark, config.Workers = DefaultMark, testQueues
		l, err := netio.Listen(config)
		if err != nil {
			return err
		}
		b, err := New(Config{Device: "cvu%d", Queues: testQueues, Ports: []uint16{netio.PortIKE, netio.PortNAT}}, l)
		if err != nil {
			return err
		}
		n.listener, n.backend = l, b
		n.notices = make(chan dataplane.Notice, 64)
		b.SetNotices(func(notice dataplane.Notice) {
			select {
			case n.notices <- notice:
			default:
			}
		})
		l.Start(netio.Handlers{ESP: b.HandleESP, MTU: b.HandleMTU})
		return nil
	})
	n.t.Cleanup(n.stop)
}

func (n *node) stop() {
	if err := n.listener.Close(); err != nil {
		n.t.Error(err)
	}
	if err := n.backend.Close(); err != nil {
		n.t.Error(err)
	}
}

// inner returns the node's address inside, outer the one outside.
func (n *node) inner(v6 bool) netip.Addr { return pick(v6, n.inner4, n.inner6) }
func (n *node) outer(v6 bool) netip.Addr { return pick(v6, n.outer4, n.outer6) }

func pick(v6 bool, v4, other netip.Addr) netip.Addr {
	if v6 {
		return other
	}
	return v4
}

// A tunnel is what two nodes agree on.
type tunnel struct {
	mode       esp.Mode
	transport  dataplane.Transport
	outer6     bool
	transforms suite.ESP
	trap       bool
	id         dataplane.PolicyID
	resource   int
	change     func(*dataplane.SA) // of every SA
}

func aesGCM() suite.ESP {
	return suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128}}
}

// policyOf is the policy of the tunnel as node n sees it.
func (u tunnel) policyOf(n, peer *node) dataplane.Policy {
	p := dataplane.Policy{
		ID: u.id, Name: "test/" + n.link, Action: spd.Protect, Trap: u.trap, Mode: u.mode, Peer: peer.outer(u.outer6),
		Local:  []spd.Selector{spd.Prefix(within(n.inner4, 16)), spd.Prefix(within(n.inner6, 64))},
		Remote: []spd.Selector{spd.Prefix(within(peer.inner4, 16)), spd.Prefix(within(peer.inner6, 64))},
	}
	if u.mode == esp.Transport {
		p.Local, p.Remote = []spd.Selector{spd.Host(n.outer(u.outer6))}, []spd.Selector{spd.Host(peer.outer(u.outer6))}
	}
	return p
}

func within(a netip.Addr, bits int) netip.Prefix { return netip.PrefixFrom(a, bits).Masked() }

func (u tunnel) pathOf(n, peer *node) dataplane.Path {
	return dataplane.Path{
		Local:  netip.AddrPortFrom(n.outer(u.outer6), netio.PortNAT),
		Remote: netip.AddrPortFrom(peer.outer(u.outer6), netio.PortNAT), Transport: u.transport,
	}
}

// setPolicies installs the policy on both nodes.
func (u tunnel) setPolicies(a, b *node) {
	a.t.Helper()
	for _, at := range [][2]*node{{a, b}, {b, a}} {
		if err := at[0].backend.SetPolicy(u.policyOf(at[0], at[1])); err != nil {
			a.t.Fatal(err)
		}
	}
}

// A child is the inbound SPIs of a pair of SAs.
type child struct{ a, b uint32 }

// connect installs SAs both ways, inbound before outbound, and returns their SPIs.
func (u tunnel) connect(a, b *node) child {
	a.t.Helper()
	c := child{a.allocate(u.resource), b.allocate(u.resource)}
	seed := byte(c.a ^ c.b)
	for _, sa := range []struct {
		at, peer  *node
		direction dataplane.Direction
		spi       uint32
		key       byte
	}{
		{a, b, dataplane.Inbound, c.a, seed + 1}, {b, a, dataplane.Inbound, c.b, seed},
		{a, b, dataplane.Outbound, c.b, seed}, {b, a, dataplane.Outbound, c.a, seed + 1},
	} {
		encr, integ := u.transforms.KeyLengths()
		p := u.policyOf(sa.at, sa.peer)
		s := dataplane.SA{
			Direction: sa.direction, SPI: sa.spi, Policy: u.id, Path: u.pathOf(sa.at, sa.peer), Mode: u.mode,
			Transforms: u.transforms, EncrKey: bytes.Repeat([]byte{sa.key}, encr), IntegKey: bytes.Repeat([]byte{sa.key}, integ),
			ReplayWindow: 1024, Local: p.Local, Remote: p.Remote, Resource: u.resource,
		}
		if u.change != nil {
			u.change(&s)
		}
		if err := sa.at.backend.Install(s); err != nil {
			a.t.Fatal(err)
		}
	}
	return c
}

// disconnect removes SAs both ways.
func (u tunnel) disconnect(a, b *node, c child) {
	a.t.Helper()
	for _, n := range []struct {
		at      *node
		in, out uint32
	}{{a, c.a, c.b}, {b, c.b, c.a}} {
		_, out := n.at.backend.Remove(dataplane.Outbound, n.out, u.id)
		_, in := n.at.backend.Remove(dataplane.Inbound, n.in, u.id)
		if in != nil || out != nil {
			a.t.Fatal(in, out)
		}
	}
}

func (n *node) allocate(resource int) uint32 {
	n.t.Helper()
	spi, err := n.backend.AllocateSPI(resource)
	if err != nil {
		n.t.Fatal(err)
	}
	return spi
}

// awaitNotice returns the next notice of a kind.
func (n *node) awaitNotice(kind dataplane.NoticeKind) dataplane.Notice {
	n.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case notice := <-n.notices:
			if notice.Kind == kind {
				return notice
			}
		case <-timeout:
			n.t.Fatalf("%s: no notice of kind %d", n.link, kind)
		}
	}
}

// patience bounds waiting for what has to happen; on success nothing takes that long.
const patience = time.Minute

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }
