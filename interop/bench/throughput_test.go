package bench_test

import (
	"encoding/json"
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
}

func newPair(t *testing.T) *pair {
	l := lab.New(t)
	p := &pair{Lab: l, moon: l.Host("moon"), sun: l.Host("sun")}
	l.Link(p.moon, p.sun, []string{"10.99.0.1/24"}, []string{"10.99.0.2/24"})
	p.moon.Address("10.1.0.1/24")
	p.sun.Address("10.2.0.1/24")
	return p
}

// listen starts the server on sun, for all streams.
func (p *pair) listen() {
	p.Helper()
	server := p.sun.Start("iperf3-server", nil, "iperf3", "-s", "--forceflush", "-B", "10.2.0.1")
	p.Await("iperf3 to listen", func() bool { return strings.Contains(server.Log(), "listening") })
}

// stream measures one TCP stream through the tunnel, in Gbit/s.
func (p *pair) stream() float64 {
	p.Helper()
	out := p.moon.Must("iperf3", "-c", "10.2.0.1", "-B", "10.1.0.1", "-t", "2", "-O", "1", "-C", "cubic", "-J")
	var result struct {
		End struct {
			Received struct {
				Rate float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		p.Fatal(err)
	}
	return result.End.Received.Rate / 1e9
}

func culvertPair(t *testing.T, esp string) *pair {
	p := newPair(t)
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
	ours := p.moon.Culvert(conf("10.99.0.1", "10.99.0.2", "10.1.0.0/24", "10.2.0.0/24"))
	p.sun.Culvert(conf("10.99.0.2", "10.99.0.1", "10.2.0.0/24", "10.1.0.0/24"))
	ours.Must("up", "site/net")
	return p
}

func charonPair(t *testing.T, esp string) *pair {
	p := newPair(t)
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
	sun.Load(conf("10.99.0.2", "10.99.0.1", "10.2.0.0/24", "10.1.0.0/24"))
	moon.Load(conf("10.99.0.1", "10.99.0.2", "10.1.0.0/24", "10.2.0.0/24"))
	moon.Swanctl("--initiate", "--child", "net")
	return p
}

// One TCP stream through the tunnel, beside charon's libipsec. At least four times its throughput is expected.
func TestBenchThroughput(t *testing.T) {
	needBench(t)
	results := newTable("one TCP stream", "culvert Gbit/s", "charon Gbit/s", "ratio")
	for _, esp := range []string{"aes128gcm16", "aes256gcm16", "chacha20poly1305", "aes128-sha256"} {
		ours, theirs := culvertPair(t, esp), charonPair(t, esp)
		ours.listen()
		theirs.listen()
		var a, b []float64
		for range rounds {
			a, b = append(a, ours.stream()), append(b, theirs.stream())
		}
		ratio := median(a) / median(b)
		results.row(esp, fmt.Sprintf("%.2f", median(a)), fmt.Sprintf("%.2f", median(b)), fmt.Sprintf("%.1f", ratio))
		if esp == "aes128gcm16" && ratio < 4 {
			t.Errorf("only %.1f times charon-libipsec", ratio)
		}
	}
	results.show(t)
}
