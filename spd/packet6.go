package spd

import (
	"encoding/binary"
	"net/netip"
)

const headerLen6 = 40

// parse6 reads an IPv6 packet of which pkt holds the beginning, and which may claim length octets at most (RFC 8200, Section 3):
//
//	| version 4, traffic class 8, flow label 20 (4) | payload length (2) | next header (1) | hop limit (1) |
//	| source (16) | destination (16) | extension headers ...
func parse6(pkt []byte, length int, f *Flow, i *PacketInfo) error {
	if len(pkt) < headerLen6 {
		return ErrTruncated
	}
	*i = PacketInfo{
		Version:      6,
		TrafficClass: pkt[0]<<4 | pkt[1]>>4,
		HopLimit:     pkt[7],
		DontFragment: true,
		HeaderLength: headerLen6,
		Length:       headerLen6 + int(binary.BigEndian.Uint16(pkt[4:])),
	}
	if i.Length > length {
		return ErrTruncated
	}
	*f = Flow{
		Source:      netip.AddrFrom16([16]byte(pkt[8:])),
		Destination: netip.AddrFrom16([16]byte(pkt[24:])),
		Protocol:    pkt[6],
	}
	if err := skipExtensions(pkt[:min(i.Length, len(pkt))], f, i); err != nil {
		return err
	}
	return finish(pkt, f, i)
}

// skipExtensions walks to the next layer protocol, past the headers that RFC 4301, Section 4.4.1.1 names. Behind the
// Fragment header of a fragment that is not the first there is nothing to walk.
func skipExtensions(pkt []byte, f *Flow, i *PacketInfo) error {
	for range MaxExtensionHeaders {
		if !isExtension(f.Protocol) || i.FragmentOffset > 0 {
			return nil
		}
		i.Extensions = true
		h := pkt[i.HeaderLength:]
		if len(h) < 8 {
			return ErrTruncated
		}
		n := 8
		if f.Protocol == protoFragment {
			if err := i.readFragment(h); err != nil {
				return err
			}
		} else {
			n += int(h[1]) * 8
		}
		if n > len(h) {
			return ErrTruncated
		}
		f.Protocol = h[0]
		i.HeaderLength += n
	}
	if isExtension(f.Protocol) && i.FragmentOffset == 0 {
		return ErrTooManyHeaders
	}
	return nil
}

func isExtension(protocol uint8) bool {
	switch protocol {
	case protoHopByHop, protoRouting, protoFragment, protoDestination:
		return true
	}
	return false
}

// readFragment reads a Fragment header (RFC 8200, Section 4.5). A packet that is its own only fragment is none (RFC 6946).
//
//	| next header (1) | reserved (1) | offset 13, reserved 2, M 1 (2) | identification (4) |
func (i *PacketInfo) readFragment(h []byte) error {
	if i.Fragment {
		return ErrHeader
	}
	v := binary.BigEndian.Uint16(h[2:])
	i.FragmentOffset = int(v &^ 7)
	i.More = v&1 != 0
	i.Fragment = i.More || i.FragmentOffset > 0
	i.ID = binary.BigEndian.Uint32(h[4:])
	return nil
}
