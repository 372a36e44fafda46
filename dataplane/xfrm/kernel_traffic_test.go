package xfrm

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

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

// What probes found about a path is told to whoever sends larger packets into the tunnel, and smaller ones pass.
func TestKernelHeedsTheMTUOfThePath(t *testing.T) {
	p := joined(t, nil)
	p.near.SetPathMTU(path("192.0.2.1:4500", "192.0.2.2:4500"), 1400)
	m, ok := p.near.MTU(p.out, 1)
	if !ok || m.Path != 1400 {
		t.Fatalf("told %+v, %v", m, ok)
	}
	fd := listen(t, "10.1.0.1:1001")
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO); err != nil {
		t.Fatal(err)
	}
	const headers = 28
	to := &unix.SockaddrInet4{Addr: [4]byte{10, 2, 0, 1}, Port: 99}
	if err := unix.Sendto(fd, make([]byte, m.Inner-headers+1), 0, to); !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("a packet of %d octets: %v", m.Inner+1, err)
	}
	if err := unix.Sendto(fd, make([]byte, m.Inner-headers), 0, to); err != nil {
		t.Errorf("a packet of %d octets: %v", m.Inner, err)
	}
	if out, err := p.near.Query(dataplane.Outbound, p.out, 1); err != nil || out.Packets != 1 {
		t.Errorf("sent %+v, %v", out, err)
	}
}
