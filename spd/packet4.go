package spd

import (
	"encoding/binary"
	"net/netip"
)

const (
	headerLen4 = 20
	flagDF     = 0x4000
	flagMF     = 0x2000
	offsetMask = 0x1fff
)

// parse4 reads an IPv4 packet of which pkt holds the beginning, and which may claim length octets at most (RFC 791, Section 3.1):
//
//	| version 4, IHL 4 (1) | TOS (1) | total length (2) | ID (2) | flags 3, offset 13 (2) | TTL (1) | protocol (1) |
//	| checksum (2) | source (4) | destination (4) | options ...
func parse4(pkt []byte, length int, f *Flow, i *PacketInfo) error {
	if len(pkt) < headerLen4 {
		return ErrTruncated
	}
	flags := binary.BigEndian.Uint16(pkt[6:])
	*i = PacketInfo{
		Version:        4,
		TrafficClass:   pkt[1],
		HopLimit:       pkt[8],
		DontFragment:   flags&flagDF != 0,
		HeaderLength:   int(pkt[0]&0xf) * 4,
		Length:         int(binary.BigEndian.Uint16(pkt[2:])),
		More:           flags&flagMF != 0,
		FragmentOffset: int(flags&offsetMask) * 8,
		ID:             uint32(binary.BigEndian.Uint16(pkt[4:])),
	}
	i.Fragment = i.More || i.FragmentOffset > 0
	i.Extensions = i.HeaderLength > headerLen4
	*f = Flow{
		Source:      netip.AddrFrom4([4]byte(pkt[12:])),
		Destination: netip.AddrFrom4([4]byte(pkt[16:])),
		Protocol:    pkt[9],
	}
	switch {
	case i.HeaderLength < headerLen4 || i.Length < i.HeaderLength:
		return ErrHeader
	case i.Length > length || i.HeaderLength > len(pkt):
		return ErrTruncated
	}
	return finish(pkt, f, i)
}

// finish reads the ports, where the packet shows them, and looks for fragments made to deceive.
func finish(pkt []byte, f *Flow, i *PacketInfo) error {
	if i.FragmentOffset+i.Length-i.HeaderLength > maxPacket {
		return ErrHeader
	}
	if i.FragmentOffset > 0 {
		f.Opaque = true
	} else {
		f.readPorts(pkt[i.HeaderLength:min(i.Length, len(pkt))])
	}
	return checkTiny(f, i)
}

// maxPacket is the largest payload of an IP packet; fragments that would reach further are an attack on reassembly.
const maxPacket = 65535
