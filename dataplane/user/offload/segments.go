package offload

import (
	"encoding/binary"

	"culvert/checksum"
)

const (
	protocolTCP = 6
	protocolUDP = 17

	tcpChecksum = 16 // offset of the checksum in the TCP header
	udpChecksum = 6
	udpHeader   = 8

	flagFIN = 0x01
	flagPSH = 0x08
	flagCWR = 0x80
)

// Segments is a packet as a device delivered it, being cut into the packets that go out: one, unless it is a
// super-packet. It aliases the packet, whose headers the first Next changes.
type Segments struct {
	head      []byte // IP and transport header with the fields that differ from packet to packet set to zero
	last      int    // octets of payload behind head that were cut off
	payload   []byte
	size      int // octets of payload in each packet but the last
	transport int // where the transport header begins
	udp       bool
	first     bool
	checksum  int // of a whole packet: where its checksum is to be completed, 0 if it is complete

	sequence uint32 // of the next packet
	id       uint16 // IPv4 identification of the next packet
	flags    uint8  // of TCP in the whole super-packet
	once     uint8  // TCP flags that only the first packet may have
	ipSum    uint64 // of the IPv4 header
	sum      uint64 // of pseudo header and transport header
}

// Split prepares the cut. What is not a super-packet is left whole, and its checksum completed. After an error s is undefined.
func (s *Segments) Split(h Header, pkt []byte) error {
	if h.Type&^gsoECN == gsoNone {
		return s.whole(h, pkt)
	}
	head, err := headers(h, pkt)
	if err != nil {
		return err
	}
	*s = Segments{
		head: pkt[:head], payload: pkt[head:], size: int(h.Size), first: true,
		transport: int(h.ChecksumStart), udp: h.Type&^gsoECN == gsoUDP,
	}
	if h.Type&gsoECN != 0 {
		s.once = flagCWR
	}
	return nil
}

// headers checks the headers of a super-packet and returns their length.
func headers(h Header, pkt []byte) (int, error) {
	start := int(h.ChecksumStart)
	if h.Size == 0 || start+udpHeader > len(pkt) || !networkHeader(h, pkt, start) {
		return 0, ErrHeader
	}
	if h.Type&^gsoECN == gsoUDP {
		if h.ChecksumOffset != udpChecksum {
			return 0, ErrHeader
		}
		return start + udpHeader, nil
	}
	if start+20 > len(pkt) || h.ChecksumOffset != tcpChecksum {
		return 0, ErrHeader
	}
	length := start + int(pkt[start+12]>>4)*4
	if length < start+20 || length > len(pkt) {
		return 0, ErrHeader
	}
	return length, nil
}

// networkHeader reports whether an IP header of the right version ends at start.
func networkHeader(h Header, pkt []byte, start int) bool {
	switch kind := h.Type &^ gsoECN; pkt[0] >> 4 {
	case 4:
		return start >= 20 && start == int(pkt[0]&15)*4 && (kind == gsoTCP4 || kind == gsoUDP)
	case 6:
		return start >= 40 && (kind == gsoTCP6 || kind == gsoUDP)
	}
	return false
}

// prepare takes from the headers what changes from packet to packet, and sums up the rest.
func (s *Segments) prepare() {
	h, t := s.head, s.head[s.transport:]
	if s.ipv4() {
		s.id = binary.BigEndian.Uint16(h[4:])
		clear(h[2:6]) // length, identification
		clear(h[10:12])
		s.ipSum = checksum.Narrow(checksum.Add(h[:s.transport], 0))
	}
	protocol := uint8(protocolUDP)
	if s.udp {
		clear(t[4:8]) // length, checksum
	} else {
		protocol = protocolTCP
		s.sequence = binary.BigEndian.Uint32(t[4:])
		s.flags = t[13]
		clear(t[4:8])
		t[13] = 0
		clear(t[tcpChecksum : tcpChecksum+2])
	}
	s.sum = checksum.Narrow(checksum.Add(t, pseudo(h, protocol, 0)))
}

func (s *Segments) ipv4() bool { return s.head[0]>>4 == 4 }

// MaxLen is the length of the longest packet, the first of those to come.
func (s *Segments) MaxLen() int { return len(s.head) + min(s.size, len(s.payload)) }

// Partial reports whether the transport checksum is still to be computed.
func (s *Segments) Partial() bool { return len(s.head) > 0 || s.checksum != 0 }

// Count is the number of packets to come.
func (s *Segments) Count() int {
	if len(s.payload) == 0 && s.first && len(s.head) > 0 {
		return 1
	}
	size := max(s.size, 1)
	return (len(s.payload) + size - 1) / size
}

// Len is the number of octets to come.
func (s *Segments) Len() int { return s.Count()*len(s.head) + len(s.payload) }

// Cut returns the next packet, nil after the last, where its payload lies: its headers are written over what precedes it, which
// is gone. The packet is good until the next Cut. It must not be mixed with Next.
func (s *Segments) Cut() []byte {
	part, n := min(s.size, len(s.payload)), len(s.head)
	switch {
	case s.first && n == 0:
		p := s.payload[:part]
		s.pass(p, part)
		return p
	case s.first:
		s.prepare()
	case part == 0:
		return nil
	}
	p := s.head[s.last : s.last+n+part]
	copy(p, s.head)
	s.head, s.last = p[:n], part
	s.pass(p, part)
	return p
}

// Skip leaves out the next packet. It may be mixed with Cut or Next.
func (s *Segments) Skip() {
	if s.first && len(s.head) > 0 {
		s.prepare()
	}
	part := min(s.size, len(s.payload))
	s.payload = s.payload[part:]
	s.last += part
	s.sequence += uint32(part)
	s.id++
	s.first = false
}

// pass finishes the packet p with so many octets of payload, and goes on to the next.
func (s *Segments) pass(p []byte, part int) {
	s.payload = s.payload[part:]
	switch {
	case len(s.head) > 0:
		s.fill(p)
		s.sequence += uint32(part)
		s.id++
	case s.checksum != 0:
		s.complete(p)
	}
	s.first = false
}

// Next writes the next packet to dst, which has room for MaxLen octets, and returns its length, 0 after the last.
func (s *Segments) Next(dst []byte) int {
	if len(s.payload) == 0 && !(s.first && len(s.head) > 0) {
		return 0
	}
	if s.first && len(s.head) > 0 {
		s.prepare()
	}
	n := copy(dst, s.head)
	part := s.payload[:min(s.size, len(s.payload))]
	n += copy(dst[n:], part)
	s.pass(dst[:n], len(part))
	return n
}

// fill writes the fields that belong to this packet alone.
func (s *Segments) fill(p []byte) {
	if s.ipv4() {
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		binary.BigEndian.PutUint16(p[4:], s.id)
		binary.BigEndian.PutUint16(p[10:], ^checksum.Fold(checksum.AddWord(s.id, checksum.AddWord(uint16(len(p)), s.ipSum))))
	} else {
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-40))
	}
	t := p[s.transport:]
	acc := checksum.AddWord(uint16(len(t)), s.sum)
	if s.udp {
		binary.BigEndian.PutUint16(t[4:], uint16(len(t)))
		acc = checksum.AddWord(uint16(len(t)), acc)
	} else {
		t[13] = s.flagsHere()
		binary.BigEndian.PutUint32(t[4:], s.sequence)
		acc = checksum.AddWord(uint16(t[13]), checksum.AddWord(uint16(s.sequence>>16), checksum.AddWord(uint16(s.sequence), acc)))
	}
	s.finish(t, acc)
}

// finish writes the transport checksum: acc covers the headers.
func (s *Segments) finish(t []byte, acc uint64) {
	c := ^checksum.Fold(checksum.Add(t[len(s.head)-s.transport:], acc))
	if !s.udp {
		binary.BigEndian.PutUint16(t[tcpChecksum:], c)
		return
	}
	if c == 0 {
		c = 0xffff // 0 would say that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(t[udpChecksum:], c)
}

// flagsHere returns the TCP flags of this packet: the end of the data is the last packet's, as is the push.
func (s *Segments) flagsHere() uint8 {
	f := s.flags
	if len(s.payload) > 0 {
		f &^= flagFIN | flagPSH
	}
	if !s.first {
		f &^= s.once
	}
	return f
}

// whole leaves a packet whole.
func (s *Segments) whole(h Header, pkt []byte) error {
	*s = Segments{payload: pkt, size: len(pkt), first: true}
	if h.Flags&needsChecksum == 0 {
		return nil
	}
	s.transport, s.udp = int(h.ChecksumStart), h.ChecksumOffset == udpChecksum
	s.checksum = s.transport + int(h.ChecksumOffset)
	if s.checksum+2 > len(pkt) || s.checksum == 0 {
		return ErrHeader
	}
	return nil
}

// complete computes the checksum of a packet whose sender left it to the device.
func (s *Segments) complete(p []byte) {
	c := ^checksum.Fold(checksum.Add(p[s.transport:], 0)) // the field holds the sum of the pseudo header
	if c == 0 && s.udp {
		c = 0xffff // 0 would say that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(p[s.checksum:], c)
}
