package esp

import (
	"encoding/binary"
	"net/netip"

	"culvert/checksum"
	"culvert/spd"
)

// ICMP messages that ESP makes or reads (RFC 792, RFC 1191, RFC 4443).
const (
	icmpUnreachable      = 3
	codeFragmentation    = 4
	codeProhibited       = 13
	icmpv6Unreachable    = 1
	codev6Prohibited     = 1
	icmpv6TooBig         = 2
	icmpv6Redirect       = 137
	icmpHeaderLen        = 8
	maxICMP              = 576  // octets of an ICMP error (RFC 1812, Section 4.3.2.3)
	maxICMPv6            = 1280 // (RFC 4443, Section 2.4 (c))
	classInternetControl = 0xc0 // precedence of ICMP errors (RFC 1812, Section 4.3.2.5)
)

// AppendTooBig appends the ICMP message "fragmentation needed" (IPv4) or "packet too big" (IPv6) about pkt to dst. from is
// its source; when it is not of the packet's family, the packet's destination is. ok is false, and nothing appended, where
// ICMP forbids an answer. The MTU told to IPv6 hosts is 1280 at least.
func AppendTooBig(dst, pkt []byte, mtu int, from netip.Addr) (out []byte, ok bool) {
	if len(pkt) > 0 && pkt[0]>>4 == 6 {
		return appendICMP(dst, pkt, from, icmpv6TooBig, 0, uint32(max(mtu, minPathMTU6)))
	}
	return appendICMP(dst, pkt, from, icmpUnreachable, codeFragmentation, uint32(max(mtu, 0)&0xffff))
}

// AppendProhibited appends "communication administratively prohibited" about pkt (RFC 4301, Section 5.1.1), like AppendTooBig.
func AppendProhibited(dst, pkt []byte, from netip.Addr) (out []byte, ok bool) {
	if len(pkt) > 0 && pkt[0]>>4 == 6 {
		return appendICMP(dst, pkt, from, icmpv6Unreachable, codev6Prohibited, 0)
	}
	return appendICMP(dst, pkt, from, icmpUnreachable, codeProhibited, 0)
}

// appendICMP appends an error about pkt:
//
//	| IP header | type (1) | code (1) | checksum (2) | value (4) | as much of pkt as fits
func appendICMP(dst, pkt []byte, from netip.Addr, kind, code uint8, value uint32) ([]byte, bool) {
	f, i, err := spd.ParseFlow(pkt)
	if err != nil || !answerable(f, i, kind == icmpv6TooBig) {
		return dst, false
	}
	if from.BitLen() != f.Source.BitLen() {
		from = f.Destination
	}
	ip := header{source: from, destination: f.Source, trafficClass: classInternetControl, protocol: protoICMP}
	room, sum := maxICMP-headerLen4-icmpHeaderLen, uint64(0)
	if i.Version == 6 {
		ip.protocol, room = protoICMPv6, maxICMPv6-headerLen6-icmpHeaderLen
	}
	quote := pkt[:min(i.Length, room)]
	if i.Version == 6 {
		sum = pseudo(from, f.Source, protoICMPv6, icmpHeaderLen+len(quote))
	}
	out, err := ip.append(dst, icmpHeaderLen+len(quote))
	if err != nil {
		return dst, false
	}
	start := len(out)
	out = append(out, kind, code, 0, 0)
	out = append(binary.BigEndian.AppendUint32(out, value), quote...)
	binary.BigEndian.PutUint16(out[start+2:], ^checksum.Fold(checksum.Add(out[start:], sum)))
	return out, true
}

// answerable reports whether an ICMP error may be sent about a packet: not about errors, redirects and fragments but the first,
// not to a source that is no single host, and not about multicast, "packet too big" excepted (RFC 1122, Section 3.2.2;
// RFC 4443, Section 2.4 (e)).
func answerable(f spd.Flow, i spd.PacketInfo, tooBig6 bool) bool {
	redirect := f.Protocol == protoICMPv6 && f.SourcePort>>8 == icmpv6Redirect
	toMany := f.Destination.IsMulticast() || f.Destination == netip.AddrFrom4([4]byte{255, 255, 255, 255})
	s := f.Source
	fromOne := !s.IsUnspecified() && !s.IsMulticast() && !s.IsLoopback() && s != netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return fromOne && !spd.IsICMPError(f) && !redirect && i.FragmentOffset == 0 && (!toMany || tooBig6)
}
