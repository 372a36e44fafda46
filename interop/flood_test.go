package interop_test

import (
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"culvert/api"
)

// What a flood may cost, whatever it is: memory besides what the daemon held before, octets of its log at once and in every second.
const (
	floodMemory    = 128 << 20
	floodLog       = 128 << 10
	floodLogSecond = 16 << 10
)

// A flood is packets of one kind, and the counters that tell of them.
type flood struct {
	name   string
	packet func() []byte
	counts []string
}

// A floodScene is two gateways, an attacker on the way between them, and what they have said to each other.
type floodScene struct {
	*scene
	*attacker
	before api.SA
	sealed [][]byte // what the peer has sent that is ESP
	log    string
}

func newFloodScene(t *testing.T) *floodScene {
	t.Helper()
	s := newScene(t)
	limits := "half_open {\n limit = 500\n timeout = \"5s\"\n}\n"
	s.start(pskConf("", "")+forAnybody+"daemon {\n tcp_ports = [4500]\n"+limits+"dataplane {\n backend = \"user\"\n}\n}\n", pskSwan("", ""))
	capture := s.moon.Capture("sun")
	s.up(charon)
	s.stream(50, func() { s.theirs.Swanctl("--rekey", "--ike", "site") })
	s.Await("one IKE SA", func() bool { return s.ikeSAs() == 1 })
	s.stream(50, func() {})
	seen := s.Packets(capture.Stop(), func(ip *layers.IPv4) bool {
		return ip.DstIP.String() == "10.99.0.1" && (ip.Protocol == protocolUDP || ip.Protocol == protocolESP)
	})
	f := &floodScene{scene: s, attacker: newAttacker(s, seen), before: s.ours.Status().SAs[0], log: filepath.Join(s.Dir, "moon", "culvert.log")}
	for _, p := range seen {
		if _, is := espAt(p); is {
			f.sealed = append(f.sealed, p)
		}
	}
	if len(f.sealed) == 0 {
		t.Fatal("no ESP was captured")
	}
	return f
}

// message is an IKE message with random contents to a port, from anywhere.
func (f *floodScene) message(port uint16, change func(h []byte)) []byte {
	h := f.bytes(28 + f.random.IntN(200))
	h[16], h[17], h[18], h[19] = 46, 0x20, 37, 8 // a protected INFORMATIONAL request of the initiator
	binary.BigEndian.PutUint32(h[24:], uint32(len(h)))
	change(h)
	if port == 4500 {
		h = append(make([]byte, 4), h...)
	}
	return f.ip(f.anywhere(), protocolUDP, udp(port, port, h))
}

func (f *floodScene) anywhere() [4]byte {
	return [4]byte{172, 16 + byte(f.random.IntN(16)), byte(f.random.Uint32()), byte(f.random.Uint32())}
}

// espAt says where ESP begins in a packet, if that is what it carries.
func espAt(p []byte) (at int, is bool) {
	if p[9] == protocolESP {
		return 20, true
	}
	return 28, binary.BigEndian.Uint16(p[22:]) == 4500 && len(p) > 32 && binary.BigEndian.Uint32(p[28:]) != 0
}

// esp is a packet of the peer's with other contents behind the sequence number, which counts on.
func (f *floodScene) esp(from [4]byte) []byte {
	p := slices.Clone(f.sealed[f.random.IntN(len(f.sealed))])
	at, _ := espAt(p)
	copy(p[12:], from[:])
	binary.BigEndian.PutUint32(p[at+4:], binary.BigEndian.Uint32(p[at+4:])+1000+f.random.Uint32()%1000)
	copy(p[at+8:], f.bytes(len(p)-at-8))
	return p
}

// icmp is an error about an ESP packet that was never sent.
func (f *floodScene) icmp() []byte {
	kind := [][4]byte{{3, 4, 0, 68}, {3, 4, 2, 64}, {3, 4, 0, 0}, {3, 1, 0, 0}, {3, 13, 0, 0}, {4, 0, 0, 0}}[f.random.IntN(6)]
	quote := f.bytes(28)
	quote[0], quote[8], quote[9] = 0x45, 64, protocolESP
	copy(quote[12:], f.target[:])
	copy(quote[16:], f.peer[:])
	m := append([]byte{kind[0], kind[1], 0, 0, 0, 0, kind[2], kind[3]}, quote...)
	sum := uint32(0)
	for i := 0; i < len(m); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(m[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(m[2:], ^uint16(sum+sum>>16))
	return f.ip(f.peer, 1, m)
}

func (f *floodScene) floods() []flood {
	return []flood{
		{"first requests from anywhere", f.flood, []string{"ike_dropped_cookie"}},
		{"first requests from one address", f.prefixFlood, []string{"ike_dropped_cookie"}},
		{"unknown IKE SAs", func() []byte { return f.message(500, func([]byte) {}) }, []string{"ike_dropped_unknown-spi", "ike_dropped_rate-limit"}},
		{"lengths that lie", func() []byte {
			return f.message(4500, func(h []byte) { clear(h[8:16]); h[16], h[18], h[24] = 33, 34, 0xff })
		}, []string{"ike_dropped_length"}},
		{"IKEv3", func() []byte { return f.message(500, func(h []byte) { h[17] = 0x30 }) }, []string{"ike_dropped_version"}},
		{"IKEv1", f.old, []string{"ike_dropped_malformed"}},
		{"keepalives", func() []byte { return f.ip(f.anywhere(), protocolUDP, udp(4500, 4500, []byte{0xff})) }, []string{"net_keepalive_received"}},
		{"less than headers", f.tiny, []string{"net_drop_short"}},
		{"replays", f.replay, []string{"esp_dropped_replay"}},
		{"unknown SPIs", func() []byte { return f.ip(f.anywhere(), protocolESP, append([]byte{9}, f.bytes(100)...)) }, []string{"esp_dropped_unknown_spi"}},
		{"reserved SPIs", func() []byte { return f.ip(f.anywhere(), protocolESP, append([]byte{0, 0, 0}, f.bytes(100)...)) }, []string{"net_drop_reserved_spi"}},
		{"forged ESP of the peer", func() []byte { return f.esp(f.peer) }, []string{"esp_dropped_authentication"}},
		{"forged ESP from anywhere", func() []byte { return f.esp(f.anywhere()) }, []string{"esp_dropped_authentication"}},
		{"ICMP about nothing", f.icmp, nil},
	}
}

// endure has a flood sent until every counter of it has risen, with an answer of the daemon between bursts that leave the receiver's
// buffers room for the living.
func (s *scene) endure(one flood, send func([]byte) error) {
	s.Helper()
	const burst, bursts = 100, 10
	before := s.ours.Status().Counters
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	s.Await("counters of "+one.name, func() bool {
		for range bursts {
			for range burst {
				if err := send(one.packet()); err != nil {
					s.Fatal(err)
				}
			}
			<-pace.C
		}
		now := s.ours.Status().Counters
		for _, name := range one.counts {
			if now[name] == before[name] {
				return false
			}
		}
		return true
	})
}

// size is how long the daemon's log is.
func (f *floodScene) size() int64 {
	f.Helper()
	info, err := os.Stat(f.log)
	if err != nil {
		f.Fatal(err)
	}
	return info.Size()
}

// hang opens streams that begin nothing, or something else, more than there is room for from one network, and holds them.
func (f *floodScene) hang() {
	f.Helper()
	err := f.sun.Inside(func() error {
		for i := range 60 {
			c, err := net.Dial("tcp", "10.99.0.1:4500")
			if err != nil {
				return err
			}
			f.Cleanup(func() { c.Close() })
			if _, err := c.Write([]byte([]string{"", "IKE", "GET / HTTP/1.0\r\n\r\n", "IKETCP\x00\x01", "IKETCP\xff\xff"}[i%5])); err != nil {
				continue // it has been ended
			}
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Await("every stream to be told apart", func() bool {
		c := f.ours.Status().Counters
		return c["net_drop_stream_prefix"] > 0 && c["net_drop_stream_length"] > 0
	})
}

// lives expects an IKE SA and its child to be those of before, at the same address.
func (s *scene) lives(after string, before api.SA) {
	s.Helper()
	for _, sa := range s.ours.Status().SAs {
		if sa.SPI == before.SPI && sa.Remote.Address == before.Remote.Address && sa.Children[0].InSPI == before.Children[0].InSPI {
			return
		}
	}
	s.Errorf("%s: the IKE SA of before is not there", after)
}

// A running daemon under one flood after the other from the wire: the tunnel lives on with the same IKE SA at the same address, each
// reason is counted, neither memory nor the log grow beyond bounds, and the next handshake succeeds.
func TestFloods(t *testing.T) {
	f := newFloodScene(t)
	held := memory(t, f.ours.Process)
	for _, one := range f.floods() {
		log, begun := f.size(), time.Now()
		f.endure(one, f.send)
		f.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
		f.lives(one.name, f.before)
		if grown, took := f.size()-log, time.Since(begun); grown > floodLog+int64(took.Seconds()*floodLogSecond) {
			t.Errorf("%s: the log has grown by %d octets in %v", one.name, grown, took)
		}
	}
	f.hang()
	f.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	f.lives("streams", f.before)
	if grown := memory(t, f.ours.Process) - held; grown > floodMemory {
		t.Errorf("%d octets more are held", grown)
	}
	f.ours.Must("down", "site")
	f.Await("charon to forget", func() bool { return strings.TrimSpace(f.theirs.SAs()) == "" })
	f.ours.Must("up", "site/net")
	f.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
}
