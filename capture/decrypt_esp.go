package capture

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/esp/iptfs"
	"culvert/keylog"
	"culvert/suite"
)

// An espSA opens the packets of one SA. The high halves of extended sequence numbers are not in packets (RFC 4303, Section
// 2.2.1): they are guessed, first near the last one that fitted, then from 0 on.
type espSA struct {
	keys     *dataplane.SAKeys
	ciphers  map[bool]suite.ESPCipher // with and without extended sequence numbers
	esn      bool                     // known to be right once fits
	fits     bool
	high     uint32 // of the last packet that was opened
	failures int
	left     *int64 // octets for guessing
	pieces   *iptfs.Reassembler
}

// Bounds of guessing. Most SAs are rekeyed long before 2^32 packets; one that has gone further costs one search.
const (
	maxHigh     = 1024
	maxFailures = 8       // packets that fit nothing, after which no high half is searched for any more
	maxGuessed  = 4 << 30 // octets of packets that are opened in vain, in a file: some seconds
)

// espView opens packets of ESP.
type espView struct {
	ring *keylog.Ring
	sas  map[uint32][]*espSA
	left int64 // octets for guessing
}

// An opened is what was in a packet of ESP.
type opened struct {
	sa       *espSA
	sequence uint64
	next     uint8
	payload  []byte
}

// open opens a packet of ESP, from its SPI on.
func (v *espView) open(b []byte) (o opened, comment string) {
	if len(b) < 8 {
		return o, "ESP, too short"
	}
	spi := binary.BigEndian.Uint32(b)
	about := fmt.Sprintf("ESP, SPI %08x, sequence %d", spi, binary.BigEndian.Uint32(b[4:]))
	list := v.find(spi)
	if len(list) == 0 {
		return o, about + "; there is no key"
	}
	for _, sa := range list {
		if o, ok := sa.open(b); ok {
			return o, fmt.Sprintf("ESP, SPI %08x, sequence %d, %s", spi, o.sequence, sa.keys.Transforms)
		}
	}
	return o, about + "; no key fits"
}

// find returns the SAs with an SPI of which there are keys, the newest first.
func (v *espView) find(spi uint32) []*espSA {
	if list, ok := v.sas[spi]; ok {
		return list
	}
	keys, ok := v.ring.ESP[spi]
	if !ok {
		return nil
	}
	var list []*espSA
	for i := range keys {
		k := &keys[len(keys)-1-i]
		list = append(list, &espSA{keys: k, ciphers: map[bool]suite.ESPCipher{}, esn: k.Transforms.ESN, left: &v.left})
	}
	v.sas[spi] = list
	return list
}

// open tries all that the sequence number may be. Tables of others do not tell whether it is extended.
func (s *espSA) open(b []byte) (opened, bool) {
	if s.fits {
		return s.search(b, s.esn)
	}
	for _, esn := range []bool{s.esn, !s.esn} {
		if o, ok := s.search(b, esn); ok {
			s.esn, s.fits = esn, true
			return o, true
		}
	}
	s.failures++
	return opened{}, false
}

func (s *espSA) search(b []byte, esn bool) (opened, bool) {
	if !esn {
		return s.try(b, false, 0)
	}
	for _, high := range []uint32{s.high, s.high + 1, s.high - 1} {
		if o, ok := s.try(b, true, high); ok {
			return o, true
		}
	}
	if s.fits || s.failures >= maxFailures {
		return opened{}, false
	}
	for high := uint32(2); high < maxHigh && s.guess(len(b)); high++ {
		if o, ok := s.try(b, true, high); ok {
			return o, true
		}
	}
	return opened{}, false
}

// guess takes from what is left for guessing in the whole file.
func (s *espSA) guess(octets int) bool {
	*s.left -= int64(octets)
	return *s.left >= 0
}

// try opens a copy of a packet under one sequence number.
func (s *espSA) try(b []byte, esn bool, high uint32) (opened, bool) {
	c := s.cipher(esn)
	if c == nil || len(b) < 8+c.IVLen()+2+c.ICVLen() {
		return opened{}, false
	}
	sequence := uint64(high)<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	plain, err := c.Open(append([]byte(nil), b...), sequence)
	if err != nil || len(plain) < 2 {
		return opened{}, false
	}
	pad, next := int(plain[len(plain)-2]), plain[len(plain)-1]
	if pad > len(plain)-2 {
		return opened{}, false
	}
	s.high = high
	return opened{s, sequence, next, plain[:len(plain)-2-pad]}, true
}

// cipher makes the cipher of an SA; nil if the keys do not make one.
func (s *espSA) cipher(esn bool) suite.ESPCipher {
	c, known := s.ciphers[esn]
	if !known {
		t := s.keys.Transforms
		t.ESN = esn
		made, err := suite.NewESPCipher(t, s.keys.EncrKey, s.keys.IntegKey, rand.Reader)
		if err == nil {
			c = made
		}
		s.ciphers[esn] = c
	}
	return c
}

// Next headers of ESP packets that are no protocol of a transport mode (RFC 4303, Section 2.6; RFC 9347, Section 6.1).
const (
	protocolIPv4    = 4
	protocolIPv6    = 41
	protocolNone    = 59
	protocolAggFrag = 144
)

// inner gives the IP packets that were inside.
func (o *opened) inner(from, to netip.Addr, tos uint8, at time.Time) (packets [][]byte, comment string) {
	switch o.next {
	case protocolIPv4, protocolIPv6:
		return [][]byte{withoutPadding(o.payload)}, ""
	case protocolNone:
		return nil, "; a dummy packet of " + fmt.Sprint(len(o.payload)) + " octets"
	case protocolAggFrag:
		return o.gather(tos, at)
	}
	h := esp.TransportHeader{Source: from, Destination: to, TrafficClass: tos}
	p, err := h.Append(nil, o.payload, o.next)
	if err != nil {
		return nil, "; inside: " + err.Error()
	}
	return [][]byte{p}, ""
}

// withoutPadding cuts off the octets behind an IP packet with which its length was hidden (RFC 4303, Section 2.7).
func withoutPadding(p []byte) []byte {
	n := len(p)
	switch {
	case len(p) >= 20 && p[0]>>4 == 4:
		n = int(binary.BigEndian.Uint16(p[2:]))
	case len(p) >= 40 && p[0]>>4 == 6:
		n = 40 + int(binary.BigEndian.Uint16(p[4:]))
	}
	return p[:min(n, len(p))]
}

// gather puts together what AGGFRAG payloads carry (RFC 9347, Section 2.2).
func (o *opened) gather(tos uint8, at time.Time) (packets [][]byte, comment string) {
	if o.sa.pieces == nil {
		o.sa.pieces = iptfs.NewReassembler(iptfs.Reassembly{Window: 8, Wait: time.Second}, o.sequence-1)
	}
	h, blocks, err := iptfs.Parse(o.payload)
	if err != nil {
		return nil, "; AGGFRAG: " + err.Error()
	}
	r := o.sa.pieces
	r.Push(o.sequence, h.BlockOffset, blocks, tos, at)
	for p, ok := r.Next(); ok; p, ok = r.Next() {
		packets = append(packets, append([]byte(nil), p.Data...))
	}
	return packets, fmt.Sprintf("; AGGFRAG, %d packets end in it", len(packets))
}
