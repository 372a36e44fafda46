package esp

import (
	"slices"
	"testing"
)

func TestSealAndOpenDoNotAllocate(t *testing.T) {
	for name, e := range transforms() {
		t.Run(name, func(t *testing.T) {
			p := params(e)
			p.ReplayWindow = 1024
			out, in := pair(t, p)
			inner := udp(t, hostA, hostB, 1400)
			buf := make([]byte, 0, 2048)
			if n := testing.AllocsPerRun(50, func() {
				pkt, err := out.Seal(buf, inner)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := in.Open(pkt); err != nil {
					t.Fatal(err)
				}
				if _, _, err := in.Open(pkt); err != ErrReplay {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestHeadersDoNotAllocate(t *testing.T) {
	inner := udp(t, hostA, hostB, 1400)
	outer := Outer{Source: addr(gateA), Destination: addr(gateB), Protocol: protoESP, CopyDSCP: true}
	back := TransportHeader{Source: addr(gateA), Destination: addr(gateB), OriginalSource: addr(hostA)}
	about := icmpAbout(t, espPacket(t, gateA, gateB, true), 3, 4, 1400, 60)
	buf := make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(50, func() {
		_, errOuter := outer.Append(buf, inner, 1400, 1)
		_, errBack := back.Append(buf, inner[headerLen4:], protoUDP)
		_, errECN := Decapsulate(inner, ecnECT0)
		_, errICMP := ParseICMPError(about)
		_, ok := AppendTooBig(buf, inner, 1300, addr(gateA))
		if errOuter != nil || errBack != nil || errECN != nil || errICMP != nil || !ok {
			t.Fatal(errOuter, errBack, errECN, errICMP, ok)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestIdleSAsAreSmall(t *testing.T) {
	p := params(gcm())
	p.ReplayWindow = MaxWindow
	n := testing.AllocsPerRun(100, func() {
		out, errOut := NewOutbound(p, zeroes{})
		in, errIn := NewInbound(p)
		if errOut != nil || errIn != nil || out.cipher != nil || in.cipher != nil || in.window.ring != nil {
			t.Fatal("an idle SA has cipher states")
		}
	})
	if n > 4 {
		t.Errorf("%v allocations for an idle pair of SAs", n)
	}
}

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

func FuzzParseICMPError(f *testing.F) {
	f.Add(icmpAbout(f, espPacket(f, gateA, gateB, true), 3, 4, 1400, 60))
	f.Add(icmpAbout(f, espPacket(f, gateA6, gateB6, false), 2, 0, 1400, 60))
	f.Fuzz(func(t *testing.T, pkt []byte) {
		e, err := ParseICMPError(pkt)
		if err == nil && (!e.Local.IsValid() || e.MTU < 0 || e.MTU > 0xffff || e.TooBig && e.MTU == 0) {
			t.Fatalf("%+v", e)
		}
		if out, ok := AppendTooBig(nil, pkt, 1300, addr(gateA)); ok && len(out) > maxICMPv6 {
			t.Fatalf("an answer of %d octets", len(out))
		}
		SplitTransport(pkt)
	})
}
