package interop_test

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"

	"culvert/suite"
	"culvert/wire"
)

// An attacker6 sends IPv6 packets from sun with any source.
type attacker6 struct {
	*scene
	random *rand.Rand
	raw    int // IPv6 with headers of our own
	target netip.Addr
}

func newAttacker6(s *scene) *attacker6 {
	s.Helper()
	return &attacker6{scene: s, random: rand.New(rand.NewPCG(1, 2)), raw: s.rawSocket(unix.AF_INET6), target: netip.MustParseAddr("fd99::1")}
}

func (a *attacker6) send(packet []byte) error {
	if err := unix.Sendto(a.raw, packet, 0, &unix.SockaddrInet6{Addr: a.target.As16()}); !errors.Is(err, unix.ENOBUFS) {
		return err
	}
	return nil // what the link has no room for is no attack
}

// fill makes so many octets of an address random behind a prefix.
func (a *attacker6) fill(prefix string, octets int) netip.Addr {
	b := netip.MustParseAddr(prefix).As16()
	copy(b[16-octets:], a.bytes(octets))
	return netip.AddrFrom16(b)
}

func (a *attacker6) anywhere() netip.Addr { return a.fill("2001:db8::", 12) }

func (a *attacker6) oneNetwork() netip.Addr { return a.fill("2001:db8:1:2::", 8) }

func (a *attacker6) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(a.random.Uint32())
	}
	return b
}

// ip puts a header before what is in a packet, with all lengths and checksums.
func (a *attacker6) ip(from netip.Addr, protocol layers.IPProtocol, inside ...gopacket.SerializableLayer) []byte {
	h := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: from.AsSlice(), DstIP: a.target.AsSlice()}
	for _, l := range inside {
		if l, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			_ = l.SetNetworkLayerForChecksum(h)
		}
	}
	b := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(b, options, append([]gopacket.SerializableLayer{h}, inside...)...); err != nil {
		a.Fatal(err)
	}
	return b.Bytes()
}

func (a *attacker6) udp(from netip.Addr, port layers.UDPPort, payload []byte) []byte {
	return a.ip(from, layers.IPProtocolUDP, &layers.UDP{SrcPort: port, DstPort: port}, gopacket.Payload(payload))
}

// first begins an IKE SA, each time another.
func (a *attacker6) first(proposal wire.Proposal, from netip.Addr) []byte {
	proposal.Number = 1
	m := wire.Message{Header: wire.Header{InitiatorSPI: wire.SPI(a.random.Uint64() | 1), Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{&wire.SA{Proposals: []wire.Proposal{proposal}}, &wire.KE{Method: wire.KECurve25519, Data: a.bytes(32)}, &wire.Nonce{Data: a.bytes(32)}}}
	return a.udp(from, 500, m.Append(nil))
}

// unknown is a message of an IKE SA that is not there.
func (a *attacker6) unknown() []byte {
	m := wire.Message{Header: wire.Header{InitiatorSPI: wire.SPI(a.random.Uint64() | 1), ResponderSPI: wire.SPI(a.random.Uint64() | 1), Exchange: wire.ExchangeInformational, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{&wire.Encrypted{Body: a.bytes(64)}}}
	return a.udp(a.anywhere(), 500, m.Append(nil))
}

// icmp is an error about an ESP packet that was never sent.
func (a *attacker6) icmp() []byte {
	kind := []layers.ICMPv6TypeCode{layers.CreateICMPv6TypeCode(2, 0), layers.CreateICMPv6TypeCode(1, 0), layers.CreateICMPv6TypeCode(3, 0)}[a.random.IntN(3)]
	quote := &layers.IPv6{Version: 6, HopLimit: 64, Length: 100, NextHeader: layers.IPProtocolESP, SrcIP: a.target.AsSlice(), DstIP: netip.MustParseAddr("fd99::2").AsSlice()}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{}, quote, gopacket.Payload(a.bytes(48))); err != nil {
		a.Fatal(err)
	}
	mtu := []byte{0, 0, byte(a.random.IntN(8)), 0}
	return a.ip(a.anywhere(), layers.IPProtocolICMPv6, &layers.ICMPv6{TypeCode: kind}, gopacket.Payload(append(mtu, b.Bytes()...)))
}

// Floods over IPv6, where an attacker has as many addresses as packets: the tunnel lives on, each reason is counted, memory has a
// bound, and the next handshake succeeds.
func TestFloodsOverIPv6(t *testing.T) {
	s := newScene(t)
	inner := [][2]string{{"fd01::1", "fd02::1"}}
	r := strings.NewReplacer(families(true, inner)...)
	s.start(r.Replace(pskConf("", "")+forAnybody)+"daemon {\n half_open {\n limit = 500\n timeout = \"5s\"\n}\ndataplane {\n backend = \"user\"\n}\n}\n", r.Replace(pskSwan("", "")))
	s.up(charon)
	proposal, err := suite.ParseProposal(wire.ProtocolIKE, "aes128-sha256-x25519")
	if err != nil {
		t.Fatal(err)
	}
	a, before, held := newAttacker6(s), s.ours.Status().SAs[0], memory(t, s.ours.Process)
	for _, one := range []flood{
		{"first requests from anywhere", func() []byte { return a.first(proposal, a.anywhere()) }, []string{"ike_dropped_cookie"}},
		{"first requests from one network", func() []byte { return a.first(proposal, a.oneNetwork()) }, []string{"ike_dropped_cookie"}},
		{"unknown IKE SAs", a.unknown, []string{"ike_dropped_unknown-spi", "ike_dropped_rate-limit"}},
		{"unknown SPIs", func() []byte {
			return a.ip(a.anywhere(), layers.IPProtocolESP, gopacket.Payload(append([]byte{9}, a.bytes(100)...)))
		}, []string{"esp_dropped_unknown_spi"}},
		{"keepalives", func() []byte { return a.udp(a.anywhere(), 4500, []byte{0xff}) }, []string{"net_keepalive_received"}},
		{"ICMPv6 about nothing", a.icmp, nil},
	} {
		s.endure(one, a.send)
		s.carries(inner)
		s.lives(one.name, before)
	}
	if grown := memory(t, s.ours.Process) - held; grown > floodMemory {
		t.Errorf("%d octets more are held", grown)
	}
	s.ours.Must("down", "site")
	s.Await("charon to forget", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
	s.ours.Must("up", "site/net")
	s.carries(inner)
}
