package conformance

import (
	"net/netip"
	"testing"

	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

// The negotiation of traffic selectors (RFC 7296, Section 2.9). Both scenes narrow protocol and ports, which a host in transport
// mode can do too; the gateway narrows addresses as well.

const protocolTCP = 6

// narrower is a part of a network: half of it if it is one, one protocol and some ports of it.
func narrower(p netip.Prefix) wire.TrafficSelector {
	if p.Bits() < 128 {
		p = netip.PrefixFrom(p.Addr(), p.Bits()+1)
	}
	s := spd.Prefix(p)
	s.Protocol, s.StartPort, s.EndPort = protocolTCP, 1000, 2000
	return ts(s)
}

func selectorOf(t wire.TrafficSelector) spd.Selector {
	return spd.Selector{Start: t.Start, End: t.End, Protocol: t.Protocol, StartPort: t.StartPort, EndPort: t.EndPort}
}

// allows configures the selectors of the node's child.
func allows(local, remote []spd.Selector) change {
	return func(c *ike.Connection) { c.Children[0].Local, c.Children[0].Remote = local, remote }
}

// tcp is a packet between the ends of the scene, outward.
func (l *lab) tcp(port uint16) []byte {
	pkt := icmp(l.scene.here, l.scene.there, 0, make([]byte, 16))
	pkt[6] = protocolTCP
	tcp := pkt[ipv6HeaderLen:]
	for i := range tcp {
		tcp[i] = 0
	}
	tcp[0], tcp[1], tcp[2], tcp[3] = byte(port>>8), byte(port), byte(port>>8), byte(port)
	return pkt
}

// protects checks which TCP ports the node sends through the Child SA, and that others do not leave at all.
func (l *lab) protects(c *child, port uint16, want bool) {
	l.Helper()
	l.nut.plane.Inject(l.tcp(port))
	l.settle()
	if got := len(l.packets) > 0; got != want {
		l.Errorf("port %d is sent: %t, want %t", port, got, want)
	}
	if len(l.packets) > 0 {
		l.openPacket()
	}
	if len(l.clear) > 0 {
		l.Errorf("a packet of port %d leaves in the clear", port)
	}
}

func TestNarrowing(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("initiator is narrowed", func(t *testing.T) {
			l := newLab(t, s)
			se, request := l.accepted()
			child, c := se.acceptChild(request.Payloads)
			c.tsi.Selectors, c.tsr.Selectors = []wire.TrafficSelector{narrower(s.local)}, []wire.TrafficSelector{narrower(s.remote)}
			se.answer(request, append(se.proof(), child...)...)
			l.protects(c, 1500, true)
			l.protects(c, 3000, false)
			c.carriesNothing()
		})
		t.Run("initiator refuses what is wider", func(t *testing.T) {
			l := newLab(t, s)
			se, request := l.accepted()
			child, c := se.acceptChild(request.Payloads)
			c.tsr.Selectors = []wire.TrafficSelector{ts(spd.Prefix(netip.MustParsePrefix("2001:db8::/32")))}
			se.answer(request, append(se.proof(), child...)...)
			se.replaces(c)
			l.installed(0)
		})
		t.Run("responder narrows", func(t *testing.T) {
			here, there := narrower(s.local), narrower(s.remote)
			l := newLab(t, s, allows([]spd.Selector{selectorOf(here)}, []spd.Selector{selectorOf(there)}))
			_, c := l.connected()
			l.sameTS(c.tsi, selectors(wire.PayloadTSi, there))
			l.sameTS(c.tsr, selectors(wire.PayloadTSr, here))
			l.protects(c, 1500, true)
			l.protects(c, 3000, false)
		})
		t.Run("responder narrows several selectors", func(t *testing.T) {
			here, there := narrower(s.local), narrower(s.remote)
			other := here
			other.StartPort, other.EndPort = 5000, 6000
			l := newLab(t, s, allows([]spd.Selector{selectorOf(here), selectorOf(other)}, []spd.Selector{selectorOf(there)}))
			se := l.opened()
			o := se.offerChild()
			// The first asks for less than is allowed, the second for more, the third for what is not allowed.
			less, more, none := here, other, here
			less.StartPort, less.EndPort = 1100, 1200
			more.StartPort, more.EndPort = 5500, 7000
			none.Protocol = 17
			o.tsr.Selectors = []wire.TrafficSelector{less, more, none}
			answer := se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)
			c := o.complete(answer)
			more.EndPort = 6000
			l.sameTS(c.tsr, selectors(wire.PayloadTSr, less, more))
			l.sameTS(c.tsi, selectors(wire.PayloadTSi, there))
		})
		t.Run("responder has nothing in common", func(t *testing.T) {
			l := newLab(t, s)
			se := l.opened()
			o := se.offerChild()
			o.tsr.Selectors = []wire.TrafficSelector{ts(spd.Prefix(netip.MustParsePrefix("2001:db8:bad::/64")))}
			answer := se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)
			se.verify(answer, wire.PayloadIDr)
			if _, ok := wire.FindNotify(answer, wire.NotifyTSUnacceptable); !ok {
				t.Errorf("the answer is %v", types(answer))
			}
			l.installed(0)
			se.alive()
		})
	})
}
