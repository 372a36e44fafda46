package interop_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"culvert/api"
	"culvert/interop/lab"
)

// A streamScene has Culvert on moon and sun, and nothing but TCP passes between them. The foreign reader is tshark.
type streamScene struct {
	*scene
	gateway *lab.Culvert
}

// quickly has silence noticed sooner.
const quickly = "daemon {\n  retransmit {\n    timeout = \"200ms\"\n  }\n}\n"

func newStreamScene(t *testing.T, transport, extra string) *streamScene {
	s := &streamScene{scene: newScene(t)}
	for _, rule := range []string{
		"add table inet f", "add chain inet f in { type filter hook input priority 0 ; }",
		"add rule inet f in meta l4proto { udp, esp } counter drop",
	} {
		s.sun.Must("nft", rule)
	}
	theirs := strings.NewReplacer("10.99.0.1", "10.99.0.2", "10.99.0.2", "10.99.0.1", "10.1.0.0", "10.2.0.0", "10.2.0.0", "10.1.0.0",
		`"moon.example.org"`, `"sun.example.org"`, `"sun.example.org"`, `"moon.example.org"`).Replace(pskConf(`transport = "auto"`, ""))
	s.gateway = s.sun.Culvert("daemon {\n  tcp_ports = [4500]\n}\n" + theirs)
	s.startCulvert(quickly + pskConf(fmt.Sprintf("transport = %q\n%s", transport, extra), ""))
	return s
}

// sa is our IKE SA.
func (s *streamScene) sa() api.SA {
	s.Helper()
	all := s.ours.Status().SAs
	if len(all) != 1 {
		s.Fatalf("%d IKE SAs", len(all))
	}
	return all[0]
}

// transfer sends through the tunnel for some seconds while something happens.
func (s *streamScene) transfer(seconds int, meanwhile func()) {
	s.Helper()
	server := s.sun.Start("iperf3", nil, "iperf3", "-s", "-1", "--forceflush", "-B", "10.2.0.1")
	s.Await("iperf3 to listen", func() bool { return strings.Contains(server.Log(), "listening") })
	done := make(chan error, 1)
	go func() {
		out, err := s.moon.Try("iperf3", "-c", "10.2.0.1", "-B", "10.1.0.1", "-t", fmt.Sprint(seconds), "-f", "m")
		for line := range strings.Lines(out) {
			if strings.Contains(line, "receiver") {
				s.Logf("through the stream: %s", line)
			}
		}
		done <- err
	}()
	meanwhile()
	if err := <-done; err != nil {
		s.Errorf("the transfer failed: %v", err)
	}
}

// Where UDP is blocked the tunnel comes up in a stream, and a foreign reader finds IKE and ESP in it (RFC 9329).
func TestTunnelWhereUDPIsBlocked(t *testing.T) {
	s := newStreamScene(t, "auto", "")
	capture := s.moon.Capture("sun")
	s.up(culvert)
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	if sa := s.sa(); sa.Transport != "tcp" || sa.Remote.Address != "10.99.0.2:4500" || sa.Children[0].Encapsulation != "tcp" {
		t.Errorf("we show %+v", sa)
	}
	s.ours.Must("down", "site")
	s.Await("the gateway to forget the IKE SA", func() bool { return len(s.gateway.Status().SAs) == 0 })
	s.Await("the stream to end", func() bool {
		return s.moon.Must("ss", "-Htn", "state", "all", "exclude", "time-wait", "dport = 4500") == ""
	})
	file := capture.Stop()
	s.readsStream(file)
	if leaked := s.Tshark(file, "icmp and (ip.addr == 10.1.0.0/16 or ip.addr == 10.2.0.0/16)"); len(leaked) > 0 {
		t.Errorf("clear text on the wire:\n%s", strings.Join(leaked, "\n"))
	}
	s.leavesNothing()
}

// readsStream has tshark put the stream together, cuts it as RFC 9329, Section 3 says, and has tshark read the messages as the
// datagrams of port 4500 that they look like.
func (s *streamScene) readsStream(file string) {
	s.Helper()
	client, gateway := s.follow(file)
	prefix, client, ok := bytes.Cut(client, []byte("IKETCP"))
	if !ok || len(prefix) > 0 || bytes.HasPrefix(gateway, []byte("IKETCP")) {
		s.Errorf("the prefix is not the first thing that the client sends, and the client alone (RFC 9329, Section 4)")
	}
	var text strings.Builder
	for _, direction := range [][]byte{client, gateway} {
		for len(direction) > 2 {
			n := int(direction[0])<<8 | int(direction[1])
			if n < 2 || n > len(direction) {
				s.Fatalf("a message of length %d with %d octets left", n, len(direction))
			}
			fmt.Fprintf(&text, "000000 % x\n", direction[2:n])
			direction = direction[n:]
		}
		if len(direction) > 0 {
			s.Errorf("%x is left of the stream", direction)
		}
	}
	messages := filepath.Join(s.Dir, "messages.pcap")
	s.moon.Must("text2pcap", "-q", "-u", "4500,4500", s.moon.Write("messages.txt", text.String()), messages)
	for _, filter := range []string{"isakmp.exchangetype == 34", "isakmp.exchangetype == 35", "isakmp.exchangetype == 37", "esp"} {
		if len(s.Tshark(messages, filter)) == 0 {
			s.Errorf("tshark finds nothing for %q", filter)
		}
	}
	if bad := s.Tshark(messages, "_ws.malformed or not udpencap"); len(bad) > 0 {
		s.Errorf("tshark cannot read:\n%s", strings.Join(bad, "\n"))
	}
	resets := s.Tshark(file, "tcp.port == 4500 and tcp.flags.reset == 1")
	if fins := s.Tshark(file, "tcp.port == 4500 and tcp.flags.fin == 1"); len(fins) != 2 || len(resets) != 0 {
		s.Errorf("the stream ends with %d FINs and %d resets", len(fins), len(resets))
	}
}

// follow returns what client and gateway have sent in the first TCP stream of a capture, as tshark puts it together.
func (s *streamScene) follow(file string) (client, gateway []byte) {
	s.Helper()
	for _, line := range s.Tshark(file, "frame.number == 0", "-q", "-z", "follow,tcp,raw,0") {
		octets, err := hex.DecodeString(strings.TrimSpace(line))
		switch {
		case err != nil: // decoration
		case strings.HasPrefix(line, "\t"):
			gateway = append(gateway, octets...)
		default:
			client = append(client, octets...)
		}
	}
	return client, gateway
}

// A stream that is torn down under load comes back by itself, and the IKE SA with its children stays (RFC 9329, Section 6.1).
func TestStreamThatBreaksUnderLoad(t *testing.T) {
	s := newStreamScene(t, "tcp", "")
	s.up(culvert)
	before := s.sa()
	s.transfer(4, func() {
		for range 3 {
			old := s.sa().Local.Address
			s.Await("the stream to be destroyed", func() bool {
				out, err := s.moon.Try("ss", "-K", "dst", "10.99.0.2", "dport", "=", "4500")
				return err == nil && strings.Contains(out, "4500")
			})
			s.Await("another stream", func() bool { return s.sa().Local.Address != old })
		}
	})
	after := s.sa()
	if after.SPI != before.SPI || after.Children[0].InSPI != before.Children[0].InSPI {
		t.Errorf("not the same SA: %+v and %+v", before, after)
	}
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
}

// The other side has lost the stream, without the network having told us.
func TestStreamThatTheGatewayForgets(t *testing.T) {
	s := newStreamScene(t, "tcp", "")
	s.up(culvert)
	before := s.sa()
	s.sun.Must("ss", "-K", "src", "10.99.0.2", "sport", "=", "4500")
	s.Await("another stream", func() bool { return s.sa().Local.Address != before.Local.Address })
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	if s.sa().SPI != before.SPI {
		t.Error("not the same SA")
	}
}

func TestRekeyInAStreamLosesNothing(t *testing.T) {
	s := newStreamScene(t, "tcp", "")
	s.up(culvert)
	before := s.sa()
	s.stream(400, func() {
		for _, what := range []string{"site/net", "site", "site/net", "site"} {
			s.ours.Must("rekey", what)
			s.gateway.Must("rekey", what)
		}
	})
	s.Await("one IKE SA", func() bool { return s.ikeSAs() == 1 })
	if after := s.sa(); after.SPI == before.SPI || after.Local.Address != before.Local.Address {
		t.Errorf("rekeyed from %+v to %+v", before, after)
	}
	s.transfer(1, func() { s.ours.Must("rekey", "site/net") })
}
