package capture

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"culvert/dataplane"
	"culvert/wire"
)

// Envelope puts the headers around a message of IKE or a packet of ESP with which it travels: IP, and UDP where it is in UDP.
// What travels in a TCP stream is shown as if it were in UDP (RFC 9329 leaves its contents as they are there), under the ports
// of the stream. nat is the port on which messages of IKE have the non-ESP marker (RFC 3948, Section 2.2).
func Envelope(l Layer, d dataplane.Direction, path *dataplane.Path, tos uint8, payload []byte, nat uint16) []byte {
	from, to := path.Local, path.Remote
	if d == dataplane.Inbound {
		from, to = to, from
	}
	protocol := layers.IPProtocolESP
	var stack []gopacket.SerializableLayer
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	if l == IKE || path.Transport != dataplane.TransportRaw {
		protocol = layers.IPProtocolUDP
		stack = append(stack, udp)
	}
	marked := path.Local.Port() == nat || path.Transport == dataplane.TransportTCP
	if l == IKE && marked && string(payload) != wire.NATKeepalive {
		payload = append([]byte(wire.NonESPMarker), payload...)
	}
	ip := header(from.Addr().Unmap(), to.Addr().Unmap(), protocol, tos, udp)
	buffer := gopacket.NewSerializeBuffer()
	stack = append(append([]gopacket.SerializableLayer{ip}, stack...), gopacket.Payload(payload))
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		return payload // longer than an IP packet: nothing that has travelled
	}
	return buffer.Bytes()
}

// header is an IP header, over which the checksum of UDP goes too.
func header(from, to netip.Addr, p layers.IPProtocol, tos uint8, udp *layers.UDP) gopacket.SerializableLayer {
	if from.Is4() && to.Is4() {
		ip := &layers.IPv4{Version: 4, TTL: 64, TOS: tos, Protocol: p, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
		_ = udp.SetNetworkLayerForChecksum(ip)
		return ip
	}
	a, b := from.As16(), to.As16()
	ip := &layers.IPv6{Version: 6, HopLimit: 64, TrafficClass: tos, NextHeader: p, SrcIP: a[:], DstIP: b[:]}
	_ = udp.SetNetworkLayerForChecksum(ip)
	return ip
}
