package offload

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
)

// A tape records what a Coalescer writes.
type tape struct {
	headers []Header
	packets [][]byte
	refuse  bool
}

func (w *tape) WritePacket(parts [][]byte) error {
	if w.refuse {
		return errors.New("full")
	}
	h, p, err := ParseHeader(bytes.Join(parts, nil))
	w.headers, w.packets = append(w.headers, h), append(w.packets, p)
	return err
}

// coalesce runs packets through a Coalescer.
func coalesce(c *Coalescer, packets [][]byte) *tape {
	w := new(tape)
	for _, p := range packets {
		c.Add(bytes.Clone(p))
	}
	c.Flush(w)
	return w
}

// series is n packets of one flow that follow one another.
func series(spec packetSpec, n, size int) [][]byte {
	spec.payload = bytes.Repeat([]byte("payload"), n*size/7+1)[:n*size]
	return spec.cut(size, false)
}

func TestCoalescerJoins(t *testing.T) {
	tcp := packetSpec{ttl: 64, df: true, sequence: 0xfffffe00, flags: flagACK, id: 0xfffe}
	tcp6, udp, udp6 := tcp, tcp, tcp
	tcp6.v6, udp.udp, udp6.v6, udp6.udp = true, true, true, true
	cleared := tcp
	cleared.df = false
	other := tcp
	other.source = 7
	tests := []struct {
		name    string
		packets [][]byte
		want    []int // packets in each write
	}{
		{"TCP over IPv4", series(tcp, 5, 1400), []int{5}},
		{"TCP over IPv4 that may be fragmented", series(cleared, 5, 1400), []int{5}},
		{"TCP over IPv6", series(tcp6, 5, 1400), []int{5}},
		{"UDP over IPv4", series(udp, 5, 1400), []int{5}},
		{"UDP over IPv6", series(udp6, 5, 1400), []int{5}},
		{"64 KiB and more", series(tcp, 50, 1400), []int{46, 4}},
		{"at most 64 packets", series(tcp, 70, 10), []int{64, 6}},
		{"a short one ends it", append(series(tcp, 2, 100), packetSpec{ttl: 64, df: true, flags: flagACK, sequence: 0xfffffe00 + 200, payload: []byte("x")}.build(),
			packetSpec{ttl: 64, df: true, flags: flagACK, sequence: 0xfffffe00 + 201, payload: []byte("y")}.build()), []int{3, 1}},
		{"two flows in turn", interleave(series(tcp, 4, 100), series(other, 4, 100)), []int{4, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := coalesce(&Coalescer{UDP: true}, tt.packets)
			var counts []int
			for i, h := range w.headers {
				counts = append(counts, len(cutAll(t, h, bytes.Clone(w.packets[i]))))
			}
			if !equalInts(counts, tt.want) {
				t.Fatalf("packets per write: got %v, want %v", counts, tt.want)
			}
			inverts(t, tt.packets, w)
		})
	}
}

func TestCoalescerKeepsApart(t *testing.T) {
	base := packetSpec{ttl: 64, df: true, sequence: 1000, ack: 5, flags: flagACK, window: 9, options: []byte{1, 1, 1, 1}, id: 10, payload: make([]byte, 100)}
	next := base
	next.sequence, next.id = 1100, 11
	tests := []struct {
		name   string
		change func(first, second *packetSpec)
	}{
		{"a gap in the sequence", func(_, b *packetSpec) { b.sequence++ }},
		{"a retransmission", func(_, b *packetSpec) { b.sequence = 1000 }},
		{"another acknowledgement", func(_, b *packetSpec) { b.ack++ }},
		{"another window", func(_, b *packetSpec) { b.window++ }},
		{"other options", func(_, b *packetSpec) { b.options = []byte{1, 1, 1, 0} }},
		{"more options", func(_, b *packetSpec) { b.options = make([]byte, 8) }},
		{"another TTL", func(_, b *packetSpec) { b.ttl-- }},
		{"another TOS", func(_, b *packetSpec) { b.tos = 4 }},
		{"DF on one only", func(_, b *packetSpec) { b.df = false }},
		{"a gap in the identification of fragmentable packets", func(a, b *packetSpec) { a.df, b.df, b.id = false, false, 12 }},
		{"a push on the first", func(a, _ *packetSpec) { a.flags |= flagPSH }},
		{"FIN", func(_, b *packetSpec) { b.flags |= flagFIN }},
		{"SYN", func(a, _ *packetSpec) { a.flags |= 2 }},
		{"URG", func(_, b *packetSpec) { b.flags |= 0x20 }},
		{"CWR", func(_, b *packetSpec) { b.flags |= flagCWR }},
		{"ECE on one only", func(_, b *packetSpec) { b.flags |= flagECE }},
		{"a longer one", func(_, b *packetSpec) { b.payload = make([]byte, 101) }},
		{"no payload", func(_, b *packetSpec) { b.payload = nil }},
		{"another version", func(_, b *packetSpec) { b.v6 = true }},
		{"another protocol", func(_, b *packetSpec) { b.udp = true }},
	}
	for _, tt := range tests {
		for _, v6 := range []bool{false, true} {
			a, b := base, next
			a.v6, b.v6 = v6, v6
			tt.change(&a, &b)
			if v6 && (a.df != b.df || !a.df || a.v6 && b.v6 && tt.name == "another version") {
				continue
			}
			w := coalesce(&Coalescer{UDP: true}, [][]byte{a.build(), b.build()})
			if len(w.packets) != 2 {
				t.Errorf("%s (v6 %v): %d writes, want 2", tt.name, v6, len(w.packets))
			}
		}
	}
}

func TestCoalescerLeavesAloneWhatIsDamaged(t *testing.T) {
	good := series(packetSpec{ttl: 64, df: true, flags: flagACK}, 3, 100)
	for at := range good[1] {
		packets := [][]byte{bytes.Clone(good[0]), bytes.Clone(good[1]), bytes.Clone(good[2])}
		packets[1][at] ^= 0x10
		inverts(t, packets, coalesce(&Coalescer{}, packets))
		packets[0], packets[1] = packets[1], packets[0]
		inverts(t, packets, coalesce(&Coalescer{}, packets))
	}
}

func TestCoalescerLeavesOddPacketsSingle(t *testing.T) {
	udp := series(packetSpec{udp: true, ttl: 64}, 2, 100)
	none := [][]byte{bytes.Clone(udp[0]), bytes.Clone(udp[1])}
	for _, p := range none {
		copy(p[ipv4Header+udpChecksum:], []byte{0, 0})
	}
	fragment := series(packetSpec{ttl: 64, flags: flagACK}, 2, 100)
	for _, p := range fragment {
		p[6] |= 0x20
	}
	longer := series(packetSpec{ttl: 64, flags: flagACK}, 2, 100)
	longer[1] = append(longer[1], 0)
	icmp := series(packetSpec{ttl: 64, flags: flagACK}, 2, 100)
	for _, p := range icmp {
		p[9] = 1
	}
	tests := []struct {
		name    string
		c       Coalescer
		packets [][]byte
	}{
		{"UDP when the device cannot", Coalescer{}, udp},
		{"UDP without checksum", Coalescer{UDP: true}, none},
		{"fragments", Coalescer{}, fragment},
		{"octets behind the packet", Coalescer{}, longer},
		{"other protocols", Coalescer{}, icmp},
		{"rubbish", Coalescer{}, [][]byte{nil, {0x45}, {0x60}, make([]byte, 40)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := coalesce(&tt.c, tt.packets)
			equalPackets(t, w.packets, tt.packets)
		})
	}
}

func TestNothingOvertakesInAFlow(t *testing.T) {
	data := series(packetSpec{ttl: 64, df: true, flags: flagACK}, 2, 100)
	ack := packetSpec{ttl: 64, df: true, flags: flagACK, sequence: 100}.build()
	w := coalesce(&Coalescer{}, [][]byte{data[0], ack, data[1]})
	equalPackets(t, w.packets, [][]byte{data[0], ack, data[1]})

	unknown := []byte{0x45, 0, 0, 4}
	w = coalesce(&Coalescer{}, [][]byte{data[0], unknown, data[1]})
	equalPackets(t, w.packets, [][]byte{data[0], unknown, data[1]})
}

func TestFlushCountsRefusedPackets(t *testing.T) {
	c := new(Coalescer)
	for _, p := range series(packetSpec{ttl: 64, df: true, flags: flagACK}, 5, 100) {
		c.Add(p)
	}
	c.Add([]byte{1})
	if got := c.Len(); got != 2 {
		t.Errorf("Len() = %d, want 2", got)
	}
	if got := c.Flush(&tape{refuse: true}); got != 6 {
		t.Errorf("refused %d packets, want 6", got)
	}
	if got := c.Len(); got != 0 {
		t.Errorf("Len() after Flush = %d", got)
	}
}

func TestRoundsDoNotMix(t *testing.T) {
	packets := series(packetSpec{ttl: 64, df: true, flags: flagACK}, 2, 100)
	c := new(Coalescer)
	for _, p := range packets {
		equalPackets(t, coalesce(c, [][]byte{p}).packets, [][]byte{p})
	}
}

// inverts checks that cutting what was written gives the packets again, in order within each flow.
func inverts(t testing.TB, packets [][]byte, w *tape) {
	t.Helper()
	var back [][]byte
	for i, h := range w.headers {
		back = append(back, cutAll(t, h, bytes.Clone(w.packets[i]))...)
	}
	got, want := byFlow(back), byFlow(packets)
	if len(got) != len(want) {
		t.Fatalf("got %d flows, want %d", len(got), len(want))
	}
	for k := range want {
		equalPackets(t, got[k], want[k])
	}
}

// byFlow groups packets by addresses and ports. Where DF says that the identification means nothing it is left out, and
// what the header checksum sums up to stands in for the checksum.
func byFlow(packets [][]byte) map[string][][]byte {
	flows := make(map[string][][]byte)
	for _, p := range packets {
		p, key := bytes.Clone(p), ""
		if in, ok := inspect(p); ok {
			addresses := 8
			if in.transport == ipv4Header {
				addresses = 12
			}
			key = string(p[addresses : in.transport+4])
			if in.transport == ipv4Header && p[6]&0x40 != 0 {
				total := slowSum(p[:ipv4Header])
				binary.BigEndian.PutUint16(p[4:], 0)
				binary.BigEndian.PutUint16(p[10:], total)
			}
		}
		flows[key] = append(flows[key], p)
	}
	return flows
}

func interleave(a, b [][]byte) (out [][]byte) {
	for i := range a {
		out = append(out, a[i], b[i])
	}
	return out
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// FuzzCoalesce feeds random flows, damaged here and there, and checks that nothing changes but the grouping.
func FuzzCoalesce(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 9))
		var packets [][]byte
		flows := make([]packetSpec, 1+r.IntN(3))
		for i := range flows {
			flows[i] = randomSpec(r, 100)
		}
		for range r.IntN(60) {
			packets = append(packets, randomStep(r, &flows[r.IntN(len(flows))]))
		}
		c := &Coalescer{UDP: true}
		for range 2 {
			inverts(t, packets, coalesce(c, packets))
		}
	})
}

// randomStep returns the next packet of a flow, mostly the one that follows.
func randomStep(r *rand.Rand, s *packetSpec) []byte {
	s.flags = flagACK
	switch r.IntN(12) {
	case 0:
		s.flags |= flagPSH
	case 1:
		s.sequence += uint32(r.IntN(3))
	case 2:
		s.payload = randomOctets(r, r.IntN(120))
	case 3:
		s.ack++
	case 4:
		s.flags |= uint8(r.Uint32())
	}
	p := s.build()
	s.sequence += uint32(len(s.payload))
	s.id++
	if r.IntN(30) == 0 {
		p[len(p)-1-r.IntN(len(p)-24)] ^= 1 << r.IntN(8) // behind what tells IPv4 lengths, so that it stays a packet
	}
	return p
}

func TestCoalescerDoesNotAllocate(t *testing.T) {
	packets := series(packetSpec{ttl: 64, df: true, flags: flagACK}, 40, 1400)
	c, w := new(Coalescer), discard{}
	run := func() {
		for _, p := range packets[1:] { // the first is changed by joining
			c.Add(p)
		}
		c.Flush(w)
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type discard struct{}

func (discard) WritePacket([][]byte) error { return nil }

func BenchmarkCoalesce(b *testing.B) {
	packets := series(packetSpec{ttl: 64, df: true, flags: flagACK}, 45, 1400)
	first := bytes.Clone(packets[0])
	c := new(Coalescer)
	b.SetBytes(45 * 1440)
	b.ReportAllocs()
	for b.Loop() {
		copy(packets[0], first)
		for _, p := range packets {
			c.Add(p)
		}
		c.Flush(discard{})
	}
}
