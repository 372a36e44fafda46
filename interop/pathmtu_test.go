package interop_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"culvert/interop/lab"
)

// narrowScene puts a router between moon and sun whose second link carries 1400 octets, and which says nothing about that:
//
//	moon 192.168.7.2 ---- 192.168.7.1 router 10.99.0.1 --1400-- 10.99.0.2 sun
//	         fd07::2      fd07::1               fd99::1          fd99::2
func narrowScene(t *testing.T) *scene {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: l.Host("moon"), sun: l.Host("sun")}
	router := l.Host("router")
	l.Link(s.moon, router, []string{"192.168.7.2/24", "fd07::2/64"}, []string{"192.168.7.1/24", "fd07::1/64"})
	l.Link(router, s.sun, []string{"10.99.0.1/24", "fd99::1/64"}, []string{"10.99.0.2/24", "fd99::2/64"})
	router.Must("ip", "link", "set", "sun", "mtu", "1400")
	s.sun.Must("ip", "link", "set", "router", "mtu", "1400")
	router.Must("nft", "add table inet silent")
	router.Must("nft", "add chain inet silent out { type filter hook output priority 0 ; }")
	router.Must("nft", "add rule inet silent out icmp type destination-unreachable drop")
	router.Must("nft", "add rule inet silent out icmpv6 type packet-too-big drop")
	s.moon.Address("10.1.0.1/24")
	s.sun.Address("10.2.0.1/24")
	s.moon.Must("ip", "route", "add", "default", "via", "192.168.7.1")
	s.sun.Must("ip", "route", "add", "default", "via", "10.99.0.1")
	s.moon.Must("ip", "-6", "route", "add", "default", "via", "fd07::1")
	s.sun.Must("ip", "-6", "route", "add", "default", "via", "fd99::1")
	return s
}

// A router drops what is too large for its link and does not say so. Requests of IKE that charon answers find the size that
// gets through (RFC 8899), and nobody has set an MTU anywhere.
func TestBlackHoleIsFoundWithoutICMP(t *testing.T) {
	s := narrowScene(t)
	ours, theirs := natConfs()
	ours += "daemon {\n  dataplane { backend = \"user\" }\n}\n"
	s.start(ours, theirs)
	s.up(culvert)
	s.awaitNarrow()
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1", "-M", "dont", "-s", "1400") {
		t.Error("a ping of 1400 octets does not come through")
	}
	if err := s.transfer("10.1.0.1", "10.2.0.1:7777", 2<<20); err != nil {
		t.Errorf("a transfer: %v", err)
	}
}

// Over IPv6 charon answers a request that it has never seen whole by what is left of it.
func TestBlackHoleIsFoundOverIPv6(t *testing.T) {
	s := narrowScene(t)
	ours, theirs := natConfs()
	outer := strings.NewReplacer(families(true, [][2]string{{"10.1.0.1", "10.2.0.1"}})...)
	s.start(outer.Replace(ours)+"daemon {\n  dataplane { backend = \"user\" }\n}\n", outer.Replace(theirs))
	s.up(culvert)
	s.awaitNarrow()
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1", "-M", "dont", "-s", "1400") {
		t.Error("a ping of 1400 octets does not come through")
	}
}

// awaitNarrow waits until the path is known to carry what it does, but for the block of the cipher of IKE by which the lengths of probes grow.
func (s *scene) awaitNarrow() {
	s.Helper()
	const block = 16
	s.Await("the path's MTU to be found", func() bool { n := s.pathMTU(); return n > 1400-block && n <= 1400 })
}

// pathMTU is what moon believes about the path to sun, 0 before it was probed.
func (s *scene) pathMTU() int {
	for _, sa := range s.ours.Status().SAs {
		for _, c := range sa.Children {
			if c.MTU != nil && c.MTU.Source == "probe" {
				return c.MTU.Path
			}
		}
	}
	return 0
}

// transfer sends octets over TCP from moon to sun, and hears that they have arrived.
func (s *scene) transfer(from, to string, octets int) error {
	l := s.sun.ListenTCP(netip.MustParseAddrPort(to))
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		n, _ := io.CopyN(io.Discard, c, int64(octets))
		fmt.Fprintf(c, "%d", n)
	}()
	return s.moon.Inside(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
		c, err := d.DialContext(ctx, "tcp", to)
		if err != nil {
			return err
		}
		defer c.Close()
		deadline, _ := ctx.Deadline()
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
		if _, err := c.Write(make([]byte, octets)); err != nil {
			return err
		}
		answer, err := io.ReadAll(c)
		if err == nil && string(answer) != fmt.Sprint(octets) {
			err = fmt.Errorf("%s of %d octets arrived", answer, octets)
		}
		return err
	})
}
