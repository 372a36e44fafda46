package esp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestOpenReturnsWhatSealTook(t *testing.T) {
	for name, e := range transforms() {
		t.Run(name, func(t *testing.T) {
			out, in := pair(t, params(e))
			l, err := out.Layout()
			if err != nil {
				t.Fatal(err)
			}
			for n := 8; n < 60; n++ {
				for _, inner := range [][]byte{udp(t, hostA, hostB, n), udp(t, hostA6, hostB6, n)} {
					pkt := seal(t, out, inner)
					if len(pkt) != l.Sealed(len(inner)) || (len(pkt)-l.HeaderLen()-l.ICV)%l.Block != 0 {
						t.Fatalf("%d octets became %d, want %d", len(inner), len(pkt), l.Sealed(len(inner)))
					}
					got, next, err := in.Open(pkt)
					if err != nil || !bytes.Equal(got, inner) || next != protocolOf(inner) {
						t.Fatalf("got %x, %d, %v", got, next, err)
					}
				}
			}
		})
	}
}

func protocolOf(pkt []byte) uint8 {
	if pkt[0]>>4 == 4 {
		return protoIPv4
	}
	return protoIPv6
}

func TestESPHeaderIsAsTheRFCPrintsIt(t *testing.T) {
	p := params(suite.ESP{ENCR: transform(wire.EncrNull, 0), INTEG: integrity(wire.IntegHMACSHA256_128)})
	p.Sequence = 6
	out, _ := pair(t, p)
	inner := udp(t, hostA, hostB, 9)
	pkt := seal(t, out, inner)
	want := slices.Concat([]byte{0xc0, 0xff, 0xee, 0x01, 0, 0, 0, 7}, inner, []byte{1, 1, protoIPv4})
	if !bytes.Equal(pkt[:len(pkt)-16], want) {
		t.Errorf("got %x, want %x", pkt, want)
	}
}

func TestTransportModeCarriesWhatFollowsTheHeader(t *testing.T) {
	for _, hosts := range [][2]string{{hostA, hostB}, {hostA6, hostB6}} {
		p := params(gcm())
		p.Mode = Transport
		out, in := pair(t, p)
		for _, protocol := range []uint8{protoTCP, protoUDP, protoICMPv6} {
			payload := transportSegment(t, hosts[0], hosts[1], protocol, 33)
			got, next, err := in.Open(seal(t, out, ipPacket(t, hosts[0], hosts[1], protocol, payload)))
			if err != nil || next != protocol || !bytes.Equal(got, payload) {
				t.Errorf("protocol %d: got %x, %d, %v", protocol, got, next, err)
			}
		}
	}
}

func TestSealRefusesWhatTheModeDoesNotCarry(t *testing.T) {
	fragment := udp(t, hostA, hostB, 16)
	binary.BigEndian.PutUint16(fragment[6:], flagMF)
	options := slices.Insert(udp(t, hostA, hostB, 16), headerLen4, 1, 1, 1, 0)
	options[0], options[3] = 0x46, byte(len(options))
	tests := []struct {
		name string
		mode Mode
		pkt  []byte
		want error
	}{
		{"nothing", Tunnel, nil, ErrMalformed},
		{"no IP", Tunnel, make([]byte, 60), ErrMalformed},
		{"cut IPv6", Tunnel, udp(t, hostA6, hostB6, 16)[:39], ErrMalformed},
		{"cut off", Transport, udp(t, hostA, hostB, 16)[:30], ErrMalformed},
		{"a fragment", Transport, fragment, ErrFragment},
		{"IP options", Transport, options, ErrNextHeader},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := params(gcm())
			p.Mode = tt.mode
			out, _ := pair(t, p)
			dst := []byte("kept")
			if got, err := out.Seal(dst, tt.pkt); !errors.Is(err, tt.want) || string(got) != "kept" {
				t.Errorf("Seal: %q, %v, want %v", got, err, tt.want)
			}
			if _, err := out.SealFrom(nil, tt.pkt, 1); !errors.Is(err, tt.want) {
				t.Errorf("SealFrom: %v, want %v", err, tt.want)
			}
			if out.Sequence() != 0 {
				t.Error("a sequence number is lost")
			}
		})
	}
	out, _ := pair(t, params(gcm()))
	if _, err := out.Seal(nil, fragment); err != nil {
		t.Errorf("tunnel mode refuses a fragment: %v", err)
	}
}

func TestSealInPlace(t *testing.T) {
	for name, e := range map[string]suite.ESP{"GCM": gcm(), "CBC": cbc()} {
		t.Run(name, func(t *testing.T) {
			out, in := pair(t, params(e))
			l, _ := out.Layout()
			inner := udp(t, hostA, hostB, 101)
			for _, at := range []int{0, 3, l.HeaderLen(), l.HeaderLen() + 9} {
				buf := make([]byte, 300)
				headroom := 28
				copy(buf[headroom+at:], inner)
				pkt, err := out.Seal(buf[:headroom], buf[headroom+at:headroom+at+len(inner)])
				if err != nil || &pkt[0] != &buf[0] {
					t.Fatalf("at %d: not in place, %v", at, err)
				}
				if got, _, err := in.Open(pkt[headroom:]); err != nil || !bytes.Equal(got, inner) {
					t.Errorf("at %d: got %x, %v", at, got, err)
				}
			}
		})
	}
}

func TestPacketIsSealedWhereItLies(t *testing.T) {
	for _, p := range []Params{params(gcm()), params(cbc()), {Mode: Transport}} {
		if p.Mode == Transport {
			p = params(gcm())
			p.Mode = Transport
		}
		for room := range 40 { // behind the packet; with little of it, a copy is sealed
			out, in := pair(t, p)
			inner := udp(t, hostA, hostB, 40)
			around := append(bytes.Clone(inner), bytes.Repeat([]byte{0xa5}, room)...)
			pkt, err := out.SealFrom([]byte("before"), around[:len(inner)], 1)
			if err != nil || !bytes.HasPrefix(pkt, []byte("before")) {
				t.Fatal(err)
			}
			if !bytes.Equal(around[:len(inner)], inner) || bytes.Count(around[len(inner):], []byte{0xa5}) != room {
				t.Errorf("room for %d: the packet or what is behind it was changed: %x", room, around)
			}
			want := inner
			if p.Mode == Transport {
				want = inner[20:]
			}
			if got, _, err := in.Open(pkt[len("before"):]); err != nil || !bytes.Equal(got, want) {
				t.Errorf("room for %d: got %x, %v", room, got, err)
			}
		}
	}
}

func TestReservedNumbersMayBeSealedInAnyOrder(t *testing.T) {
	out, in := pair(t, params(gcm()))
	inner := udp(t, hostA, hostB, 40)
	if first, err := out.Reserve(1); err != nil || first != 1 {
		t.Fatal(first, err)
	}
	first, err := out.Reserve(3)
	if err != nil || first != 2 {
		t.Fatal(first, err)
	}
	other := out.Fork()
	for n, sealer := range []*Outbound{out, other, out} {
		pkt, err := sealer.SealFrom(nil, inner, first+2-uint64(n))
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := in.Open(pkt); err != nil || !bytes.Equal(got, inner) {
			t.Errorf("packet %d: %x, %v", n, got, err)
		}
	}
	if _, _, err := in.Open(seal(t, other, inner)); err != nil || in.Sequence() != 5 || out.Sequence() != 5 {
		t.Errorf("the fork's own packet: %v, sequence numbers %d and %d", err, in.Sequence(), out.Sequence())
	}
	if _, err := out.Reserve(0); err == nil {
		t.Error("no numbers can be reserved")
	}
}

func TestForkOutlivesTheClearingOfItsOrigin(t *testing.T) {
	out, in := pair(t, params(gcm()))
	fork := out.Fork()
	out.Clear()
	if _, _, err := in.Open(seal(t, fork, udp(t, hostA, hostB, 40))); err != nil {
		t.Errorf("the fork seals under another key: %v", err)
	}
}

func TestSequenceNumbersEnd(t *testing.T) {
	tests := []struct {
		name string
		esn  bool
		last uint64
	}{
		{"32 bits", false, 1<<32 - 1},
		{"64 bits", true, 1<<64 - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := params(gcm())
			p.Transforms.ESN, p.Sequence = tt.esn, tt.last-2
			out, _ := pair(t, p)
			inner := udp(t, hostA, hostB, 40)
			if _, err := out.Reserve(3); err != ErrSequenceExhausted {
				t.Errorf("three of two: %v", err)
			}
			seal(t, out, inner)
			seal(t, out, inner)
			for range 3 {
				if _, err := out.Seal(nil, inner); err != ErrSequenceExhausted {
					t.Errorf("behind the last: %v", err)
				}
				if _, err := out.SealDummy(nil, 10); err != ErrSequenceExhausted {
					t.Errorf("a dummy behind the last: %v", err)
				}
			}
			if out.Sequence() != tt.last {
				t.Errorf("last number %x", out.Sequence())
			}
		})
	}
}

func TestDummyPacketsAreDropped(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 1400} {
		out, in := pair(t, params(gcm()))
		pkt, err := out.SealDummy(nil, n)
		if err != nil || len(pkt) < n {
			t.Fatal(len(pkt), err)
		}
		if inner, next, err := in.Open(pkt); err != ErrDummy || inner != nil || next != protoNone {
			t.Errorf("%d octets: %x, %d, %v", n, inner, next, err)
		}
		if in.Sequence() != 1 {
			t.Error("a dummy does not move the window")
		}
	}
}

func TestTrafficFlowConfidentiality(t *testing.T) {
	tests := []struct {
		name   string
		mode   Mode
		inner  []byte
		padded bool
	}{
		{"tunnel IPv4", Tunnel, udp(t, hostA, hostB, 40), true},
		{"tunnel IPv6", Tunnel, udp(t, hostA6, hostB6, 40), true},
		{"larger than the padding", Tunnel, udp(t, hostA6, hostB6, 1300), false},
		{"transport UDP", Transport, udp(t, hostA, hostB, 40), true},
		{"transport IPv4 in IPv4", Transport, ipPacket(t, hostA, hostB, protoIPv4, udp(t, hostA, hostB, 40)), true},
		{"transport TCP tells no length", Transport, ipPacket(t, hostA, hostB, protoTCP, transportSegment(t, hostA, hostB, protoTCP, 40)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := params(gcm())
			p.Mode = tt.mode
			out, in := pair(t, p)
			out.SetPadTo(1200)
			pkt := seal(t, out, tt.inner)
			if l, _ := out.Layout(); (len(pkt) == l.Sealed(1200)) != tt.padded {
				t.Errorf("%d octets on the wire", len(pkt))
			}
			want := tt.inner
			if tt.mode == Transport {
				want = tt.inner[headerLen4:]
			}
			if got, _, err := in.Open(pkt); err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %x, %v, want %x", got, err, want)
			}
		})
	}
}

func TestParamsAreChecked(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Params)
	}{
		{"mode", func(p *Params) { p.Mode = 9 }},
		{"transform", func(p *Params) { p.Transforms.ENCR.ID = wire.EncrDES; p.EncrKey = nil }},
		{"encryption key", func(p *Params) { p.EncrKey = p.EncrKey[1:] }},
		{"integrity key", func(p *Params) { p.IntegKey = octets(20, 1) }},
		{"small window", func(p *Params) { p.ReplayWindow = 63 }},
		{"large window", func(p *Params) { p.ReplayWindow = 8193 }},
		{"sequence number", func(p *Params) { p.Sequence = 1 << 32 }},
	}
	for _, tt := range tests {
		p := params(gcm())
		tt.change(&p)
		if _, err := NewOutbound(p, zeroes{}); err == nil {
			t.Errorf("%s: NewOutbound takes it", tt.name)
		}
		if _, err := NewInbound(p); err == nil {
			t.Errorf("%s: NewInbound takes it", tt.name)
		}
	}
}

func TestClearedSAPassesNothing(t *testing.T) {
	key := octets(20, 1)
	p := params(gcm())
	p.EncrKey = key
	out, in := pair(t, p)
	pkt := seal(t, out, udp(t, hostA, hostB, 40))
	out.Clear()
	in.Clear()
	if !bytes.Equal(key, make([]byte, 20)) {
		t.Error("the key is still there")
	}
	inner := udp(t, hostA, hostB, 40)
	_, errSeal := out.Seal(nil, inner)
	_, errReserved := out.SealFrom(nil, inner, 9)
	_, errDummy := out.SealDummy(nil, 9)
	_, _, errOpen := in.Open(pkt)
	_, errLayout := out.Layout()
	for _, err := range []error{errSeal, errReserved, errDummy, errOpen, errLayout} {
		if !errors.Is(err, ErrCipher) || DropOf(err) != ErrCipher {
			t.Errorf("got %v", err)
		}
	}
	if Tunnel.String() != "tunnel" || Transport.String() != "transport" || Mode(7).String() != "unknown mode" {
		t.Error("modes have other names")
	}
}
