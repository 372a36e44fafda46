package conformance

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"culvert/dataplane"
	"culvert/spd"
	"culvert/wire"
)

// ICMPv6 (RFC 4443).
const (
	protocolICMPv6 = 58
	echoRequest    = 128
	echoReply      = 129
	ipv6HeaderLen  = 40
)

// icmp makes an IPv6 packet with an ICMPv6 message.
func icmp(from, to netip.Addr, kind byte, rest []byte) []byte {
	message := append([]byte{kind, 0, 0, 0}, rest...)
	header := binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(message)))
	header = append(header, protocolICMPv6, 64)
	header = append(append(header, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(message[2:], checksum(header, message))
	return append(header, message...)
}

// checksum is that of ICMPv6, over a pseudo-header too (RFC 8200, Section 8.1).
func checksum(header, message []byte) uint16 {
	data := append(bytes.Clone(header[8:ipv6HeaderLen]), message...)
	sum := uint32(len(message)) + protocolICMPv6
	for ; len(data) > 1; data = data[2:] {
		sum += uint32(binary.BigEndian.Uint16(data))
	}
	if len(data) == 1 {
		sum += uint32(data[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// answerEcho is a host at or behind the node: it answers echo requests.
func (l *lab) answerEcho(pkt []byte) {
	if len(pkt) < ipv6HeaderLen+8 || pkt[6] != protocolICMPv6 || pkt[ipv6HeaderLen] != echoRequest {
		l.Errorf("the node delivers %x", pkt)
		return
	}
	from, _ := netip.AddrFromSlice(pkt[8:24])
	to, _ := netip.AddrFromSlice(pkt[24:40])
	l.nut.plane.Inject(icmp(to, from, echoReply, pkt[ipv6HeaderLen+4:]))
}

// ping sends an echo request through the Child SA, and returns what the answer came through.
func (c *child) ping() *child {
	c.Helper()
	over := c.tryPing(c.scene.there, c.scene.here)
	if over == nil {
		c.Fatal("no answer to an echo request")
	}
	return over
}

// tryPing is ping between any addresses; nil is no answer.
func (c *child) tryPing(from, to netip.Addr) *child {
	c.Helper()
	mark := c.octets(12)
	sealed, err := c.out.Seal(nil, icmp(from, to, echoRequest, mark))
	if err != nil {
		c.Fatal(err)
	}
	path := c.path()
	path.Transport = dataplane.TransportRaw
	c.nut.plane.Receive(path, sealed)
	c.settle()
	if len(c.packets) == 0 {
		return nil
	}
	over, inner := c.openPacket()
	if at := len(inner) - len(mark); inner[at-4] != echoReply || !bytes.Equal(inner[at:], mark) {
		c.Fatalf("the answer is %x", inner)
	}
	return over
}

// settle has the engine see what the data plane has noticed.
func (l *lab) settle() {
	l.Helper()
	if events := l.nut.events; len(events) > 0 {
		l.nut.events = events[1:]
		l.handle(events[0])
	}
}

// openPacket opens the oldest packet of the node with the SA that it is for.
func (l *lab) openPacket() (*child, []byte) {
	l.Helper()
	pkt := l.packets[0]
	l.packets = l.packets[1:]
	over := l.children[binary.BigEndian.Uint32(pkt)]
	if over == nil {
		l.Fatalf("the node sends with the SPI %x, which the tester does not have", pkt[:4])
	}
	inner, _, err := over.in.Open(bytes.Clone(pkt))
	if err != nil {
		l.Fatalf("packet of the node: %v", err)
	}
	return over, inner
}

// carries checks that the pair carries an echo request and its reply.
func (c *child) carries() {
	c.Helper()
	c.repliesOver(c)
}

// repliesOver checks through which pair the answer to a request comes.
func (c *child) repliesOver(want *child) {
	c.Helper()
	if over := c.ping(); over != want {
		c.Errorf("the answer comes with the SPI %08x, want %08x", over.in.SPI(), want.in.SPI())
	}
}

// carriesNothing checks that the node takes nothing through the pair.
func (c *child) carriesNothing() {
	c.Helper()
	if over := c.tryPing(c.scene.there, c.scene.here); over != nil {
		c.Errorf("an echo request over a Child SA that should be gone is answered over %08x", over.in.SPI())
	}
}

// sends has the node's side send a packet, and checks through which pair it comes.
func (l *lab) sends(want *child) {
	l.Helper()
	l.nut.plane.Inject(icmp(l.scene.here, l.scene.there, echoRequest, make([]byte, 8)))
	l.settle()
	switch {
	case want == nil && len(l.packets) == 0:
	case want == nil:
		over, _ := l.openPacket()
		l.Errorf("a packet comes with the SPI %08x", over.in.SPI())
	case len(l.packets) == 0:
		l.Error("no packet comes")
	default:
		if over, _ := l.openPacket(); over != want {
			l.Errorf("a packet comes with the SPI %08x, want %08x", over.in.SPI(), want.in.SPI())
		}
	}
	if len(l.clear) > 0 {
		l.Errorf("%d packets leave in the clear", len(l.clear))
	}
}

// ts is a selector as payloads have it.
func ts(s spd.Selector) wire.TrafficSelector {
	kind := wire.TSIPv6AddrRange
	if s.Is4() {
		kind = wire.TSIPv4AddrRange
	}
	return wire.TrafficSelector{TSType: kind, Protocol: s.Protocol, StartPort: s.StartPort, EndPort: s.EndPort, Start: s.Start, End: s.End}
}
