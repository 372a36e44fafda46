package esp

import (
	"encoding/binary"

	"culvert/checksum"
)

// The ECN field, the lower two bits of TOS and traffic class (RFC 3168, Section 5).
const (
	ecnNotECT = 0
	ecnECT1   = 1
	ecnECT0   = 2
	ecnCE     = 3
	ecnMask   = 3
)

// egress is what the ECN field of a packet becomes that leaves a tunnel.
type egress struct {
	ecn     uint8
	drop    bool
	strange bool // no encapsulator makes this combination; marked (!) and (!!!) in the RFC
}

// leave is the table of RFC 6040, Section 4.2: a row for each inner field, a column for each outer one.
func leave(inner, outer uint8) egress {
	table := [4][4]egress{
		ecnNotECT: {
			ecnNotECT: {ecn: ecnNotECT},
			ecnECT0:   {ecn: ecnNotECT, strange: true},
			ecnECT1:   {ecn: ecnNotECT, strange: true},
			ecnCE:     {drop: true, strange: true},
		},
		ecnECT0: {
			ecnNotECT: {ecn: ecnECT0},
			ecnECT0:   {ecn: ecnECT0},
			ecnECT1:   {ecn: ecnECT1},
			ecnCE:     {ecn: ecnCE},
		},
		ecnECT1: {
			ecnNotECT: {ecn: ecnECT1},
			ecnECT0:   {ecn: ecnECT1, strange: true},
			ecnECT1:   {ecn: ecnECT1},
			ecnCE:     {ecn: ecnCE},
		},
		ecnCE: {
			ecnNotECT: {ecn: ecnCE},
			ecnECT0:   {ecn: ecnCE},
			ecnECT1:   {ecn: ecnCE, strange: true},
			ecnCE:     {ecn: ecnCE},
		},
	}
	return table[inner&ecnMask][outer&ecnMask]
}

// Decapsulate carries the congestion mark of the outer header over to the IP packet inside, changing it in place
// (RFC 6040, Section 4.2). outer is the outer TOS or traffic class octet. It returns ErrCongestion when the packet is to be
// dropped; strange reports a combination that no encapsulator makes, worth counting.
func Decapsulate(inner []byte, outer uint8) (strange bool, err error) {
	if len(inner) < headerLen4 {
		return false, ErrInner
	}
	class := trafficClass(inner)
	out := leave(class, outer)
	if out.drop {
		return out.strange, ErrCongestion
	}
	setTrafficClass(inner, class&^ecnMask|out.ecn)
	return out.strange, nil
}

// CopyDSCP overwrites the DSCP of the IP packet inside with the outer one, which is done where configured only (RFC 4301,
// Section 5.1.2.2, note 9).
func CopyDSCP(inner []byte, outer uint8) error {
	if len(inner) < headerLen4 {
		return ErrInner
	}
	setTrafficClass(inner, outer&^ecnMask|trafficClass(inner)&ecnMask)
	return nil
}

// trafficClass returns the TOS or traffic class octet of an IP packet of 20 octets at least.
func trafficClass(pkt []byte) uint8 {
	if pkt[0]>>4 == 4 {
		return pkt[1]
	}
	return pkt[0]<<4 | pkt[1]>>4
}

// setTrafficClass changes that octet, and the header checksum of IPv4 with it.
func setTrafficClass(pkt []byte, class uint8) {
	switch {
	case trafficClass(pkt) == class:
	case pkt[0]>>4 == 4:
		field := checksum.Replace(binary.BigEndian.Uint16(pkt[10:]), uint16(pkt[1]), uint16(class))
		binary.BigEndian.PutUint16(pkt[10:], field)
		pkt[1] = class
	default:
		pkt[0], pkt[1] = pkt[0]&0xf0|class>>4, pkt[1]&0xf|class<<4
	}
}
