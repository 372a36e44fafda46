package esp

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"culvert/checksum"
	"culvert/suite"
	"culvert/wire"
)

// Addresses of the two ends of test tunnels and of the hosts behind them.
const (
	gateA, gateB   = "192.0.2.1", "198.51.100.2"
	gateA6, gateB6 = "2001:db8:a::1", "2001:db8:b::1"
	hostA, hostB   = "10.1.0.5", "10.2.0.6"
	hostA6, hostB6 = "fd00:a::5", "fd00:b::6"
)

func transform(id wire.TransformID, keyBits uint16) wire.Transform {
	return wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: keyBits}
}

func integrity(id wire.TransformID) wire.Transform {
	return wire.Transform{Type: wire.TransformINTEG, ID: id}
}

// transforms returns every ESP that may be negotiated, by name.
func transforms() map[string]suite.ESP {
	all := map[string]suite.ESP{}
	add := func(e suite.ESP) {
		all[e.String()] = e
		e.ESN = true
		all[e.String()] = e
	}
	for _, bits := range []uint16{128, 192, 256} {
		for _, id := range []wire.TransformID{wire.EncrAESGCM8, wire.EncrAESGCM12, wire.EncrAESGCM16, wire.EncrAESCCM8, wire.EncrAESCCM12, wire.EncrAESCCM16, wire.EncrNullAESGMAC} {
			add(suite.ESP{ENCR: transform(id, bits)})
		}
	}
	add(suite.ESP{ENCR: transform(wire.EncrChaCha20Poly1305, 0)})
	for _, i := range []wire.TransformID{wire.IntegHMACSHA1_96, wire.IntegAESXCBC96, wire.IntegAESCMAC96, wire.IntegHMACSHA256_128, wire.IntegHMACSHA384_192, wire.IntegHMACSHA512_256} {
		add(suite.ESP{ENCR: transform(wire.EncrAESCBC, 256), INTEG: integrity(i)})
		add(suite.ESP{ENCR: transform(wire.EncrAESCTR, 128), INTEG: integrity(i)})
		add(suite.ESP{ENCR: transform(wire.EncrNull, 0), INTEG: integrity(i)})
	}
	add(cbc().AsDraft())
	return all
}

func gcm() suite.ESP { return suite.ESP{ENCR: transform(wire.EncrAESGCM16, 128)} }

func cbc() suite.ESP {
	return suite.ESP{ENCR: transform(wire.EncrAESCBC, 128), INTEG: integrity(wire.IntegHMACSHA256_128)}
}

// params describes an SA with keys that depend on the transforms alone.
func params(e suite.ESP) Params {
	encr, integ := e.KeyLengths()
	return Params{SPI: 0xc0ffee01, Transforms: e, EncrKey: octets(encr, 1), IntegKey: octets(integ, 2), ReplayWindow: 64}
}

func octets(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i*7)
	}
	return b
}

// pair returns both ends of an SA.
func pair(t testing.TB, p Params) (*Outbound, *Inbound) {
	t.Helper()
	q := p
	q.EncrKey, q.IntegKey = append([]byte(nil), p.EncrKey...), append([]byte(nil), p.IntegKey...)
	out, err := NewOutbound(p, zeroes{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewInbound(q)
	if err != nil {
		t.Fatal(err)
	}
	return out, in
}

// seal is Seal that must succeed.
func seal(t testing.TB, out *Outbound, inner []byte) []byte {
	t.Helper()
	pkt, err := out.Seal(nil, inner)
	if err != nil {
		t.Fatal(err)
	}
	return pkt
}

// udp returns an IP packet with a UDP datagram of n octets, all checksums right.
func udp(t testing.TB, source, destination string, n int) []byte {
	t.Helper()
	return ipPacket(t, source, destination, protoUDP, transportSegment(t, source, destination, protoUDP, n))
}

// transportSegment returns n octets of a transport protocol, ports 1000 and 2000, with the right checksum and length.
func transportSegment(t testing.TB, source, destination string, protocol uint8, n int) []byte {
	t.Helper()
	b := octets(n, 0)
	binary.BigEndian.PutUint16(b, 1000)
	binary.BigEndian.PutUint16(b[2:], 2000)
	if protocol == protoUDP {
		binary.BigEndian.PutUint16(b[4:], uint16(n))
	}
	at := checksumOffset(protocol)
	clear(b[at : at+2])
	sum := ^checksum.Fold(checksum.Add(b, pseudo(netip.MustParseAddr(source), netip.MustParseAddr(destination), protocol, n)))
	binary.BigEndian.PutUint16(b[at:], sum)
	return b
}

// ipPacket puts an IP header before a payload.
func ipPacket(t testing.TB, source, destination string, protocol uint8, payload []byte) []byte {
	t.Helper()
	h := header{source: netip.MustParseAddr(source), destination: netip.MustParseAddr(destination), protocol: protocol, id: 0x4242}
	pkt, err := h.append(nil, len(payload))
	if err != nil {
		t.Fatal(err)
	}
	return append(pkt, payload...)
}

// checkChecksums fails unless the IPv4 header checksum and that of the transport protocol are right.
func checkChecksums(t testing.TB, pkt []byte) {
	t.Helper()
	n, protocol := headerLen6, pkt[6]
	source, destination := addresses(pkt)
	if pkt[0]>>4 == 4 {
		n, protocol = int(pkt[0]&0xf)*4, pkt[9]
		if sum := ^checksum.Fold(checksum.Add(pkt[:n], 0)); sum != 0 {
			t.Errorf("the header checksum is wrong by %04x: %x", sum, pkt[:n])
		}
	}
	sum := uint64(0)
	if protocol != protoICMP {
		sum = pseudo(source, destination, protocol, len(pkt)-n)
	}
	if checksum.Fold(checksum.Add(pkt[n:], sum)) != 0xffff {
		t.Errorf("the checksum of protocol %d is wrong: %x", protocol, pkt)
	}
}
