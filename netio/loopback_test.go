package netio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// patience bounds waiting for what has to happen.
const patience = time.Minute

// arrival is what a handler was given, copied.
type arrival struct {
	path dataplane.Path
	data []byte
	tos  uint8
}

// An end is a Listener on loopback addresses, with ports of the kernel's choice.
type end struct {
	*Listener
	t        testing.TB
	ike, esp chan arrival // IKE messages; single ESP packets
}

func newEnd(t testing.TB, addresses ...string) *end {
	t.Helper()
	c := Config{}
	for _, a := range addresses {
		c.Addresses = append(c.Addresses, netip.MustParseAddr(a))
	}
	l, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &end{Listener: l, t: t, ike: make(chan arrival, 1000), esp: make(chan arrival, 1000)}
}

// start receives into the channels.
func (e *end) start() *end {
	e.Start(Handlers{
		IKE: func(p dataplane.Path, m []byte) { e.ike <- arrival{p, bytes.Clone(m), 0} },
		ESP: func(_ int, bursts []dataplane.Burst) {
			for _, b := range bursts {
				for p, ok := b.Next(); ok; p, ok = b.Next() {
					e.esp <- arrival{b.Path, bytes.Clone(p), b.TOS}
				}
			}
		},
	})
	return e
}

// at returns the end's address and port of a role.
func (e *end) at(a string, r role) netip.AddrPort {
	ike, nat := e.Ports()
	if r == roleNAT {
		return netip.AddrPortFrom(netip.MustParseAddr(a), nat)
	}
	return netip.AddrPortFrom(netip.MustParseAddr(a), ike)
}

// to is the path from one end to another, on one address.
func (e *end) to(peer *end, a string, r role) dataplane.Path {
	return dataplane.Path{Local: e.at(a, r), Remote: peer.at(a, r)}
}

func await[T any](t testing.TB, c chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("nothing arrives")
	}
	return v
}

// awaitCount waits until a reason was counted n times.
func (e *end) awaitCount(r Reason, n uint64) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); e.Counts()[r] < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatalf("%v: %d, want %d", r, e.Counts()[r], n)
		}
	}
}

func ikeMessage(n int) []byte { return bytes.Repeat([]byte{7}, n) }

// espPackets are n packets of equal length behind one another, numbered.
func espPackets(n, length int) []byte {
	b := make([]byte, 0, n*length)
	for i := range n {
		p := bytes.Repeat([]byte{byte(i)}, length)
		binary.BigEndian.PutUint32(p, 0x12345678)
		binary.BigEndian.PutUint32(p[4:], uint32(i))
		b = append(b, p...)
	}
	return b
}

func TestIKEAndESPShareThePorts(t *testing.T) {
	for _, a := range []string{"127.0.0.1", "::1"} {
		t.Run(a, func(t *testing.T) {
			one, two := newEnd(t, a), newEnd(t, a).start()
			for _, r := range []role{roleIKE, roleNAT} {
				for _, n := range []int{28, 300, 20000} {
					if err := one.SendIKE(one.to(two, a, r), ikeMessage(n)); err != nil {
						t.Fatal(err)
					}
					got := await(t, two.ike)
					if !bytes.Equal(got.data, ikeMessage(n)) || got.path != two.to(one, a, r) {
						t.Errorf("role %d: %d octets along %v, want %d", r, len(got.data), got.path, n)
					}
				}
			}
			if err := one.SendIKE(one.to(two, a, roleNAT), []byte{0xff}); err != nil {
				t.Fatal(err)
			}
			two.awaitCount(ReceivedKeepalive, 1)
			one.SendESP([]dataplane.Burst{{Path: one.to(two, a, roleNAT), Data: espPackets(1, 100)}})
			if got := await(t, two.esp); !bytes.Equal(got.data, espPackets(1, 100)) || got.path != two.to(one, a, roleNAT) {
				t.Errorf("ESP along %v: %x", got.path, got.data)
			}
			if c := one.Counts(); c[SentIKE] != 7 || c[SentESP] != 1 {
				t.Errorf("sent %d IKE, %d ESP", c[SentIKE], c[SentESP])
			}
		})
	}
}

func TestBurstsArriveWholeAndInOrder(t *testing.T) {
	for _, a := range []string{"127.0.0.1", "::1"} {
		for _, segmentation := range []bool{true, false} {
			t.Run(fmt.Sprint(a, " segmentation ", segmentation), func(t *testing.T) {
				one, two := newEnd(t, a), newEnd(t, a).start()
				for _, s := range one.sockets {
					s.segment = s.segment && segmentation
				}
				p := one.to(two, a, roleNAT)
				sent := append(espPackets(150, 1000), espPackets(1, 500)...) // more than one message may hold
				one.SendESP([]dataplane.Burst{
					{Path: p, Data: espPackets(3, 60), Segment: 60, TOS: 2},
					{Path: p, Data: sent, Segment: 1000, TOS: 46<<2 | 1, DF: true},
					{Path: p, Data: espPackets(1, 40)},
				})
				for i := range 3 {
					expectESP(t, two, espPackets(3, 60)[i*60:][:60], 2)
				}
				for b := sent; len(b) > 0; b = b[min(1000, len(b)):] {
					expectESP(t, two, b[:min(1000, len(b))], 46<<2|1)
				}
				expectESP(t, two, espPackets(1, 40), 0)
				if c := one.Counts(); c[SentESP] != 155 {
					t.Errorf("sent %d packets: %v", c[SentESP], c)
				}
			})
		}
	}
}

func expectESP(t *testing.T, e *end, want []byte, tos uint8) {
	t.Helper()
	got := await(t, e.esp)
	if !bytes.Equal(got.data, want) || got.tos != tos {
		t.Fatalf("got %d octets with TOS %#x, want %d with %#x", len(got.data), got.tos, len(want), tos)
	}
}

func TestRepliesLeaveFromTheAddressThatWasAddressed(t *testing.T) {
	l, err := Listen(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan dataplane.Path, 1)
	l.Start(Handlers{IKE: func(p dataplane.Path, m []byte) {
		if err := l.SendIKE(p, m); err != nil {
			t.Error(err)
		}
		got <- p
	}})
	_, nat := l.Ports()
	for _, a := range []string{"127.0.0.2", "127.0.0.3", "::1"} {
		c, err := net.Dial("udp", netip.AddrPortFrom(netip.MustParseAddr(a), nat).String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write(make([]byte, 32)); err != nil {
			t.Fatal(err)
		}
		if p := await(t, got); p.Local.Addr().String() != a {
			t.Errorf("addressed to %v, want %s", p.Local, a)
		}
		c.SetReadDeadline(time.Now().Add(patience))
		if n, err := c.Read(make([]byte, 100)); err != nil || n != 32 { // a connected socket hears its peer only
			t.Errorf("reply from %s: %d, %v", a, n, err)
		}
	}
}

func TestGarbageIsCounted(t *testing.T) {
	e := newEnd(t, "127.0.0.1").start()
	ike, nat := e.Ports()
	for port, packets := range map[uint16][][]byte{
		ike: {{}, {1}, make([]byte, 27)},
		nat: {{}, {1}, {0, 0, 0, 0}, {0, 0, 0, 9, 1, 2, 3, 4, 5}, make([]byte, 31)},
	} {
		c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, p := range packets {
			if _, err := c.Write(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	e.awaitCount(DropEmpty, 2)
	e.awaitCount(DropShort, 5)
	e.awaitCount(DropReservedSPI, 1)
	if len(e.ike) != 0 || len(e.esp) != 0 {
		t.Error("garbage reached a handler")
	}
}

func TestICMPErrorsAreSurvived(t *testing.T) {
	for _, a := range []string{"127.0.0.1", "::1"} {
		one, two := newEnd(t, a).start(), newEnd(t, a).start()
		nobody := newEnd(t, a)
		p := one.to(nobody, a, roleNAT)
		nobody.Close()
		for i := range 50 {
			_ = one.SendIKE(p, ikeMessage(100)) // may report the error of the one before
			one.SendESP([]dataplane.Burst{{Path: p, Data: espPackets(2, 100), Segment: 100}})
			one.SendESP([]dataplane.Burst{{Path: one.to(two, a, roleNAT), Data: espPackets(1, 100+i)}})
		}
		for i := range 50 {
			if got := await(t, two.esp); len(got.data) != 100+i {
				t.Fatalf("%d octets, want %d: a packet to somebody else was lost", len(got.data), 100+i)
			}
		}
		one.awaitCount(UnreachableNotice, 1)
	}
}

// TestErrorOfAnEarlierPacketCostsNoOther has nobody empty the error queue, so that the next send meets the error.
func TestErrorOfAnEarlierPacketCostsNoOther(t *testing.T) {
	one, two, nobody := newEnd(t, "127.0.0.1"), newEnd(t, "127.0.0.1").start(), newEnd(t, "127.0.0.1")
	nowhere := one.to(nobody, "127.0.0.1", roleNAT)
	nobody.Close()
	for i := range 20 {
		one.SendESP([]dataplane.Burst{{Path: nowhere, Data: espPackets(1, 100)}})
		if i%2 == 0 {
			one.SendESP([]dataplane.Burst{{Path: one.to(two, "127.0.0.1", roleNAT), Data: espPackets(1, 100)}})
			expectESP(t, two, espPackets(1, 100), 0)
			continue
		}
		if err := one.SendIKE(one.to(two, "127.0.0.1", roleNAT), ikeMessage(100)); err != nil {
			t.Fatal(err)
		}
		await(t, two.ike)
	}
}

func TestUnroutableAndForeignAddressesAreCounted(t *testing.T) {
	e := newEnd(t, "127.0.0.1")
	p := e.to(e, "127.0.0.1", roleNAT)
	p.Local = netip.AddrPortFrom(netip.MustParseAddr("192.0.2.200"), p.Local.Port())
	if err := e.SendIKE(p, ikeMessage(100)); !errors.Is(err, ErrNoSocket) {
		t.Errorf("an address without socket: %v", err)
	}
	all, err := Listen(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	_, nat := all.Ports()
	p.Local = netip.AddrPortFrom(p.Local.Addr(), nat)
	if err := all.SendIKE(p, ikeMessage(100)); !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENETUNREACH) {
		t.Errorf("an address that the host lacks: %v", err)
	}
	all.SendESP([]dataplane.Burst{{Path: p, Data: espPackets(3, 100), Segment: 100}})
	if c := all.Counts(); c[SendNoAddress]+c[SendUnreachable] != 4 || c[SentESP] != 0 {
		t.Errorf("counts %v", c)
	}
	raw := p
	raw.Transport = dataplane.TransportRaw
	other := p
	other.Local = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 1)
	all.SendESP([]dataplane.Burst{{Path: raw, Data: espPackets(2, 100), Segment: 100}, {Path: other, Data: espPackets(1, 100)}})
	if c := all.Counts(); c[SendClosed] != 3 {
		t.Errorf("%d packets without a socket, want 3", c[SendClosed])
	}
}

func TestPortsInUseAreRefused(t *testing.T) {
	e := newEnd(t, "127.0.0.1")
	ike, nat := e.Ports()
	_, err := Listen(Config{Addresses: e.config.Addresses, IKEPort: ike, NATPort: nat})
	if !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("got %v, want EADDRINUSE", err)
	}
	_, err = Listen(Config{Addresses: e.config.Addresses, NATPort: nat})
	if !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("NAT port: got %v, want EADDRINUSE", err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	e := newEnd(t, "127.0.0.1").start()
	p := e.to(e, "127.0.0.1", roleNAT)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := e.SendIKE(p, ikeMessage(100)); !errors.Is(err, ErrClosed) {
		t.Errorf("SendIKE: %v", err)
	}
	e.SendESP([]dataplane.Burst{{Path: p, Data: espPackets(2, 100), Segment: 100}})
	if c := e.Counts(); c[SendClosed] != 3 {
		t.Errorf("counted %d, want 3", c[SendClosed])
	}
	never := newEnd(t, "127.0.0.1")
	if err := never.Close(); err != nil {
		t.Errorf("Close without Start: %v", err)
	}
	never.Start(Handlers{}) // too late, and harmless
}

func TestSource(t *testing.T) {
	all, err := Listen(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	for _, a := range []string{"127.0.0.1", "::1"} {
		if got, err := all.Source(netip.MustParseAddr(a)); err != nil || got.String() != a {
			t.Errorf("towards %s: %v, %v", a, got, err)
		}
	}
	if got, err := newEnd(t, "127.0.0.9").Source(netip.MustParseAddr("127.0.0.1")); err != nil || got.String() != "127.0.0.9" {
		t.Errorf("of a bound listener: %v, %v", got, err)
	}
}

func TestMissingHandlersDrop(t *testing.T) {
	one, two := newEnd(t, "127.0.0.1"), newEnd(t, "127.0.0.1")
	two.Start(Handlers{})
	p := one.to(two, "127.0.0.1", roleNAT)
	if err := one.SendIKE(p, ikeMessage(100)); err != nil {
		t.Fatal(err)
	}
	one.SendESP([]dataplane.Burst{{Path: p, Data: espPackets(3, 100), Segment: 100}})
	two.awaitCount(DropUnhandled, 4)
}
