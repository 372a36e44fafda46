package interop_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"culvert/api"
	"culvert/interop/lab"
)

// A tfsScene has Culvert on moon and sun: no foreign implementation in user space knows AGGFRAG mode.
type tfsScene struct {
	*scene
	gateway *lab.Culvert
}

func newTFSScene(t *testing.T, ours, theirs string) *tfsScene {
	s := &tfsScene{scene: newScene(t)}
	mirror := strings.NewReplacer("10.99.0.1", "10.99.0.2", "10.99.0.2", "10.99.0.1", "10.1.0.0", "10.2.0.0", "10.2.0.0", "10.1.0.0",
		`"moon.example.org"`, `"sun.example.org"`, `"sun.example.org"`, `"moon.example.org"`)
	const user = "daemon {\n  dataplane {\n    backend = \"user\"\n  }\n}\n"
	s.gateway = s.sun.Culvert(user + mirror.Replace(pskConf("", theirs)))
	s.startCulvert(user + pskConf("", ours))
	s.ours.Must("up", "site")
	return s
}

// child is the one that moon has.
func (s *tfsScene) child() api.Child {
	s.Helper()
	all := s.ours.Status().SAs
	if len(all) != 1 || len(all[0].Children) != 1 {
		s.Fatalf("status %+v", all)
	}
	return all[0].Children[0]
}

// watch captures for a while, and returns the lengths of the ESP packets that moon has sent, and how many of each.
func (s *tfsScene) watch(meanwhile func()) map[int]int {
	s.Helper()
	c := s.moon.Capture("sun")
	meanwhile()
	file := c.Stop()
	sizes := map[int]int{}
	s.Packets(file, func(ip *layers.IPv4) bool {
		if ip.Protocol == layers.IPProtocolESP && ip.SrcIP.String() == "10.99.0.1" {
			sizes[int(ip.Length)]++
		}
		return false
	})
	return sizes
}

// sends waits until moon has sent some more packets through the child.
func (s *tfsScene) sends(more uint64) {
	s.Helper()
	before := s.child().Out.Packets
	s.Await(fmt.Sprintf("%d packets", more), func() bool { return s.child().Out.Packets >= before+more })
}

// transfer sends some octets through the tunnel.
func (s *tfsScene) transfer(octets string) {
	s.Helper()
	server := s.sun.Start("iperf3", nil, "iperf3", "-s", "-1", "--forceflush", "-B", "10.2.0.1")
	s.Await("iperf3 to listen", func() bool { return strings.Contains(server.Log(), "listening") })
	if out, err := s.moon.Try("iperf3", "-c", "10.2.0.1", "-B", "10.1.0.1", "-n", octets, "-f", "m"); err != nil {
		s.Errorf("the transfer failed: %v\n%s", err, out)
	}
}

const tfs = "iptfs {\n mode = %q\n %s\n}\n"

// Whoever looks on sees packets of one size, and as many with traffic as without (RFC 9347, Section 2.4.1).
func TestIPTFSHidesTraffic(t *testing.T) {
	constant := fmt.Sprintf(tfs, "constant", "rate = \"4Mbit\"\npacket_size = 1000")
	s := newTFSScene(t, constant, constant)
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1") {
		t.Fatal("no ping through the tunnel")
	}
	for name, load := range map[string]func(){"idle": func() {}, "loaded": func() { s.transfer("1M") }} {
		before := s.child().Out
		sizes := s.watch(func() {
			load()
			s.sends(1200)
		})
		out := s.child().Out
		sent, all := out.IPTFS.InnerPackets-before.IPTFS.InnerPackets, out.Packets-before.Packets
		if len(sizes) != 1 {
			t.Errorf("%s: sizes %v", name, sizes)
		}
		for size, n := range sizes {
			if size > 1000 || size <= 996 || n < 1000 {
				t.Errorf("%s: %d packets of %d octets", name, n, size)
			}
		}
		if (name == "idle") == (sent > 100) || all < 1000 {
			t.Errorf("%s: %d inner packets in %d outer ones", name, sent, all)
		}
	}
	s.Log(s.ours.Must("status"))
}

// The rate of a controlled tunnel grows while nothing is lost; fragments and large packets pass, and a rekey.
func TestIPTFSControlled(t *testing.T) {
	controlled := fmt.Sprintf(tfs, "controlled", `rate = "50Mbit"`)
	s := newTFSScene(t, controlled, controlled)
	s.Await("the rate to grow", func() bool { return s.child().Out.IPTFS.Rate > 300 })
	s.moon.Must("ping", "-c", "3", "-s", "3000", "-I", "10.1.0.1", "10.2.0.1")
	first := s.child().OutSPI
	s.ours.Must("rekey", "site/net")
	s.Await("the new SA", func() bool { return s.child().OutSPI != first })
	if c := s.child(); c.Out.IPTFS == nil || c.Out.IPTFS.Sending != "controlled" {
		t.Errorf("after the rekey: %+v", c.Out.IPTFS)
	}
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1") {
		t.Error("no ping after the rekey")
	}
}

// As needed, nothing is sent without traffic, and small packets share outer ones.
func TestIPTFSAsNeeded(t *testing.T) {
	needed := fmt.Sprintf(tfs, "as-needed", `max_aggregation_time = "2ms"`)
	s := newTFSScene(t, needed, needed)
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1") {
		t.Fatal("no ping through the tunnel")
	}
	before := s.child().Out.Packets
	if sizes := s.watch(func() { s.moon.Must("sleep", "1") }); len(sizes) > 0 {
		t.Errorf("without traffic: %v", sizes)
	}
	s.transfer("1M")
	out := s.child().Out
	if out.IPTFS.InnerPackets < 100 || out.Packets-before >= 2*out.IPTFS.InnerPackets {
		t.Errorf("%d inner packets in %d outer ones", out.IPTFS.InnerPackets, out.Packets-before)
	}
}

// A child that requires IP-TFS does not come up with a peer that has none.
func TestIPTFSRequired(t *testing.T) {
	s := &tfsScene{scene: newScene(t)}
	s.startCharon("", pskSwan("", ""))
	s.startCulvert(pskConf("", fmt.Sprintf(tfs, "controlled", "")))
	if out, err := s.ours.Try("up", "site"); err == nil || !strings.Contains(out, "IKE-IPTFS") {
		t.Errorf("up: %v\n%s", err, out)
	}
	s.ours.Reload(pskConf("", fmt.Sprintf(tfs, "controlled", "require = false")))
	s.ours.Must("up", "site")
	if c := s.child(); c.Out.IPTFS != nil {
		t.Errorf("%+v", c)
	}
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1") {
		t.Error("no ping without IP-TFS")
	}
}

// Dummy packets keep plain ESP busy (RFC 4303, Section 2.6).
func TestDummyPackets(t *testing.T) {
	const cover = "tfc = 600\ntfc_rate = 200"
	s := newTFSScene(t, cover, "")
	sizes := s.watch(func() { s.sends(250) })
	n := 0
	for _, k := range sizes {
		n += k
	}
	if len(sizes) != 1 || n < 200 {
		t.Errorf("sizes %v", sizes)
	}
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1") {
		t.Error("no ping among dummies")
	}
}
