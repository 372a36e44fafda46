package xfrm

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// everySuite has each cipher and each integrity algorithm that can be configured and the kernel has, with and without ESN.
func everySuite() (list []suite.ESP) {
	sha256 := wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128}
	for id := range wire.TransformID(64) {
		for _, bits := range []uint16{0, 128, 192, 256} {
			e := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits}}
			c, known := cipherOf(e.ENCR)
			if c.icv == 0 {
				e.INTEG = sha256
			}
			if encr, _ := e.KeyLengths(); known && (encr > 0 || id == wire.EncrNull && bits == 0) {
				list = append(list, e)
			}
		}
	}
	for id := range wire.TransformID(64) {
		integ := wire.Transform{Type: wire.TransformINTEG, ID: id}
		if _, known := integrityOf(integ); known && id != sha256.ID {
			list = append(list, suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 128}, INTEG: integ})
		}
	}
	for _, e := range list {
		e.ESN = true
		list = append(list, e)
	}
	return list
}

// keyed gives an SA keys for its transforms.
func keyed(sa *dataplane.SA, e suite.ESP) {
	encr, integ := e.KeyLengths()
	sa.Transforms, sa.EncrKey, sa.IntegKey = e, make(secret.Bytes, encr), make(secret.Bytes, integ)
	for i := range sa.EncrKey {
		sa.EncrKey[i] = byte(i)
	}
	for i := range sa.IntegKey {
		sa.IntegKey[i] = byte(i)
	}
}

// installed puts an inbound and an outbound SA under policy 1, and returns their SPIs.
func (n *node) installed(t *testing.T, change func(*dataplane.SA)) (in, out uint32) {
	t.Helper()
	if err := n.SetPolicy(protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")); err != nil {
		t.Fatal(err)
	}
	in, err := n.AllocateSPI(0)
	if err != nil {
		t.Fatal(err)
	}
	out = 0x1000
	for d, spi := range map[dataplane.Direction]uint32{dataplane.Inbound: in, dataplane.Outbound: out} {
		sa := testSA(t, d, spi, 1)
		if change != nil {
			change(&sa)
		}
		if err := n.Install(sa); err != nil {
			t.Fatalf("%v: %v", sa.Transforms, err)
		}
	}
	return in, out
}

func (n *node) removed(t *testing.T, in, out uint32) {
	t.Helper()
	for d, spi := range map[dataplane.Direction]uint32{dataplane.Inbound: in, dataplane.Outbound: out} {
		if _, err := n.Remove(d, spi, 1); err != nil {
			t.Error(err)
		}
	}
}

// state reads an SA as the kernel has it.
func (n *node) state(t *testing.T, d dataplane.Direction, spi uint32) *nl.State {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.find(d, spi, 1)
	if s == nil {
		t.Fatalf("no SA %08x", spi)
	}
	state, err := n.kernel.State(&s.state.StateID)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestKernelKnowsEverySuite(t *testing.T) {
	enter(t)
	needESP(t)
	n := newNode(t, "a")
	for _, e := range everySuite() {
		t.Run(e.String(), func(t *testing.T) {
			mode := map[bool]esp.Mode{true: esp.Transport, false: esp.Tunnel}[e.ESN]
			in, out := n.installed(t, func(sa *dataplane.SA) { keyed(sa, e); sa.Mode = mode })
			if s := n.state(t, dataplane.Inbound, in); e.ESN != (s.Flags&nl.ESN != 0) || s.Replay == nil || s.Replay.Window != 1024 {
				t.Errorf("%v: flags %#x, replay %+v", e, s.Flags, s.Replay)
			}
			n.removed(t, in, out)
		})
	}
}

func TestKernelHasAllOfASA(t *testing.T) {
	enter(t)
	needESP(t)
	n := newNode(t, "a")
	in, out := n.installed(t, func(sa *dataplane.SA) {
		sa.SoftBytes, sa.HardBytes, sa.SoftPackets, sa.HardPackets = 1000, 2000, 10, 20
		sa.TFC, sa.DF, sa.CopyDSCP = 1200, dataplane.DFClear, sa.Direction == dataplane.Inbound
		sa.ReplayWindow = 8192
		sa.Kernel = dataplane.Kernel{MarkIn: dataplane.Mark{Value: 1, Mask: 0xff}, SetMarkIn: dataplane.Mark{Value: 2, Mask: 0xf},
			SetMarkOut: dataplane.Mark{Value: 3, Mask: 0xff}, IfIDIn: 4, IfIDOut: 5}
	})
	i, o := n.state(t, dataplane.Inbound, in), n.state(t, dataplane.Outbound, out)
	if i.Mark != (nl.Mark{Value: 1, Mask: 0xff}) || i.SetMark != (nl.Mark{Value: 2, Mask: 0xf}) || i.IfID != 4 || i.Flags&nl.DecapDSCP == 0 || i.Replay.Window != nl.MaxWindow {
		t.Errorf("inbound %+v", i)
	}
	if o.SetMark != (nl.Mark{Value: 3, Mask: 0xff}) || o.IfID != 5 || o.TFC != 1200 || o.Flags&nl.ClearDF == 0 || o.Extra&nl.DontEncapDSCP == 0 {
		t.Errorf("outbound %+v", o)
	}
	want := nl.Limits{SoftBytes: 1000, HardBytes: 2000, SoftPackets: 10, HardPackets: 20}
	if i.Limits != want || i.Encap.SourcePort != 4500 || o.Encap.DestinationPort != 4500 || i.Source != netip.MustParseAddr("192.0.2.2") || o.Source != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("inbound %+v, outbound %+v", i, o)
	}
	if events := n.state(t, dataplane.Outbound, out).Events; events != nil && events.Packets != 0 {
		t.Errorf("the kernel tells of every packet: %+v", events)
	}
}

// A pair is two namespaces joined by a cable, each with a backend that has an SA to the other. The test's thread is in the
// first when it is not said otherwise.
type pair struct {
	near, far     *node
	nearNS, farNS int
	in            uint32 // of near, and so the peer's outbound SPI
	out           uint32
}

// joined makes a pair: 10.1.0.1 behind 192.0.2.1, and 10.2.0.1 behind 192.0.2.2.
func joined(t *testing.T, change func(*dataplane.SA)) *pair {
	t.Helper()
	enter(t)
	needESP(t)
	p := new(pair)
	p.nearNS = currentNS(t)
	enter(t)
	p.farNS = currentNS(t)
	p.link(t)
	p.at(t, p.farNS, func() { p.far = newNode(t, "a") })
	p.at(t, p.nearNS, func() { p.near = newNode(t, "a") })
	var err error
	if p.in, err = p.near.AllocateSPI(0); err != nil {
		t.Fatal(err)
	}
	if p.out, err = p.far.AllocateSPI(0); err != nil {
		t.Fatal(err)
	}
	p.install(t, p.near, p.nearNS, p.in, p.out, false, change)
	p.install(t, p.far, p.farNS, p.out, p.in, true, change)
	return p
}

func (p *pair) install(t *testing.T, n *node, ns int, in, out uint32, mirrored bool, change func(*dataplane.SA)) {
	t.Helper()
	local, remote := "10.1.0.0/16", "10.2.0.0/16"
	way := path("192.0.2.1:4500", "192.0.2.2:4500")
	if mirrored {
		local, remote = remote, local
		way = path("192.0.2.2:4500", "192.0.2.1:4500")
	}
	way.Transport = dataplane.TransportRaw
	policy := protect(t, 1, local, remote)
	policy.Peer = way.Remote.Addr()
	p.at(t, ns, func() {
		if err := n.SetPolicy(policy); err != nil {
			t.Fatal(err)
		}
		for _, d := range []dataplane.Direction{dataplane.Inbound, dataplane.Outbound} {
			spi := map[dataplane.Direction]uint32{dataplane.Inbound: in, dataplane.Outbound: out}[d]
			sa := testSA(t, d, spi, 1)
			sa.Path, sa.Local, sa.Remote = way, policy.Local, policy.Remote
			if change != nil {
				change(&sa)
			}
			if err := n.Install(sa); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// currentNS opens the thread's namespace.
func currentNS(t *testing.T) int {
	t.Helper()
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// at does something in a namespace, and returns to the first one.
func (p *pair) at(t *testing.T, ns int, f func()) {
	t.Helper()
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setns(p.nearNS, unix.CLONE_NEWNET); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// link joins the namespaces. The thread is in the far one, and goes to the near one.
func (p *pair) link(t *testing.T) {
	t.Helper()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "cvx0"}, PeerName: "cvx0", PeerNamespace: netlink.NsFd(p.nearNS)}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatal(err)
	}
	for ns, addresses := range map[int][]string{p.nearNS: {"10.1.0.1/32", "192.0.2.1/24"}, p.farNS: {"10.2.0.1/32", "192.0.2.2/24"}} {
		p.at(t, ns, func() {
			run(t, "ip", "link", "set", "cvx0", "up")
			for _, a := range addresses {
				run(t, "ip", "address", "add", a, "dev", "cvx0")
			}
		})
	}
}

// sends sends datagrams from near to far, which echoes nothing, and returns how many far got.
func (p *pair) sends(t *testing.T, count int) (received int) {
	t.Helper()
	var fd int
	p.at(t, p.farNS, func() { fd = listen(t, "10.2.0.1:99") })
	defer unix.Close(fd)
	for range count {
		if err := send(t, "10.1.0.1:1000", "10.2.0.1:99"); err != nil {
			t.Logf("send: %v", err)
		}
	}
	for range count {
		if _, _, err := unix.Recvfrom(fd, make([]byte, 100), 0); err != nil {
			break
		}
		received++
	}
	return received
}

// listen opens a socket that waits a second for each datagram.
func listen(t *testing.T, at string) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddrPort(at)
	wait := unix.NsecToTimeval(1e9)
	err = errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func TestKernelCarriesPackets(t *testing.T) {
	p := joined(t, nil)
	if n := p.sends(t, 5); n != 5 {
		t.Fatalf("%d of 5 packets arrived", n)
	}
	if notice := p.far.await(t, dataplane.NoticeFirstPacket); notice.SPI != p.out || notice.Direction != dataplane.Inbound || notice.Policy != 1 {
		t.Errorf("first packet: %+v", notice)
	}
	out, err := p.near.Query(dataplane.Outbound, p.out, 1)
	if err != nil || out.Packets != 5 || out.Sequence != 5 || out.Bytes == 0 || out.LastUse == 0 {
		t.Errorf("outbound %+v, %v", out, err)
	}
	in, err := p.far.Query(dataplane.Inbound, p.out, 1)
	if err != nil || in.Packets != 5 || in.Sequence != 5 || in.LastUse == 0 {
		t.Errorf("inbound %+v, %v", in, err)
	}
	for len(p.far.notices) > 0 {
		if n := <-p.far.notices; n.Kind == dataplane.NoticeFirstPacket {
			t.Error("the first packet is told twice")
		}
	}
}

func TestKernelTellsOfLimits(t *testing.T) {
	p := joined(t, func(sa *dataplane.SA) { sa.SoftPackets, sa.HardPackets = 3, 6 })
	p.sends(t, 4)
	if n := p.near.await(t, dataplane.NoticeSoftLimit); n.SPI != p.out || n.Direction != dataplane.Outbound {
		t.Errorf("soft limit: %+v", n)
	}
	p.sends(t, 6)
	if n := p.near.await(t, dataplane.NoticeHardLimit); n.SPI != p.out {
		t.Errorf("hard limit: %+v", n)
	}
	c, err := p.near.Remove(dataplane.Outbound, p.out, 1)
	if err != nil || c.Packets < 5 {
		t.Errorf("after the hard limit: %+v, %v", c, err)
	}
}

func TestKernelReplayCountersAreReadAndSet(t *testing.T) {
	for _, esn := range []bool{false, true} {
		p := joined(t, func(sa *dataplane.SA) { sa.Transforms.ESN = esn })
		start := uint64(1000)
		if esn {
			start = 1<<32 + 1000
		}
		if err := p.near.SetSequence(dataplane.Outbound, p.out, 1, start); err != nil {
			t.Fatal(err)
		}
		if err := p.far.SetSequence(dataplane.Inbound, p.out, 1, start); err != nil {
			t.Fatal(err)
		}
		if n := p.sends(t, 3); n != 3 {
			t.Errorf("ESN %v: %d of 3 packets arrived", esn, n)
		}
		for n, d := range map[*node]dataplane.Direction{p.near: dataplane.Outbound, p.far: dataplane.Inbound} {
			if got, err := n.Sequence(d, p.out, 1); err != nil || got != start+3 {
				t.Errorf("ESN %v, direction %d: %d, %v, want %d", esn, d, got, err, start+3)
			}
		}
		if err := p.near.SetSequence(dataplane.Outbound, p.out, 1, start); err != nil {
			t.Fatal(err)
		}
		if n := p.sends(t, 2); n != 0 {
			t.Errorf("ESN %v: %d replayed packets arrived", esn, n)
		}
		for _, n := range []*node{p.near, p.far} {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestKernelMovesSAs(t *testing.T) {
	p := joined(t, nil)
	if n := p.sends(t, 3); n != 3 {
		t.Fatalf("%d of 3 packets arrived", n)
	}
	p.at(t, p.farNS, func() { run(t, "ip", "address", "add", "192.0.2.7/24", "dev", "cvx0") })
	moved := path("192.0.2.1:4500", "192.0.2.7:4500")
	moved.Transport = dataplane.TransportRaw
	if err := p.near.Update(p.in, p.out, moved); err != nil {
		t.Fatal(err)
	}
	back := path("192.0.2.7:4500", "192.0.2.1:4500")
	back.Transport = dataplane.TransportRaw
	if err := p.far.Update(p.out, p.in, back); err != nil {
		t.Fatal(err)
	}
	if n := p.sends(t, 3); n != 3 {
		t.Errorf("%d of 3 packets arrived at the new address", n)
	}
	c, err := p.near.Query(dataplane.Outbound, p.out, 1)
	if err != nil || c.Packets != 6 || c.Sequence != 6+sequenceLeap {
		t.Errorf("outbound after the move: %+v, %v", c, err)
	}
	if states, err := p.near.kernel.States(); err != nil || len(states) != 2 {
		t.Errorf("%d states, %v", len(states), err)
	}
	udp := moved
	udp.Transport = dataplane.TransportUDP
	if err := p.near.Update(p.in, p.out, udp); err != nil {
		t.Errorf("into UDP: %v", err)
	}
	udp.Remote = netip.MustParseAddrPort("192.0.2.7:31000")
	if err := p.near.Update(p.in, p.out, udp); err != nil {
		t.Errorf("to another port: %v", err)
	}
	if s := p.near.state(t, dataplane.Outbound, p.out); s.Encap.DestinationPort != 31000 {
		t.Errorf("encapsulation %+v", s.Encap)
	}
}

func TestKernelTellsOfNewAddresses(t *testing.T) {
	p := joined(t, func(sa *dataplane.SA) { sa.Path.Transport = dataplane.TransportUDP })
	var fd int
	p.at(t, p.farNS, func() { fd = listen(t, "192.0.2.2:4500") })
	defer unix.Close(fd)
	if err := errors.Join(Exempt(fd, false), TakeESP(fd)); err != nil {
		t.Fatal(err)
	}
	if n := p.sends(t, 2); n != 2 {
		t.Fatalf("%d of 2 packets arrived", n)
	}
	near := path("192.0.2.1:31000", "192.0.2.2:4500")
	if err := p.near.Update(p.in, p.out, near); err != nil { // as if a NAT stood in between
		t.Fatal(err)
	}
	p.sends(t, 2)
	if n := p.far.await(t, dataplane.NoticeNewAddress); n.SPI != p.out || n.Path.Remote != near.Local {
		t.Errorf("got %+v", n)
	}
}

func TestKernelRemovesItsOwnStatesAlone(t *testing.T) {
	enter(t)
	needESP(t)
	run(t, "ip", "xfrm", "state", "add", "src", "192.0.2.1", "dst", "192.0.2.9", "proto", "esp", "spi", "0x100", "reqid", "1", "mode", "tunnel", "aead", "rfc4106(gcm(aes))", "0x"+strings.Repeat("00", 20), "128")
	other, crashed := newNode(t, "other"), newNode(t, "a")
	other.installed(t, nil)
	crashed.installed(t, func(sa *dataplane.SA) {
		sa.Path = path("192.0.2.3:4500", "192.0.2.4:4500")
		sa.Kernel.MarkOut = dataplane.Mark{Value: 1, Mask: 1}
	})
	next := newNode(t, "a")
	if list, err := next.kernel.States(); err != nil || len(list) != 1+2 {
		t.Errorf("%d states, want those of others; %v", len(list), err)
	}
}

func TestKernelInterfacesComeAndGo(t *testing.T) {
	enter(t)
	needESP(t)
	addressed(t, "192.0.2.1/24")
	n := newNode(t, "a")
	p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	p.Kernel = dataplane.Kernel{IfIDIn: 7, IfIDOut: 7, Interface: "cvxfrm0"}
	p.VirtualIPs = []netip.Prefix{netip.MustParsePrefix("10.1.0.5/32")}
	if err := n.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "ip", "route", "get", "10.2.0.1"); !strings.Contains(got, "dev cvxfrm0") || !strings.Contains(got, "src 10.1.0.5") {
		t.Errorf("route: %s", got)
	}
	if err := n.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if _, err := netlink.LinkByName("cvxfrm0"); err == nil {
		t.Error("the interface is left")
	}
}
