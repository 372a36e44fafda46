// Package ping sends ICMP echo requests, without privileges where the system allows that.
package ping

import (
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// An Echo is one request.
type Echo struct {
	From, To netip.Addr // of one family
	Size     int        // octets of the IP packet; 0 is small
	Whole    bool       // nobody may fragment it
	Timeout  time.Duration
}

// ProtocolOf is the number of ICMP for a family.
func ProtocolOf(a netip.Addr) uint8 {
	if a.Is6() {
		return unix.IPPROTO_ICMPV6
	}
	return unix.IPPROTO_ICMP
}

// headers are the octets of IP and ICMP before the data.
func headers(a netip.Addr) int {
	if a.Is6() {
		return 40 + 8
	}
	return 20 + 8
}

const smallData = 32

// request is the ICMP message, without a checksum for IPv6, which the kernel computes.
func (e *Echo) request(id, sequence int) ([]byte, error) {
	data := smallData
	if e.Size > 0 {
		data = max(0, e.Size-headers(e.To))
	}
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: id, Seq: sequence, Data: make([]byte, data)}}
	if e.To.Is6() {
		m.Type = ipv6.ICMPTypeEchoRequest
	}
	return m.Marshal(nil)
}

// answers tells whether a packet is the answer to a request. A raw socket of IPv4 has the IP header before it; only it tells the id.
func (e *Echo) answers(packet []byte, raw bool, id, sequence int) bool {
	if raw && !e.To.Is6() {
		if len(packet) < ipv4.HeaderLen || len(packet) < int(packet[0]&15)*4 {
			return false
		}
		packet = packet[int(packet[0]&15)*4:]
	}
	m, err := icmp.ParseMessage(int(ProtocolOf(e.To)), packet)
	if err != nil || m.Type != ipv4.ICMPTypeEchoReply && m.Type != ipv6.ICMPTypeEchoReply {
		return false
	}
	body, ok := m.Body.(*icmp.Echo)
	return ok && body.Seq == sequence && (!raw || body.ID == id)
}
