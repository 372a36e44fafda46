package offload

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// cutAll splits and collects.
func cutAll(t testing.TB, h Header, pkt []byte) [][]byte {
	t.Helper()
	var s Segments
	err := s.Split(h, pkt)
	if err != nil {
		t.Fatalf("Split: %v", err)
	}
	var out [][]byte
	inPlace := cutInPlace(t, h, bytes.Clone(pkt))
	longest, count, octets := s.MaxLen(), s.Count(), s.Len()
	for {
		b := make([]byte, longest)
		n := s.Next(b)
		if n == 0 {
			if len(out) != count || octets != 0 {
				t.Errorf("%d packets and %d octets were announced; %d packets came, and the octets were %d less", count, s.Len(), len(out), octets)
			}
			equalPackets(t, inPlace, out)
			return out
		}
		octets -= n
		out = append(out, b[:n])
	}
}

// cutInPlace collects what Cut returns.
func cutInPlace(t testing.TB, h Header, pkt []byte) (out [][]byte) {
	var s Segments
	err := s.Split(h, pkt)
	if err != nil {
		t.Fatalf("Split: %v", err)
	}
	for p := s.Cut(); len(p) > 0; p = s.Cut() {
		out = append(out, bytes.Clone(p))
	}
	if s.Count() != 0 || s.Cut() != nil {
		t.Errorf("%d packets are left", s.Count())
	}
	return out
}

func equalPackets(t testing.TB, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d packets, want %d", len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("packet %d of %d:\n got %x\nwant %x", i, len(got), got[i], want[i])
		}
	}
}

func TestSplitCutsLikeTheReference(t *testing.T) {
	payload := randomOctets(rand.New(rand.NewPCG(1, 2)), 5000)
	timestamps := []byte{1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}
	tests := []struct {
		name string
		spec packetSpec
		size int
		ecn  bool
	}{
		{"TCP over IPv4", packetSpec{ttl: 64, df: true, id: 0xfffe, sequence: 0xfffffff0, flags: flagACK, options: timestamps, payload: payload}, 1400, false},
		{"TCP over IPv6", packetSpec{v6: true, ttl: 1, sequence: 7, flags: flagACK | flagPSH, payload: payload}, 1220, false},
		{"UDP over IPv4", packetSpec{udp: true, ttl: 64, payload: payload}, 1000, false},
		{"UDP over IPv6", packetSpec{udp: true, v6: true, ttl: 64, payload: payload}, 1001, false},
		{"FIN and PSH stay with the last", packetSpec{ttl: 64, flags: flagACK | flagPSH | flagFIN, payload: payload}, 999, false},
		{"CWR stays with the first under ECN", packetSpec{ttl: 64, flags: flagACK | flagCWR, payload: payload}, 1400, true},
		{"CWR is everywhere without", packetSpec{ttl: 64, flags: flagACK | flagCWR, payload: payload}, 1400, false},
		{"exact multiple", packetSpec{ttl: 64, flags: flagACK, payload: payload}, 2500, false},
		{"payload below the size", packetSpec{ttl: 64, flags: flagACK, payload: payload[:10]}, 1400, false},
		{"no payload", packetSpec{ttl: 64, flags: flagACK}, 1400, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, p := tt.spec.super(tt.size, tt.ecn)
			equalPackets(t, cutAll(t, h, p), tt.spec.cut(tt.size, tt.ecn))
		})
	}
}

func TestSplitCompletesASingleChecksum(t *testing.T) {
	for _, udp := range []bool{false, true} {
		spec := packetSpec{udp: udp, ttl: 64, flags: flagACK, payload: []byte("odd")}
		h, p := spec.super(1, false)
		h.Type, h.Size = gsoNone, 0
		equalPackets(t, cutAll(t, h, p), [][]byte{spec.build()})
	}
}

func TestUDPChecksumIsNeverZero(t *testing.T) {
	// A payload that makes the sum come out as all ones: found by searching two octets.
	for v := range 1 << 16 {
		spec := packetSpec{udp: true, ttl: 64, payload: []byte{byte(v >> 8), byte(v)}}
		if p := spec.build(); p[ipv4Header+udpChecksum] != 0xff || p[ipv4Header+udpChecksum+1] != 0xff {
			continue
		}
		h, p := spec.super(2, false)
		equalPackets(t, cutAll(t, h, p), [][]byte{spec.build()})
		h.Type = gsoNone
		_, p = spec.super(2, false)
		equalPackets(t, cutAll(t, h, p), [][]byte{spec.build()})
		return
	}
	t.Fatal("no payload gives a checksum of zero")
}

func TestSplitLeavesAPlainPacketAlone(t *testing.T) {
	p := packetSpec{ttl: 64, flags: flagACK, payload: []byte("plain")}.build()
	equalPackets(t, cutAll(t, Header{}, bytes.Clone(p)), [][]byte{p})
	if got := cutAll(t, Header{}, nil); len(got) != 0 {
		t.Errorf("an empty packet gave %d", len(got))
	}
}

func TestSplitRefusesHeadersThatDoNotFit(t *testing.T) {
	spec := packetSpec{ttl: 64, flags: flagACK, payload: make([]byte, 100)}
	tests := []struct {
		name   string
		change func(h *Header, p []byte)
	}{
		{"size 0", func(h *Header, _ []byte) { h.Size = 0 }},
		{"unknown kind", func(h *Header, _ []byte) { h.Type = 3 }},
		{"IPv6 kind on IPv4", func(h *Header, _ []byte) { h.Type = gsoTCP6 }},
		{"wrong version", func(_ *Header, p []byte) { p[0] = 0x55 }},
		{"start inside the IP header", func(h *Header, _ []byte) { h.ChecksumStart = 12 }},
		{"start behind the IP header", func(h *Header, _ []byte) { h.ChecksumStart = 24 }},
		{"start behind the packet", func(h *Header, _ []byte) { h.ChecksumStart = 4000 }},
		{"checksum elsewhere", func(h *Header, _ []byte) { h.ChecksumOffset = 14 }},
		{"TCP header too short", func(_ *Header, p []byte) { p[ipv4Header+12] = 0x40 }},
		{"TCP header longer than the packet", func(_ *Header, p []byte) { p[ipv4Header+12] = 0xf0; copy(p, p[:0]) }},
		{"UDP kind with the checksum of TCP", func(h *Header, _ []byte) { h.Type = gsoUDP }},
		{"single with checksum behind the packet", func(h *Header, _ []byte) { h.Type = gsoNone; h.ChecksumOffset = 500 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, p := spec.super(50, false)
			if tt.name == "TCP header longer than the packet" {
				p = p[:ipv4Header+tcpHeader+8]
			}
			tt.change(&h, p)
			if err := new(Segments).Split(h, p); !errors.Is(err, ErrHeader) {
				t.Errorf("got %v, want ErrHeader", err)
			}
		})
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	want := Header{1, gsoTCP6 | gsoECN, 54, 1400, 40, 16}
	var b [HeaderLen]byte
	want.Put(&b)
	got, rest, err := ParseHeader(append(b[:], 'x'))
	if err != nil || got != want || string(rest) != "x" {
		t.Errorf("got %+v %q %v", got, rest, err)
	}
	for n := range HeaderLen {
		if _, _, err := ParseHeader(b[:n]); !errors.Is(err, ErrHeader) {
			t.Errorf("%d octets: got %v, want ErrHeader", n, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, spec := range []packetSpec{{ttl: 64, flags: flagACK}, {v6: true, udp: true, ttl: 64}} {
		spec.payload = make([]byte, 300)
		h, p := spec.super(100, false)
		var b [HeaderLen]byte
		h.Put(&b)
		f.Add(append(b[:], p...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, p, err := ParseHeader(b)
		if err != nil {
			return
		}
		var s Segments
		err = s.Split(h, p)
		if err != nil {
			return
		}
		inPlace := cutInPlace(t, h, bytes.Clone(p))
		dst := make([]byte, s.MaxLen())
		payload, total := len(s.payload), 0
		for n := s.Next(dst); n > 0; n = s.Next(dst) {
			total += n - len(s.head)
			if len(inPlace) == 0 || !bytes.Equal(inPlace[0], dst[:n]) {
				t.Fatal("Cut and Next differ")
			}
			inPlace = inPlace[1:]
		}
		if total != payload {
			t.Errorf("cut %d octets of %d", total, payload)
		}
	})
}

func TestSplitDoesNotAllocate(t *testing.T) {
	spec := packetSpec{ttl: 64, flags: flagACK, payload: make([]byte, 14000)}
	h, p := spec.super(1400, false)
	dst := make([]byte, 2000)
	if n := testing.AllocsPerRun(100, func() {
		var s Segments
		_ = s.Split(h, p)
		for s.Next(dst) > 0 {
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSplit(b *testing.B) {
	spec := packetSpec{ttl: 64, flags: flagACK, payload: make([]byte, 45*1400)}
	h, p := spec.super(1400, false)
	dst := make([]byte, 2000)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		var s Segments
		_ = s.Split(h, p)
		for s.Next(dst) > 0 {
		}
	}
}
