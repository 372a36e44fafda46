package kernel_test

import (
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// datagram returns an inner packet for the echo at sun.
func (o *oracle) datagram(payload []byte) []byte {
	o.Helper()
	udp := &layers.UDP{SrcPort: layers.UDPPort(o.inner.Port()), DstPort: layers.UDPPort(o.echo.Port())}
	var ip gopacket.SerializableLayer
	if o.inner.Addr().Is4() {
		v4 := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: o.inner.Addr().AsSlice(), DstIP: o.echo.Addr().AsSlice()}
		_, ip = udp.SetNetworkLayerForChecksum(v4), v4
	} else {
		v6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: o.inner.Addr().AsSlice(), DstIP: o.echo.Addr().AsSlice()}
		_, ip = udp.SetNetworkLayerForChecksum(v6), v6
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, udp, gopacket.Payload(payload))
	if err != nil {
		o.Fatal(err)
	}
	return buf.Bytes()
}

// payload returns what an echoed packet carries.
func payload(t testing.TB, inner []byte) []byte {
	t.Helper()
	first := gopacket.Decoder(layers.LayerTypeIPv4)
	if len(inner) > 0 && inner[0]>>4 == 6 {
		first = layers.LayerTypeIPv6
	}
	udp, ok := gopacket.NewPacket(inner, first, gopacket.Default).Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok {
		t.Fatalf("no UDP in %x", inner)
	}
	return udp.Payload
}
