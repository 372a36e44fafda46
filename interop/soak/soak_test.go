package soak_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// The soak is short and small among the other tests. SOAK, a duration, makes it that long and large; `make soak` sets it.
const (
	shortSoak     = 10 * time.Second
	shortChildren = 200
	children      = 1000
)

// soakSize returns for how long there is traffic, and through how many children, each to a host of its own at sun.
func soakSize(t *testing.T) (span time.Duration, count int) {
	t.Helper()
	text := os.Getenv("SOAK")
	if text == "" {
		return shortSoak, shortChildren
	}
	span, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return span, children
}

// busyRekey is how often the child that carries most gets new keys; the others do twice in a minute and a half.
const (
	busyRekey  = 2 * time.Second
	quietRekey = time.Minute
)

func childHost(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 2, byte(10 + n/250), byte(1 + n%250)})
}

// soakPlan has keys change quickly, and life go on long enough after that for a busy machine.
func soakPlan() plan {
	return plan{
		outer: overIPv4,
		connection: inUDP + `
  max_children = 2000
  rekey_time   = "30s"
  over_time    = "10m"
  rand_time    = "5s"`,
		child: fmt.Sprintf(`
    start = "start"
    esp_proposals = ["aes128gcm16"]
    rekey_time = %q
    life_time  = "10m"
    rand_time  = "500ms"`, busyRekey),
	}
}

// soakConf adds the children to a plan: those of moon start with the daemon.
func soakConf(s *scene, p plan, count int, moon bool) string {
	var b strings.Builder
	for n := range count {
		local, remote, start := "10.1.0.0/24", childHost(n).String(), "start"
		if !moon {
			local, remote, start = remote, local, "none"
		}
		fmt.Fprintf(&b, `
  child "c%d" {
    local  = [%q]
    remote = [%q]
    start  = %q
    esp_proposals = ["aes128gcm16"]
    rekey_time = %q
    life_time  = "10m"
    rand_time  = %q
  }`, n, local, remote, start, quietRekey, quietRekey/2)
	}
	if !moon {
		p.child = strings.Replace(p.child, `start = "start"`, "", 1)
	}
	p.connection += b.String()
	return p.conf(s.Lab, moon)
}

// Mixed traffic through a thousand children while keys change all the time: nothing is lost, nothing grows, nothing is left
// behind.
func TestSoak(t *testing.T) {
	span, count := soakSize(t)
	s := newScene(t)
	p := soakPlan()
	began := time.Now()
	s.sun.start(soakConf(s, p, count, false))
	s.moon.start(soakConf(s, p, count, true))
	s.awaitChildren(count + 1)
	t.Logf("%d children after %v", count+1, time.Since(began).Round(time.Millisecond))
	s.mix(count)
	moon, sun := s.watch(span)
	s.wholeLoad()
	s.stayedFlat("moon", moon)
	s.stayedFlat("sun", sun)
	for _, d := range []*side{&s.moon, &s.sun} {
		s.Logf("%s: %v", d.Host.Name, d.Status().Counters)
	}
	s.moon.Culvert.Must("down", "site")
	s.awaitChildren(0)
	s.leavesNothing()
}

// awaitChildren waits until there are as many on both sides. The list of so many is long: it is not asked for often.
func (s *scene) awaitChildren(want int) {
	s.Helper()
	for range 60 {
		if s.moon.children() == want && s.sun.children() == want {
			return
		}
		time.Sleep(time.Second)
	}
	s.Fatalf("%d and %d children are up, want %d", s.moon.children(), s.sun.children(), want)
}

// children counts those that are up; the ones that they replaced may be there as well.
func (d *side) children() int {
	names := map[string]bool{}
	for _, sa := range d.Status().SAs {
		for _, c := range sa.Children {
			names[c.Name] = true
		}
	}
	return len(names)
}

// mix starts traffic of all kinds: large and small datagrams, TCP, IPv4 and IPv6, in both directions, and datagrams that go
// to the hosts of all children in turn.
func (s *scene) mix(count int) {
	s.Helper()
	moon4, sun4 := netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.2.0.1")
	moon6, sun6 := netip.MustParseAddr("fd01::1"), netip.MustParseAddr("fd02::1")
	s.load()
	s.stream(flow{name: "small", from: s.moon.Host, to: s.sun.Host, src: moon4, dst: sun4, size: 64, window: 64})
	s.stream(flow{name: "IPv6", from: s.sun.Host, to: s.moon.Host, src: sun6, dst: moon6, size: 1200, window: 64})
	s.stream(flow{name: "small IPv6", from: s.moon.Host, to: s.sun.Host, src: moon6, dst: sun6, size: 64, window: 64})
	var hosts []netip.Addr
	for n := range count {
		hosts = append(hosts, childHost(n))
	}
	s.stream(flow{name: "all children", from: s.moon.Host, to: s.sun.Host, src: moon4, dst: netip.IPv4Unspecified(), round: hosts, size: 512, window: 64})
	for i, ends := range [][2]netip.Addr{{moon4, sun4}, {moon6, sun6}} {
		at := func(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, uint16(8000+i)) }
		s.pipes = append(s.pipes, startPipe(s.TB, fmt.Sprintf("TCP %d", i), s.moon.Host, s.sun.Host, at(ends[0]), at(ends[1])))
	}
}

// watch takes samples of both daemons for some time.
func (s *scene) watch(span time.Duration) (moon, sun []sample) {
	s.Helper()
	const samples = 60
	began := time.Now()
	for tick := time.NewTicker(span / samples); time.Since(began) < span; <-tick.C {
		moon, sun = append(moon, s.sample(&s.moon, began)), append(sun, s.sample(&s.sun, began))
	}
	return moon, sun
}
