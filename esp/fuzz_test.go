package esp

import (
	"slices"
	"testing"

	"culvert/spd"
)

// FuzzOpen gives authentic packets of any content to Open, and mutilated ones.
func FuzzOpen(f *testing.F) {
	f.Add(slices.Concat(udp(f, hostA, hostB, 32), []byte{1, 2, 2, protoIPv4}), false)
	f.Add(slices.Concat(udp(f, hostA6, hostB6, 32), []byte{1, 2, 2, protoIPv6}), false)
	f.Add([]byte{0, 1, 0, 2, 0, 8, 0, 0, 1, 2, 2, protoUDP}, true)
	f.Add([]byte{0, protoNone, 0, protoNone}, true)
	f.Fuzz(func(t *testing.T, text []byte, transport bool) {
		p := params(gcm())
		if transport {
			p.Mode = Transport
		}
		_, in := pair(t, p)
		if _, _, err := in.Open(slices.Clone(text)); err == nil {
			t.Fatal("a forgery is opened")
		}
		text = text[:len(text)/4*4]
		pkt := sealed(t, p, text, 7)
		inner, next, err := in.Open(pkt)
		if err == nil && !transport && (len(inner) < headerLen4 || next != protocolOf(inner)) {
			t.Fatalf("opened to %x, next header %d", inner, next)
		}
		if (err == nil || len(text) >= trailerLen) != (in.Sequence() == 7) {
			t.Fatalf("%v, highest sequence number %d", err, in.Sequence())
		}
		if err == nil && len(inner) >= headerLen4 {
			Decapsulate(inner, uint8(len(text)))
		}
	})
}

// fragments cuts any packet up; the pieces must be packets, and come to an end.
func fragments(t *testing.T, pkt []byte) {
	_, info, err := spd.ParseFlow(pkt)
	for offset := 0; err == nil; {
		var frag []byte
		last := offset
		if frag, offset, err = AppendFragment(nil, pkt, info, 100, offset); err != nil || offset == 0 {
			return
		}
		if len(frag) > 100 || offset <= last {
			t.Fatalf("a fragment of %d octets, from %d on to %d", len(frag), last, offset)
		}
	}
}

// FuzzInnerPackets gives any packet to what reads those from inside.
func FuzzInnerPackets(f *testing.F) {
	f.Add(udp(f, hostA, hostB, 300))
	f.Add(udp(f, hostA6, hostB6, 1400))
	f.Add([]byte{0xc0, 0xff, 0xee, 1, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, pkt []byte) {
		if out, ok := AppendTooBig(nil, pkt, 1300, addr(gateA)); ok && len(out) > maxICMPv6 {
			t.Fatalf("an answer of %d octets", len(out))
		}
		if spi, _, ok := ParseQuote(pkt); ok != (spi != 0) {
			t.Fatalf("SPI %08x of %x", spi, pkt)
		}
		SplitTransport(pkt)
		fragments(t, pkt)
	})
}
