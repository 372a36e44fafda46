package interop_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"

	"culvert/interop/lab"
)

// Where an attacker's packets go, and whose they pretend to be.
const (
	protocolUDP = 17
	protocolESP = 50
)

// An attacker sends packets from sun with any source.
type attacker struct {
	random  *rand.Rand
	raw     int // IPv4 with headers of our own
	target  [4]byte
	peer    [4]byte
	seen    [][]byte // IPv4 packets that the peer has sent to the target
	initial []byte   // the UDP payload of an IKE_SA_INIT request among them
}

func newAttacker(s *scene, seen [][]byte) *attacker {
	s.Helper()
	a := &attacker{random: rand.New(rand.NewPCG(1, 2)), target: [4]byte{10, 99, 0, 1}, peer: [4]byte{10, 99, 0, 2}, seen: seen}
	a.raw = s.rawSocket(unix.AF_INET)
	const initRequest = 34<<8 | 0x08 // exchange type and flags (RFC 7296, Section 3.1)
	for _, p := range seen {
		if p[9] == protocolUDP {
			p[26], p[27] = 0, 0 // the kernel leaves checksums to the card, which a capture comes before
		}
		if p[9] == protocolUDP && len(p) > 48+20 && binary.BigEndian.Uint16(p[22:]) == 500 && binary.BigEndian.Uint16(p[28+18:]) == initRequest {
			a.initial = p[28:]
		}
	}
	if a.initial == nil || len(seen) < 10 {
		s.Fatalf("%d packets were captured, an IKE_SA_INIT request among them: %v", len(seen), a.initial != nil)
	}
	return a
}

// rawSocket opens a socket on sun that sends packets with headers of our own.
func (s *scene) rawSocket(family int) (socket int) {
	s.Helper()
	err := s.sun.Inside(func() (err error) {
		socket, err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = unix.Close(socket) })
	return socket
}

// send transmits an IPv4 packet as it is. What the kernel refuses, as too long, is no attack.
func (a *attacker) send(packet []byte) error {
	err := unix.Sendto(a.raw, packet, 0, &unix.SockaddrInet4{Addr: a.target})
	if errors.Is(err, unix.EMSGSIZE) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOBUFS) {
		return nil
	}
	return err
}

// ip puts a header before a payload. The kernel fills in length and checksum.
func (a *attacker) ip(from [4]byte, protocol byte, payload []byte) []byte {
	h := make([]byte, 20, 20+len(payload))
	h[0], h[8], h[9] = 0x45, 64, protocol
	copy(h[12:], from[:])
	copy(h[16:], a.target[:])
	return append(h, payload...)
}

// udp puts a header without checksum before a payload.
func udp(from, to uint16, payload []byte) []byte {
	h := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(h, from)
	binary.BigEndian.PutUint16(h[2:], to)
	binary.BigEndian.PutUint16(h[4:], uint16(8+len(payload)))
	return append(h, payload...)
}

func (a *attacker) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(a.random.Uint32())
	}
	return b
}

// garbage is random octets of any length, to each place that listens, in the peer's name.
func (a *attacker) garbage() []byte {
	b := a.bytes(a.random.IntN(1400))
	switch a.random.IntN(5) {
	case 0:
		return a.ip(a.peer, protocolUDP, udp(500, 500, b))
	case 1:
		return a.ip(a.peer, protocolUDP, udp(4500, 4500, b))
	case 2:
		return a.ip(a.peer, protocolUDP, udp(4500, 4500, append(make([]byte, 4), b...)))
	case 3: // a reserved SPI (RFC 4303, Section 2.1)
		return a.ip(a.peer, protocolUDP, udp(4500, 4500, append([]byte{0, 0, 0, 1 + byte(len(b))&0x7f}, b...)))
	}
	return a.ip(a.peer, protocolESP, b)
}

// replay is a packet of the peer's once more.
func (a *attacker) replay() []byte { return a.seen[a.random.IntN(len(a.seen))] }

// mutation is a packet of the peer's with some bits turned over, or cut off.
func (a *attacker) mutation() []byte {
	p := append([]byte(nil), a.replay()...)
	from := 20
	if p[9] == protocolUDP {
		from = 28
	}
	for range 1 + a.random.IntN(4) {
		p[from+a.random.IntN(len(p)-from)] ^= 1 << a.random.IntN(8)
	}
	if a.random.IntN(4) == 0 {
		p = p[:from+a.random.IntN(len(p)-from)]
	}
	if p[9] == protocolUDP {
		binary.BigEndian.PutUint16(p[24:], uint16(len(p)-20))
	}
	return p
}

// old is the beginning of an IKEv1 main mode.
func (a *attacker) old() []byte {
	h := a.bytes(28 + a.random.IntN(200))
	clear(h[8:16])
	h[16], h[17], h[18], h[19] = 1, 0x10, 2, 0
	clear(h[20:24])
	binary.BigEndian.PutUint32(h[24:], uint32(len(h)))
	return a.ip(a.peer, protocolUDP, udp(500, 500, h))
}

// tiny is less than a header.
func (a *attacker) tiny() []byte {
	port := []uint16{500, 4500}[a.random.IntN(2)]
	return a.ip(a.peer, protocolUDP, udp(port, port, a.bytes(a.random.IntN(8))))
}

// flood begins an IKE SA in the name of somebody else, each time another.
func (a *attacker) flood() []byte {
	m := append([]byte(nil), a.initial...)
	copy(m, a.bytes(8))
	return a.ip([4]byte{172, 16 + byte(a.random.IntN(16)), byte(a.random.Uint32()), byte(a.random.Uint32())}, protocolUDP, udp(500, 500, m))
}

// prefixFlood is one from a single address.
func (a *attacker) prefixFlood() []byte {
	m := append([]byte(nil), a.initial...)
	copy(m, a.bytes(8))
	return a.ip([4]byte{192, 168, 77, 77}, protocolUDP, udp(500, 500, m))
}

// huge sends datagrams of more than any receiver expects.
func huge(s *scene, n int) error {
	return s.sun.Inside(func() error {
		conn, err := net.Dial("udp", "10.99.0.1:4500")
		if err != nil {
			return err
		}
		defer conn.Close()
		for range n {
			if _, err := conn.Write(make([]byte, 65000)); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
				return err
			}
		}
		return nil
	})
}

// attack sends every kind of packet some times, in bursts that leave the receiver's buffers room for the living.
func (a *attacker) attack(s *scene, each int) error {
	kinds := []func() []byte{a.garbage, a.replay, a.mutation, a.old, a.tiny, a.flood, a.prefixFlood}
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for i := range each {
		for _, make := range kinds {
			if err := a.send(make()); err != nil {
				return err
			}
		}
		if i%10 == 0 {
			<-pace.C
		}
	}
	return huge(s, 50)
}

// memory is what a process holds, in octets.
func memory(t *testing.T, p *lab.Process) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// forAnybody is a connection for whoever comes.
const forAnybody = "connection \"anybody\" {\n local {\n id = \"moon.example.org\"\n}\n remote {\n id = \"*.example.com\"\n}\n}\n" +
	"secret \"anybody\" {\n psk = \"for-whom-nobody-knows-it-here\"\n}\n"

// A tunnel goes on carrying packets under whatever is thrown at the daemon; every loss is counted by its reason, memory
// stays bounded, the daemon answers, and the next handshake succeeds.
func TestHostilePackets(t *testing.T) {
	s := newScene(t)
	s.start(pskConf("", "")+forAnybody+"daemon {\n half_open {\n timeout = \"5s\"\n}\n}\n", pskSwan("", ""))
	capture := s.moon.Capture("sun")
	s.up(charon)
	s.stream(50, func() { s.theirs.Swanctl("--rekey", "--child", "net") })
	before := memory(t, s.ours.Process)
	seen := s.Packets(capture.Stop(), func(ip *layers.IPv4) bool {
		return ip.DstIP.String() == "10.99.0.1" && (ip.Protocol == protocolUDP || ip.Protocol == protocolESP)
	})
	a := newAttacker(s, seen)
	ended := make(chan error, 1)
	s.stream(600, func() {
		go func() { ended <- a.attack(s, 1000) }()
		s.ours.Must("status")
		s.ours.Must("log")
	})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	counters := s.ours.Status().Counters
	for _, name := range []string{
		"ike_dropped_malformed", "ike_dropped_unknown-spi", "ike_dropped_integrity", "ike_dropped_cookie", "esp_dropped_replay",
		"esp_dropped_authentication", "esp_dropped_unknown_spi", "net_drop_short", "net_drop_reserved_spi",
	} {
		if counters[name] == 0 {
			t.Errorf("%s did not rise: %v", name, counters)
		}
	}
	const most = 64 << 20
	if grown := memory(t, s.ours.Process) - before; grown > most {
		t.Errorf("%d octets more are held", grown)
	}
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	for _, by := range []who{culvert, charon} {
		s.ours.Must("down", "site")
		s.Await("charon to forget", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
		s.Await("what was half-open to end", func() bool { return s.ikeSAs() == 0 })
		s.up(by)
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	}
}
