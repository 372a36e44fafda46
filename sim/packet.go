package sim

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"culvert/dataplane"
)

// Address is an IP address.
type Address = netip.Addr

// A Packet is an IP packet on the network outside of all tunnels: UDP, or ESP as a protocol of its own.
type Packet struct {
	Source, Destination netip.AddrPort
	Transport           dataplane.Transport // raw: the ports count for nothing
	Data                []byte
	parcel              uint64 // the inner packet that the sender's data plane has sealed, for the ledger; 0: none
}

// Sizes of headers.
const (
	ipv4Header = 20
	ipv6Header = 40
	udpHeader  = 8
)

// size is the length of the IP packet in octets.
func (p *Packet) size() int {
	n := len(p.Data) + ipv4Header
	if p.Destination.Addr().Is6() {
		n = len(p.Data) + ipv6Header
	}
	if p.Transport == dataplane.TransportUDP {
		n += udpHeader
	}
	return n
}

// flip changes a few bits.
func (p Packet) flip(r *rand.Rand) Packet {
	p.Data, p.parcel = bytes.Clone(p.Data), 0
	if len(p.Data) == 0 {
		return p
	}
	for range 1 + r.IntN(4) {
		p.Data[r.IntN(len(p.Data))] ^= 1 << r.IntN(8)
	}
	return p
}

// cut shortens it.
func (p Packet) cut(r *rand.Rand) Packet {
	p.parcel = 0
	if len(p.Data) > 0 {
		p.Data = bytes.Clone(p.Data[:r.IntN(len(p.Data))])
	}
	return p
}

// The ports of IKE, and of IKE and ESP behind NATs (RFC 7296, Section 2.23).
const (
	portIKE  = 500
	portNATT = 4500
)

// kind is what a packet is for the one who receives it.
type kind uint8

const (
	kindNone kind = iota
	kindIKE
	kindESP
	kindKeepalive
)

const (
	markerLen = 4 // non-ESP marker (RFC 3948, Section 2.2)
	headerLen = 28
)

// content tells what a packet is, and returns it without marker. On the port for NAT traversal IKE stands behind a marker.
func (p *Packet) content() (kind, []byte) {
	b := p.Data
	switch {
	case p.Transport == dataplane.TransportRaw:
		return kindESP, b
	case p.Destination.Port() == portIKE:
		return longEnough(kindIKE, b)
	case len(b) == 1 && b[0] == 0xff:
		return kindKeepalive, nil
	case len(b) < markerLen:
		return kindNone, nil
	case binary.BigEndian.Uint32(b) == 0:
		return longEnough(kindIKE, b[markerLen:])
	}
	return kindESP, b
}

func longEnough(k kind, b []byte) (kind, []byte) {
	if len(b) < headerLen {
		return kindNone, nil
	}
	return k, b
}

// ikePacket makes the packet of an IKE message.
func ikePacket(path dataplane.Path, message []byte) Packet {
	data := bytes.Clone(message)
	if path.Local.Port() != portIKE {
		data = append(make([]byte, markerLen), message...)
	}
	return Packet{Source: path.Local, Destination: path.Remote, Transport: path.Transport, Data: data}
}
