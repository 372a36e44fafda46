package offload

import (
	"bytes"
	"encoding/binary"

	"culvert/checksum"
)

// maxParts is the most packets in a super-packet: the kernel's UDP_MAX_SEGMENTS before 6.9, and enough for 64 KiB.
const maxParts = 64

// A Writer takes packets behind their virtio-net header, in parts that belong together.
type Writer interface {
	WritePacket(parts [][]byte) error
}

// A Coalescer collects packets and writes those that follow one another in a flow as one super-packet, such that cutting it
// again gives the same packets (but for the IPv4 identification of packets that must not be fragmented, which has no
// meaning then: RFC 6864, Section 4.1). Packets of a flow stay in order. The zero value joins TCP only.
//
// Packets with a wrong checksum stay single, so that nobody mistakes them for good.
type Coalescer struct {
	UDP bool // join UDP as well, which Linux accepts from 6.2 on

	items  []item
	parts  []part
	flows  [256]flow
	round  uint64 // entries of flows made in an earlier round are void
	header [HeaderLen]byte
	vector [maxParts + 2][]byte
}

// A flow says which item the next packet with this hash may join.
type flow struct {
	round uint64 // the Coalescer's plus one, so that the zero value is void
	item  int32
}

// An item is a packet to be written, with what was joined to it.
type item struct {
	inspection
	first       []byte
	size        int // octets of payload in each packet but the last
	count       int
	total       int // octets of the super-packet
	sequence    uint32
	id          uint16
	joined, end int32 // first and last of the list of parts, 0 is none
	checked, ok bool  // whether the checksum of first was verified, and how
	pushed      bool
}

// A part is the payload of a joined packet.
type part struct {
	payload []byte
	next    int32
}

// Len is the number of packets and super-packets that wait.
func (c *Coalescer) Len() int { return len(c.items) }

// Add takes a packet, which must stay unchanged until Flush.
func (c *Coalescer) Add(p []byte) {
	in, ok := inspect(p)
	if !ok {
		c.round++ // it may belong to any flow, and none may overtake it
		c.items = append(c.items, item{first: p})
		return
	}
	f := &c.flows[in.slotOf(p)]
	if f.round == c.round+1 && in.joinable && c.join(&c.items[f.item], in, p) {
		return
	}
	*f = flow{}
	if in.joinable && (c.UDP || !in.udp) {
		*f = flow{round: c.round + 1, item: int32(len(c.items))}
	}
	c.items = append(c.items, newItem(in, p))
}

func newItem(in inspection, p []byte) item {
	it := item{inspection: in, first: p, size: len(p) - in.head, count: 1, total: len(p)}
	if in.transport == ipv4Header {
		it.id = binary.BigEndian.Uint16(p[4:]) + 1
	}
	if !in.udp {
		it.sequence = binary.BigEndian.Uint32(p[in.transport+4:]) + uint32(it.size)
		it.pushed = p[in.transport+13]&flagPSH != 0
	}
	return it
}

// join puts p behind it, if p is the packet that cutting would yield there.
func (c *Coalescer) join(it *item, in inspection, p []byte) bool {
	if !it.follows(in, p) {
		return false
	}
	if !it.checked {
		it.checked, it.ok = true, it.valid(it.first)
	}
	if !it.ok || !in.valid(p) {
		return false
	}
	if len(c.parts) == 0 {
		c.parts = append(c.parts, part{}) // number 0 is no part
	}
	c.parts = append(c.parts, part{payload: p[in.head:]})
	n := int32(len(c.parts) - 1)
	if it.joined == 0 {
		it.joined = n
	} else {
		c.parts[it.end].next = n
	}
	it.end = n
	it.count++
	it.total += len(p) - in.head
	it.sequence += uint32(len(p) - in.head)
	it.id++
	it.pushed = !in.udp && p[in.transport+13]&flagPSH != 0
	return true
}

// follows reports whether p continues the super-packet.
func (it *item) follows(in inspection, p []byte) bool {
	payload, last := len(p)-in.head, it.total-it.head-(it.count-1)*it.size
	switch {
	case it.pushed || last < it.size || payload > it.size || it.count == maxParts || it.total+payload > maxTotal:
		return false
	case it.inspection != in:
		return false
	}
	return it.sameNetwork(p) && it.sameTransport(p)
}

// sameNetwork compares the IP headers, but for length, identification and checksum.
func (it *item) sameNetwork(p []byte) bool {
	q := it.first
	if it.transport == ipv6Header {
		return bytes.Equal(p[:4], q[:4]) && bytes.Equal(p[6:ipv6Header], q[6:ipv6Header])
	}
	const dontFragment = 0x40
	return p[0] == q[0] && p[1] == q[1] && bytes.Equal(p[6:10], q[6:10]) && bytes.Equal(p[12:20], q[12:20]) &&
		(p[6]&dontFragment != 0 || binary.BigEndian.Uint16(p[4:]) == it.id)
}

// sameTransport compares ports, and of TCP everything else but sequence number, checksum and PSH.
func (it *item) sameTransport(p []byte) bool {
	a, b := it.first[it.transport:it.head], p[it.transport:it.head]
	if it.udp {
		return bytes.Equal(a[:4], b[:4])
	}
	return bytes.Equal(a[:4], b[:4]) && binary.BigEndian.Uint32(b[4:]) == it.sequence &&
		bytes.Equal(a[8:13], b[8:13]) && (a[13]^b[13])&^flagPSH == 0 && bytes.Equal(a[14:16], b[14:16]) &&
		bytes.Equal(a[18:], b[18:])
}

// Flush writes everything and returns how many packets the writer refused. The packets are the caller's again.
func (c *Coalescer) Flush(w Writer) (refused int) {
	for i := range c.items {
		it := &c.items[i]
		if err := w.WritePacket(c.gather(it)); err != nil {
			refused += max(1, it.count)
		}
	}
	clear(c.items)
	clear(c.parts)
	clear(c.vector[:])
	c.items, c.parts = c.items[:0], c.parts[:0]
	c.round++
	return refused
}

// gather puts an item together: virtio-net header, first packet, payloads.
func (c *Coalescer) gather(it *item) [][]byte {
	v := append(c.vector[:0], c.header[:], it.first)
	if it.count < 2 {
		c.header = [HeaderLen]byte{}
		return v
	}
	it.finish().Put(&c.header)
	for n := it.joined; n != 0; n = c.parts[n].next {
		v = append(v, c.parts[n].payload)
	}
	return v
}

// finish makes the headers of the first packet those of the super-packet.
func (it *item) finish() Header {
	p, t := it.first, it.first[it.transport:]
	n := it.total - it.transport
	h := Header{
		Flags: needsChecksum, Type: gsoUDP, HeaderLength: uint16(it.head), Size: uint16(it.size),
		ChecksumStart: uint16(it.transport), ChecksumOffset: udpChecksum,
	}
	protocol := uint8(protocolUDP)
	if it.udp {
		binary.BigEndian.PutUint16(t[4:], uint16(n))
	} else {
		protocol, h.ChecksumOffset, h.Type = protocolTCP, tcpChecksum, gsoTCP6
		if it.pushed {
			t[13] |= flagPSH
		}
	}
	if it.transport == ipv4Header {
		if !it.udp {
			h.Type = gsoTCP4
		}
		binary.BigEndian.PutUint16(p[2:], uint16(it.total))
		clear(p[10:12])
		binary.BigEndian.PutUint16(p[10:], ^checksum.Fold(checksum.Add(p[:ipv4Header], 0)))
	} else {
		binary.BigEndian.PutUint16(p[4:], uint16(it.total-ipv6Header))
	}
	binary.BigEndian.PutUint16(t[h.ChecksumOffset:], checksum.Fold(pseudo(p, protocol, n)))
	return h
}
