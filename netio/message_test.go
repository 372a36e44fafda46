package netio

import (
	"net/netip"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

func TestNamesRoundTrip(t *testing.T) {
	for _, s := range []string{"192.0.2.1:500", "[2001:db8::1]:4500", "[fe80::1%7]:1", "0.0.0.0:65535"} {
		want := netip.MustParseAddrPort(s)
		var sa unix.RawSockaddrInet6
		n := putName(&sa, want)
		if got, ok := getName(&sa, n); !ok || got != want {
			t.Errorf("%s: got %v, %v", s, got, ok)
		}
		if _, ok := getName(&sa, n-1); ok {
			t.Errorf("%s: accepted although cut short", s)
		}
	}
	if _, ok := getName(&unix.RawSockaddrInet6{}, unix.SizeofSockaddrInet6); ok {
		t.Error("no family, and accepted")
	}
	if got := scope(netip.MustParseAddr("fe80::1%eth0")); got != 0 {
		t.Errorf("zone by name: %d", got)
	}
}

func TestControlMessagesRoundTrip(t *testing.T) {
	for _, a := range []string{"192.0.2.1", "2001:db8::1", "fe80::1%7"} {
		from := netip.MustParseAddr(a)
		var b [controlSize]byte
		n := putControl(&b, from.Is6(), from, 0xb9, 1400)
		got := getControl(b[:n])
		if got.local != from || got.tos != 0xb9 {
			t.Errorf("%s: got %+v", a, got)
		}
		for i := range n { // whatever is cut off, nothing is read beyond the end
			getControl(b[:i:i])
		}
	}
	var b [controlSize]byte
	if n := putControl(&b, false, netip.Addr{}, 0, 0); n != 0 {
		t.Errorf("%d octets about nothing", n)
	}
}

func FuzzGetControl(f *testing.F) {
	var b [controlSize]byte
	f.Add(b[:putControl(&b, true, netip.MustParseAddr("2001:db8::1"), 3, 9)])
	f.Fuzz(func(t *testing.T, data []byte) {
		words := make([]uint64, len(data)/8+1) // as aligned as the kernel's
		aligned := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(data))
		copy(aligned, data)
		getControl(aligned)
	})
}

func TestMixedMessageIsSortedIntoRuns(t *testing.T) {
	const n = 40
	esp, ike, odd := espPackets(1, n), make([]byte, n), append([]byte{0, 0, 0, 5}, make([]byte, n-4)...)
	var data []byte
	for _, p := range [][]byte{esp, esp, ike, esp, odd, odd, ike, esp, esp, {0xff}} {
		data = append(data, p...)
	}
	l, in := &worker{Listener: &Listener{}}, newInbox()
	l.workers = append(l.workers, l)
	messages := 0
	var runs []int
	h := &Handlers{
		IKE: func(_ dataplane.Path, m []byte) {
			messages++
			if len(m) != n-markerLen {
				t.Errorf("IKE message of %d octets", len(m))
			}
		},
		ESP: func(_ int, bursts []dataplane.Burst) {
			for i := range bursts {
				runs = append(runs, bursts[i].Count())
			}
		},
	}
	l.sort(roleNAT, dataplane.Burst{Data: data, Segment: n}, in, h)
	l.deliver(in, h)
	if messages != 2 || len(runs) != 3 || runs[0] != 2 || runs[1] != 1 || runs[2] != 2 {
		t.Errorf("%d IKE messages, runs of ESP %v", messages, runs)
	}
	c := l.Counts()
	if c[ReceivedESP] != 5 || c[ReceivedIKE] != 2 || c[DropReservedSPI] != 2 || c[ReceivedKeepalive] != 1 {
		t.Errorf("counts %v", c)
	}
}

func TestIPv4HeaderOfRawPacketsIsCutOff(t *testing.T) {
	p := append([]byte{0x46, 23: 0}, "esp"...)
	if got := withoutHeader(p, false); string(got) != "esp" {
		t.Errorf("got %q", got)
	}
	if got := withoutHeader([]byte{0x4f, 1}, false); len(got) != 0 {
		t.Errorf("header longer than the packet leaves %x", got)
	}
	if got := withoutHeader(p, true); len(got) != len(p) {
		t.Error("IPv6 sockets deliver no header")
	}
}

func TestSendAndReceiveDoNotAllocate(t *testing.T) {
	one, two := newEnd(t, "127.0.0.1"), newEnd(t, "127.0.0.1")
	bursts := []dataplane.Burst{
		{Path: one.to(two, "127.0.0.1", roleNAT), Data: espPackets(20, 1000), Segment: 1000, TOS: 2, DF: true},
		{Path: one.to(two, "127.0.0.1", roleNAT), Data: espPackets(1, 60)},
	}
	var nat *socket
	for _, s := range two.sockets {
		if s.role == roleNAT {
			nat = s
		}
	}
	in, packets := newInbox(), 0
	h := &Handlers{ESP: func(_ int, bursts []dataplane.Burst) {
		for i := range bursts {
			packets += bursts[i].Count()
		}
	}}
	run := func() {
		one.SendESP(bursts)
		for want := packets + 21; packets < want; {
			two.workers[0].receive(nat, in, h)
		}
	}
	run()
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Messages that the kernel has not coalesced are small, and as many as possible make a batch; of coalesced ones a few fill the cache,
// and one is a batch at least.
func TestBatchFollowsTheLengthOfMessages(t *testing.T) {
	in := new(inbox)
	for _, c := range []struct {
		lengths []uint32
		want    int
	}{
		{[]uint32{1400}, inboxSize},
		{[]uint32{0}, inboxSize},
		{[]uint32{1400, 64, 1400, 1400}, inboxSize},
		{[]uint32{9000}, 29},
		{[]uint32{60000}, 4},
		{[]uint32{60000, 60000, 1400, 60000}, 5},
	} {
		for i, n := range c.lengths {
			in.messages[i].n = n
		}
		if got := in.nextBatch(len(c.lengths)); got != c.want {
			t.Errorf("after messages of %v octets: %d, want %d", c.lengths, got, c.want)
		}
	}
}
