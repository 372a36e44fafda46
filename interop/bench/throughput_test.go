package bench_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// A pair is two hosts with a tunnel between them.
type pair struct {
	*lab.Lab
	moon, sun *lab.Host
	pids      []int // of the daemons
	server    *lab.Process
	loads     int
}

func newPair(t testing.TB) *pair {
	l := lab.New(t)
	p := &pair{Lab: l, moon: l.Host("moon"), sun: l.Host("sun")}
	l.Link(p.moon, p.sun, []string{moonAddr + "/24"}, []string{sunAddr + "/24"})
	p.moon.Address("10.1.0.1/24")
	p.sun.Address("10.2.0.1/24")
	return p
}

// listen starts the server on sun, for all streams; one that runs is replaced.
func (p *pair) listen() {
	p.Helper()
	if p.server != nil {
		p.server.Stop()
	}
	p.loads++
	p.server = p.sun.Start(fmt.Sprintf("iperf3-server-%d", p.loads), nil, "iperf3", "-s", "--forceflush", "-B", "10.2.0.1")
	p.Await("iperf3 to listen", func() bool { return strings.Contains(p.server.Log(), "listening") })
}

// unique makes a name of at most a few letters, another one for each pair of the process.
func (p *pair) unique(name string) string {
	_, number, _ := strings.Cut(filepath.Base(p.Dir), "cvi")
	return name + number[:min(len(number), 6)]
}

// culvert brings a tunnel of ours up.
func (p *pair) culvert(binary, esp string) (pids []int) {
	p.Helper()
	conf := func(local, remote, localNet, remoteNet string) string {
		return fmt.Sprintf(`
daemon {
  state_dir = %q
}
connection "site" {
  local {
    address = %q
    id = %q
  }
  remote {
    address = %q
    id = %q
  }
  force_encapsulation = true
  child "net" {
    local = [%q]
    remote = [%q]
    esp_proposals = [%q]
  }
}
secret "site" {
  psk = "interoperable-and-long-enough"
}
`, filepath.Join(p.Dir, local), local, local, remote, remote, localNet, remoteNet, esp)
	}
	ours := p.moon.CulvertOf(binary, conf(moonAddr, sunAddr, "10.1.0.0/24", "10.2.0.0/24"))
	theirs := p.sun.CulvertOf(binary, conf(sunAddr, moonAddr, "10.2.0.0/24", "10.1.0.0/24"))
	ours.Must("up", "site/net")
	return []int{ours.PID(), theirs.PID()}
}

// charon brings a tunnel of strongSwan with kernel-libipsec up.
func (p *pair) charon(esp string) (pids []int) {
	p.Helper()
	conf := func(local, remote, localNet, remoteNet string) string {
		return fmt.Sprintf(`connections {
 site {
  version = 2
  local_addrs = %[1]s
  remote_addrs = %[2]s
  local {
   auth = psk
   id = %[1]s
  }
  remote {
   auth = psk
   id = %[2]s
  }
  children {
   net {
    local_ts = %[3]s
    remote_ts = %[4]s
    esp_proposals = %[5]s
   }
  }
 }
}
secrets {
 ike-site {
  secret = "interoperable-and-long-enough"
 }
}
`, local, remote, localNet, remoteNet, esp)
	}
	moon, sun := p.moon.Charon(""), p.sun.Charon("")
	sun.Load(conf(sunAddr, moonAddr, "10.2.0.0/24", "10.1.0.0/24"))
	moon.Load(conf(moonAddr, sunAddr, "10.1.0.0/24", "10.2.0.0/24"))
	moon.Swanctl("--initiate", "--child", "net")
	return []int{moon.PID(), sun.PID()}
}

// The aims: what one TCP stream and floods of datagrams have over others with AES-128-GCM. On a machine that has other things
// to do the figures scatter.
var aims = []struct {
	mode  linkMode
	what  string
	over  string
	ratio float64
}{
	{modeWhole, oneStream, "charon-libipsec", 12},
	{modeWhole, oneStream, "wireguard-go", 3},
	{modeWhole, oneStream, "wireguard-go, Tailscale", 2.2},
	{modeWhole, oneStream, "culvert, null cipher", 0.75},
	{modeWhole, "UDP 64", "wireguard-go", 2.5},
	{modeWhole, "UDP 1300", "wireguard-go", 4},
	{modeNone, oneStream, "wireguard-go", 4},
	{modeNone, oneStream, "wireguard-go, Tailscale", 4},
}

const oneStream = "one TCP stream"

// judge holds figures of the first contestant against the aims.
func (s *scene) judge(mode linkMode, what string, m map[string]float64) {
	s.Helper()
	for _, a := range aims {
		if a.mode == mode && a.what == what {
			if got := m[s.names[0]] / m[a.over]; got < a.ratio {
				s.Errorf("mode %s, %s: %.2f times %s, the aim is %v", mode, what, got, a.over, a.ratio)
			}
		}
	}
}

// Tunnels beside each other, each link mode in turn: bulk, floods of small and large datagrams, round trips and processor
// time.
func TestBenchTunnels(t *testing.T) {
	needBench(t)
	for _, mode := range []linkMode{modeWhole, modeNone, modeSoftware} {
		t.Run("mode "+string(mode), func(t *testing.T) {
			s := newScene(t, mode, culvert("aes128gcm16"), nullCulvert(), charon("aes128gcm16"), wireguard(), tailscale(), raw())
			results := newTable(s.head()...)
			defer results.show(t)
			s.judge(mode, oneStream, s.compare(results, oneStream, "Gbit/s", tcp(1)))
			for _, octets := range []int{64, 512, 1300} {
				what := fmt.Sprintf("UDP %d", octets)
				s.judge(mode, what, s.compare(results, what, "kpps", udp(octets)))
			}
			if mode != modeWhole {
				return
			}
			s.compare(results, "8 TCP streams", "Gbit/s", tcp(8))
			s.compare(results, "one TCP stream each way", "Gbit/s", bothWays)
			s.compare(results, "processor time", "s/GB", perGigabyte)
			idle := s.compare(results, "round trip, idle", "ms", roundTrip)
			loaded := s.compare(results, "round trip under load", "ms", roundTripBeside("-C", "cubic"))
			s.compare(results, "round trip beside 8 TCP streams", "ms", roundTripBeside("-C", "cubic", "-P", "8"))
			s.compare(results, "round trip beside a flood of datagrams", "ms", roundTripBeside("-u", "-b", "0", "-l", "1300"))
			ours := s.names[0]
			if added := idle[ours] - idle["raw veth"]; added > 0.3 {
				t.Errorf("an idle tunnel adds %.3g ms to a round trip, the aim is 0.3", added)
			}
			if added := loaded[ours] - loaded["raw veth"]; added > 5 {
				t.Errorf("a full tunnel adds %.3g ms to a round trip, the aim is 5", added)
			}
		})
	}
}

// One TCP stream with each cipher, beside charon.
func TestBenchCiphers(t *testing.T) {
	needBench(t)
	results := newTable("one TCP stream, Gbit/s", "culvert", "charon-libipsec", "ratio")
	defer results.show(t)
	for _, esp := range []string{"aes128gcm16", "aes256gcm16", "chacha20poly1305", "aes128-sha256"} {
		s := newScene(t, modeWhole, culvert(esp), charon(esp))
		m := s.measure(tcp(1))
		a, b := m[s.names[0]], m[s.names[1]]
		results.row(esp, fmt.Sprintf("%.2f", a), fmt.Sprintf("%.2f", b), fmt.Sprintf("%.1f", a/b))
	}
}
