// Package soak_test holds two Culverts under load while SAs are rekeyed, addresses move, configurations are read anew and
// daemons restart, and counts every packet.
//
//	10.1.0.1 moon 10.99.0.1 ---- 10.99.0.2 sun 10.2.0.1
//	fd01::1       fd99::1        fd99::2       fd02::1
//
// Both hosts have plain routes to the other's network: what is not protected would arrive in clear text, and is counted.
package soak_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// A scene is two hosts with a daemon each.
type scene struct {
	*lab.Lab
	moon, sun side
	streams   []*stream
	pipes     []*pipe
}

// A side is a host with a daemon.
type side struct {
	*lab.Host
	*lab.Culvert
	before string // what the kernel held before the daemon came
}

// An outer network is what lies between the hosts: their addresses, and moon's as sun sees it.
type outer struct{ moon, sun, seen string }

var (
	overIPv4 = outer{"10.99.0.1", "10.99.0.2", "10.99.0.1"}
	overIPv6 = outer{"fd99::1", "fd99::2", "fd99::1"}
)

// newScene joins the hosts.
func newScene(t *testing.T) *scene {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: side{Host: l.Host("moon")}, sun: side{Host: l.Host("sun")}}
	l.Link(s.moon.Host, s.sun.Host, []string{"10.99.0.1/24", "fd99::1/64"}, []string{"10.99.0.2/24", "fd99::2/64"})
	s.inside()
	for _, r := range [][]string{
		{"-4", "moon", "10.2.0.0/16", "10.99.0.2"}, {"-6", "moon", "fd02::/64", "fd99::2"},
		{"-4", "sun", "10.1.0.0/16", "10.99.0.1"}, {"-6", "sun", "fd01::/64", "fd99::1"},
	} {
		from, dev := s.moon, "sun"
		if r[1] == "sun" {
			from, dev = s.sun, "moon"
		}
		from.Host.Must("ip", r[0], "route", "add", r[2], "via", r[3], "dev", dev)
	}
	return s
}

// inside puts the inner addresses on the hosts, and counts what arrives from the link in clear text.
func (s *scene) inside() {
	s.Helper()
	s.moon.Address("10.1.0.1/16", "fd01::1/64")
	s.sun.Address("10.2.0.1/16", "fd02::1/64")
	for _, h := range []*lab.Host{s.moon.Host, s.sun.Host} {
		for _, rule := range []string{
			"add table inet watch", "add chain inet watch arrives { type filter hook prerouting priority -400 ; }",
			"add rule inet watch arrives iifname { moon, sun, router } ip saddr { 10.1.0.0/16, 10.2.0.0/16 } counter",
			"add rule inet watch arrives iifname { moon, sun, router } ip6 saddr { fd01::/64, fd02::/64 } counter",
		} {
			h.Must("nft", rule)
		}
	}
}

var counted = regexp.MustCompile(`counter packets (\d+)`)

// counted adds up the counters of a table of a host.
func (s *scene) counted(h *lab.Host, family, table string) (n uint64) {
	s.Helper()
	for _, m := range counted.FindAllStringSubmatch(h.Must("nft", "list", "table", family, table), -1) {
		packets, err := strconv.ParseUint(m[1], 10, 64)
		if err != nil {
			s.Fatal(err)
		}
		n += packets
	}
	return n
}

// noClearText counts what arrived unprotected.
func (s *scene) noClearText() {
	s.Helper()
	if n := s.counted(s.moon.Host, "inet", "watch") + s.counted(s.sun.Host, "inet", "watch"); n > 0 {
		s.Errorf("%d packets arrived in clear text", n)
	}
}

// A plan is how both sides are configured: what stands in daemon, connection and child, and after them.
type plan struct {
	outer                           outer
	daemon, connection, child, more string
}

// conf writes the configuration of moon or sun.
func (p plan) conf(l *lab.Lab, moon bool) string {
	local, remote, net, peer, name := p.outer.moon, p.outer.sun, 1, 2, "moon"
	if !moon {
		local, remote, net, peer, name = p.outer.sun, p.outer.seen, peer, net, "sun"
	}
	return fmt.Sprintf(`
daemon {
  state_dir = %q
  %s
}
connection "site" {
  local {
    address = %q
    id = "%d.site"
  }
  remote {
    address = %q
    id = "%d.site"
  }
  %s
  child "net" {
    local  = ["10.%d.0.0/24", "fd0%d::/64"]
    remote = ["10.%d.0.0/24", "fd0%d::/64"]
    %s
  }
}
secret "site" {
  psk = "tested-and-long-enough"
}
%s`, filepath.Join(l.Dir, name+"-state"), p.daemon, local, net, remote, peer, p.connection, net, net, peer, peer, p.child, p.more)
}

// start brings both daemons up, and the child "net" by moon.
func (s *scene) start(p plan) {
	s.Helper()
	s.sun.start(p.conf(s.Lab, false))
	s.moon.start(p.conf(s.Lab, true))
	s.moon.Culvert.Must("up", "site/net")
}

// start brings a daemon up.
func (s *side) start(conf string) {
	s.before = s.kernelState()
	s.Culvert = s.Host.Culvert(conf)
}

// kernelState lists what a data plane may leave behind.
func (s *side) kernelState() string {
	var b strings.Builder
	for _, args := range []string{
		"ip -o link", "ip -4 rule", "ip -6 rule", "ip -4 -o addr", "ip -6 -o addr",
		"ip -4 route show table all", "ip -6 route show table all", "nft list tables", "ip xfrm state", "ip xfrm policy",
	} {
		b.WriteString(s.Host.Must(strings.Fields(args)...))
	}
	return b.String()
}

// leavesNothing stops the daemons and compares what the kernels hold with what they held before.
func (s *scene) leavesNothing() {
	s.Helper()
	for _, d := range []*side{&s.moon, &s.sun} {
		d.Culvert.Stop()
		if after := d.kernelState(); after != d.before {
			s.Errorf("left behind on %s:\n%s\nbefore:\n%s", d.Host.Name, after, d.before)
		}
	}
}

// load starts a stream in each direction, of datagrams that fill a packet.
func (s *scene) load() {
	s.Helper()
	moon, sun := netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.2.0.1")
	s.stream(flow{name: "moon to sun", from: s.moon.Host, to: s.sun.Host, src: moon, dst: sun, size: 1200, window: 128})
	s.stream(flow{name: "sun to moon", from: s.sun.Host, to: s.moon.Host, src: sun, dst: moon, size: 1200, window: 128})
}

func (s *scene) stream(f flow) {
	s.Helper()
	s.streams = append(s.streams, startStream(s.TB, f, len(s.streams)))
}

// after waits until each stream has carried some more datagrams.
func (s *scene) after(datagrams uint64) {
	s.Helper()
	for _, one := range s.streams {
		if !one.await(datagrams, patience) {
			s.Fatalf("%s stands still", one.name)
		}
	}
}

// unload ends the streams and says what became of them, in the order in which they were started.
func (s *scene) unload() []result {
	s.Helper()
	for _, one := range s.streams {
		one.halt()
	}
	results := make([]result, len(s.streams))
	for i, one := range s.streams {
		results[i] = one.finish()
		s.Log(results[i])
	}
	s.streams = nil
	return results
}

// wholeLoad is unload for a case in which nothing may be lost.
func (s *scene) wholeLoad() {
	s.Helper()
	for _, p := range s.pipes {
		if err := p.finish(); err != nil {
			s.Error(err)
		}
		s.Logf("%-14s %d octets, in order", p.name, p.octets.Load())
	}
	s.pipes = nil
	for _, r := range s.unload() {
		if !r.whole() || r.refused > 0 {
			s.Errorf("not everything came, once and undamaged: %v", r)
		}
	}
	s.noClearText()
}
