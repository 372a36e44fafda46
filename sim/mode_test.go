package sim

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

var (
	addrA6 = netip.MustParseAddr("2001:db8:a::1")
	addrB6 = netip.MustParseAddr("2001:db8:b::2")
)

// outside returns a pair that knows each other by addresses of one family.
func outside(l *Lab, six bool, t Terms) (a, b *Node, conn string) {
	if !six {
		return pair(l, t)
	}
	a, b = l.NewNode("a", addrA6), l.NewNode("b", addrB6)
	conn = l.Marry(a, b, t)
	a.Start()
	b.Start()
	return a, b, conn
}

// Tunnel and transport mode, IPv4 and IPv6 outside and inside in every combination, as ESP and in UDP, with every kind of
// transform: real packets through package esp, before and after a rekey from either side.
func TestEveryKindOfChildCarriesPackets(t *testing.T) {
	transforms := []string{"aes128gcm16", "aes256gcm8-esn", "aes128-sha256", "aes256-sha512-esn", "chacha20poly1305", "aes128ctr-aesxcbc",
		"aes192ccm12-esn", "null-sha256", "aes128gmac", FastPFS}
	for i, transform := range transforms {
		for kind := range 16 {
			outer6, inner6, transport, udp := kind&1 > 0, kind&2 > 0, kind&4 > 0, kind&8 > 0
			if transport && outer6 != inner6 {
				continue // the packet's header is the one outside
			}
			terms := Terms{ESP: transform, Inner6: inner6, Change: func(c *ike.Connection) { c.ForceEncap = udp }}
			if transport {
				terms.Mode = esp.Transport
			}
			name := fmt.Sprintf("%s, IPv6 outside %t, inside %t, %v mode, UDP %t", transform, outer6, inner6, terms.Mode, udp)
			retell(t, uint64(100*i+kind), name, func(l *Lab) { carry(l, outer6, udp, transform, terms) })
		}
	}
}

// carry brings a child up, and sees that packets pass in the way that was asked for.
func carry(l *Lab, outer6, udp bool, transform string, terms Terms) {
	a, b, conn := outside(l, outer6, terms)
	want := dataplane.TransportRaw
	if udp {
		want = dataplane.TransportUDP
	}
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		if what, _ := p.content(); what == kindESP && p.Transport != want {
			l.Problem("an ESP packet goes by %v", p.Transport)
		}
		pass(p)
	}
	if transform == "null-sha256" || transform == "aes128gmac" {
		l.Ledger.Readable = true
	}
	l.up(a, b, conn)
	l.probe(a, b, terms.Inner6)
	rekeyChild(a, conn)
	l.Run(time.Second)
	l.probe(a, b, terms.Inner6)
	rekeyChild(b, conn)
	l.Run(time.Second)
	l.probe(a, b, terms.Inner6)
	l.finish(a, b, conn, terms.Inner6)
}

// A message that is too large for the path gets through in fragments, found out by trying (RFC 7383, Section 2.5.2).
func TestLargeMessagePassesASmallPath(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) {
		for i := range 30 { // selectors that make IKE_AUTH large
			from := netip.AddrFrom4([4]byte{10, 99, byte(2 * i), 0})
			c.Children[0].Local = append(c.Children[0].Local, spd.Prefix(netip.PrefixFrom(from, 24)))
			c.Children[0].Remote = append(c.Children[0].Remote, spd.Prefix(netip.PrefixFrom(from, 24)))
		}
	}})
	a.Up.MTU, b.Up.MTU = 576, 576
	fragments := 0
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		what, message := p.content()
		if h, err := wire.ParseHeader(message); what == kindIKE && err == nil && h.NextPayload == wire.PayloadSKF {
			fragments++
		}
		pass(p)
	}
	l.up(a, b, conn)
	if fragments < 4 {
		t.Errorf("%d fragments passed, want those of an IKE_AUTH request and its response", fragments)
	}
	l.finish(a, b, conn, false)
}
