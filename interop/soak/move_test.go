package soak_test

import (
	"fmt"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// newNATScene puts a NAT router between the hosts:
//
//	moon 192.168.7.2 ---- 192.168.7.1 router 10.99.0.1, 10.99.0.3 ---- 10.99.0.2 sun
func newNATScene(t *testing.T) (*scene, *lab.Host) {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: side{Host: l.Host("moon")}, sun: side{Host: l.Host("sun")}}
	router := l.Host("router")
	l.Link(s.moon.Host, router, []string{"192.168.7.2/24"}, []string{"192.168.7.1/24"})
	l.Link(router, s.sun.Host, []string{"10.99.0.1/24", "10.99.0.3/24"}, []string{"10.99.0.2/24"})
	s.inside()
	s.moon.Host.Must("ip", "route", "add", "default", "via", "192.168.7.1")
	// The router counts packets, not what the host of sun hands over at once.
	s.sun.Host.Must("ip", "link", "set", "dev", "router", "gso_max_segs", "1")
	return s, router
}

// A mapping is how moon's port 4500 looks outside of the router.
type mapping struct {
	address string
	port    int
}

// remap has the router translate without memory. What comes for another mapping is dropped, and counted from then on.
func remap(router *lab.Host, m mapping) {
	router.Must("nft", "-f", router.Write("nat.nft", fmt.Sprintf(`
add table ip nat
flush table ip nat
add chain ip nat out { type filter hook postrouting priority 100 ; }
add chain ip nat in { type filter hook prerouting priority -300 ; }
add chain ip nat lost { type filter hook prerouting priority -299 ; }
add rule ip nat out ip saddr 192.168.7.2 udp sport 4500 udp sport set %[2]d ip saddr set %[1]s
add rule ip nat out ip saddr 192.168.7.2 udp sport 500 ip saddr set %[1]s
add rule ip nat in ip daddr %[1]s udp dport %[2]d udp dport set 4500 ip daddr set 192.168.7.2 accept
add rule ip nat in ip daddr %[1]s udp dport 500 ip daddr set 192.168.7.2 accept
add rule ip nat lost ip daddr { 10.99.0.1, 10.99.0.3 } counter drop
`, m.address, m.port)))
}

// The NAT gives moon another port, and then another address, while both sides send. Sun follows the first packet that comes
// from there (RFC 7296, Section 2.23); what it had sent to where moon was is the network's loss, which the router counts.
func TestAddressMoveUnderLoad(t *testing.T) {
	s, router := newNATScene(t)
	remap(router, mapping{"10.99.0.1", 20001})
	s.start(plan{outer: outer{"192.168.7.2", "10.99.0.2", "%any"}})
	s.load()
	var missed uint64
	for _, m := range []mapping{{"10.99.0.1", 20002}, {"10.99.0.3", 20003}} {
		s.after(between)
		remap(router, m)
		s.after(between)
		s.Await("sun to know the address", func() bool {
			return strings.HasPrefix(s.sun.Status().SAs[0].Remote.Address, fmt.Sprintf("%s:%d", m.address, m.port))
		})
		missed += s.counted(router, "ip", "nat")
	}
	s.sun.Culvert.Must("rekey", "site/net")
	s.after(between)
	results := s.unload()
	s.Logf("the router dropped %d packets to where moon was", missed)
	if out := results[0]; !out.whole() || out.refused > 0 {
		t.Errorf("what moon sends does not depend on where it seems to be: %v", out)
	}
	if in := results[1]; in.lost() > missed || in.duplicated+in.damaged+in.refused > 0 {
		t.Errorf("more is missing than the router dropped: %v", in)
	}
	s.noClearText()
	s.leavesNothing()
}
