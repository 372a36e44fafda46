package bench_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"culvert/interop/lab"
)

// A contestant is one way to carry packets between two hosts.
type contestant struct {
	name string
	// up makes the way and returns the daemons whose processor time counts.
	up func(p *pair) (pids []int)
}

func culvert(esp string) contestant {
	return contestant{"culvert " + esp, func(p *pair) []int { return p.culvert(p.Binary(), esp) }}
}

// nullCulvert is built without encryption: what is left is the way of the packets.
func nullCulvert() contestant {
	return contestant{"culvert, null cipher", func(p *pair) []int { return p.culvert(p.build(nullBinary), "aes128gcm16") }}
}

func charon(esp string) contestant {
	return contestant{"charon-libipsec", func(p *pair) []int { return p.charon(esp) }}
}

func wireguard() contestant {
	return contestant{"wireguard-go", func(p *pair) []int { return p.wireguard(p.build(upstreamBinary)) }}
}

func tailscale() contestant {
	return contestant{"wireguard-go, Tailscale", func(p *pair) []int { return p.wireguard(p.build(tailscaleBinary)) }}
}

// raw has no tunnel: the hosts know each other's networks.
func raw() contestant {
	return contestant{"raw veth", func(p *pair) []int {
		p.moon.Must("ip", "route", "add", "10.2.0.0/24", "via", sunAddr, "src", "10.1.0.1")
		p.sun.Must("ip", "route", "add", "10.1.0.0/24", "via", moonAddr, "src", "10.2.0.1")
		return nil
	}}
}

// A binary is a program that is built once for all scenes.
type program struct{ name, dir, pkg, tags string }

var (
	nullBinary      = program{"culvert-null", "../..", "./cmd/culvert", "nullcipher"}
	upstreamBinary  = program{"wireguard-go", "../../tools", "golang.zx2c4.com/wireguard", ""}
	tailscaleBinary = program{"wireguard-tailscale", "../../tools", "github.com/tailscale/wireguard-go", ""}
)

// built remembers what was built.
var built sync.Map

func (p *pair) build(what program) string {
	p.Helper()
	once, _ := built.LoadOrStore(what, sync.OnceValue(func() string {
		bin, err := filepath.Abs(filepath.Join("../../bin", what.name))
		if err != nil {
			p.Fatal(err)
		}
		lab.Build(p, "-C", what.dir, "-tags", what.tags, "-o", bin, what.pkg)
		return bin
	}))
	return once.(func() string)()
}

// A scene has all contestants up, each between two hosts of its own, and runs them in turn.
type scene struct {
	*testing.T
	pairs map[string]*pair
	names []string
}

func newScene(t *testing.T, mode linkMode, list ...contestant) *scene {
	t.Helper()
	s := &scene{T: t, pairs: map[string]*pair{}}
	for _, c := range list {
		p := newPair(t)
		p.offload(mode)
		p.pids = c.up(p)
		p.listen()
		p.Await("packets through "+c.name, func() bool { return p.moon.Ping("10.1.0.1", "10.2.0.1") })
		s.pairs[c.name], s.names = p, append(s.names, c.name)
	}
	return s
}

// measure takes a figure of every contestant, in interleaved rounds on a machine that has nothing else to do, and returns the
// medians.
func (s *scene) measure(figure func(p *pair) float64) map[string]float64 {
	s.Helper()
	samples := map[string][]float64{}
	for range rounds {
		for _, name := range s.names {
			calm(s)
			samples[name] = append(samples[name], figure(s.pairs[name]))
		}
	}
	medians := map[string]float64{}
	for name, list := range samples {
		medians[name] = median(list)
	}
	return medians
}

// compare measures and notes a row: the figures, then what the first contestant has over the others.
func (s *scene) compare(t *table, what, unit string, figure func(p *pair) float64) map[string]float64 {
	s.Helper()
	m := s.measure(figure)
	cells := []string{what, unit}
	for _, name := range s.names {
		cells = append(cells, fmt.Sprintf("%.3g", m[name]))
	}
	for _, name := range s.names[1:] {
		cells = append(cells, fmt.Sprintf("%.2f", m[s.names[0]]/m[name]))
	}
	t.row(cells...)
	return m
}

// head is the head of a table of comparisons.
func (s *scene) head() []string {
	head := append([]string{"", ""}, s.names...)
	for _, name := range s.names[1:] {
		head = append(head, "/ "+name)
	}
	return head
}
