package kernel_test

import (
	"fmt"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// natScene puts a router between moon and sun that translates addresses:
//
//	moon 192.168.7.2 ---- 192.168.7.1 router 10.99.0.1 ---- 10.99.0.2 sun
func natScene(t *testing.T, backend string) (*scene, *lab.Host) {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: l.Host("moon"), sun: l.Host("sun"), backend: backend}
	router := l.Host("router")
	l.Link(s.moon, router, []string{"192.168.7.2/24"}, []string{"192.168.7.1/24"})
	l.Link(router, s.sun, []string{"10.99.0.1/24"}, []string{"10.99.0.2/24"})
	s.moon.Address("10.1.0.1/24")
	s.sun.Address("10.2.0.1/24")
	s.moon.Must("ip", "route", "add", "default", "via", "192.168.7.1")
	s.sun.Must("ip", "route", "add", "10.1.0.0/24", "via", "10.99.0.1", "dev", "router")
	s.start()
	return s, router
}

// translate has the router map moon's port 4500 to the given one, without memory. It would make a checksum of the none that the
// kernel's ESP in UDP has.
func translate(router *lab.Host, port int) {
	router.Must("nft", "-f", router.Write("rules", fmt.Sprintf(`
flush ruleset
table ip nat {
	chain out {
		type filter hook postrouting priority 100
		ip saddr 192.168.7.2 udp sport 4500 udp sport set %d ip saddr set 10.99.0.1 udp checksum set 0
		ip saddr 192.168.7.2 udp sport 500 ip saddr set 10.99.0.1
	}
	chain in {
		type filter hook prerouting priority -300
		ip daddr 10.99.0.1 udp dport %d udp dport set 4500 ip daddr set 192.168.7.2 udp checksum set 0
		ip daddr 10.99.0.1 udp dport 500 ip daddr set 192.168.7.2
	}
}
`, port, port)))
}

// Behind a NAT ESP goes in UDP (RFC 3948). The NAT changes its mind: the kernel tells charon of our new port (XFRM_MSG_MAPPING),
// which moves its states there, and the tunnel goes on.
func TestNATMovesOurPort(t *testing.T) {
	for _, backend := range []string{user, kernel} {
		t.Run(backend, func(t *testing.T) {
			s, router := natScene(t, backend)
			s.moves(router)
		})
	}
}

func (s *scene) moves(router *lab.Host) {
	s.Helper()
	translate(router, 20001)
	k := link{children: []child{{name: "net", inner: plainPair}}}
	ours, theirs := k.confs(s.backend)
	s.ours.Reload(strings.Replace(ours, `address = "10.99.0.1"`, "", 1))
	s.theirs.Load(strings.Replace(theirs, "remote_addrs = 10.99.0.1", "remote_addrs = %any", 1))
	s.ours.Must("up", "site/net")
	s.echo("10.1.0.1", "10.2.0.1", 1300)
	translate(router, 20002)
	s.Await("the kernel to follow us to the new port", func() bool { return s.reaches("10.1.0.1", "10.2.0.1") })
	s.echo("10.1.0.1", "10.2.0.1", 1300)
	if states := s.sun.Must("ip", "xfrm", "state"); !strings.Contains(states, "20002") {
		s.Errorf("no state has the new port:\n%s", states)
	}
	s.down()
}
