package interop_test

import (
	"strings"
	"testing"

	"culvert/interop/lab"
)

// natScene puts a NAT router between moon and sun:
//
//	moon 192.168.7.2 ---- 192.168.7.1 router 10.99.0.1 ---- 10.99.0.2 sun
func natScene(t *testing.T) (*scene, *lab.Host) {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: l.Host("moon"), sun: l.Host("sun")}
	router := l.Host("router")
	l.Link(s.moon, router, []string{"192.168.7.2/24"}, []string{"192.168.7.1/24"})
	l.Link(router, s.sun, []string{"10.99.0.1/24"}, []string{"10.99.0.2/24"})
	s.moon.Address("10.1.0.1/24")
	s.sun.Address("10.2.0.1/24")
	s.moon.Must("ip", "route", "add", "default", "via", "192.168.7.1")
	router.Must("nft", "add table ip nat")
	router.Must("nft", "add chain ip nat postrouting { type nat hook postrouting priority 100 ; }")
	router.Must("nft", "add rule ip nat postrouting oifname sun masquerade")
	return s, router
}

func natConfs() (ours, theirs string) {
	ours = strings.Replace(pskConf("", ""), `address = "10.99.0.1"`, "", 1)
	return ours, strings.Replace(pskSwan("", ""), "remote_addrs = 10.99.0.1", "remote_addrs = %any", 1)
}

// Behind a NAT we initiate, ESP goes in UDP on port 4500 (RFC 7296, Section 2.23).
func TestNAT(t *testing.T) {
	s, router := natScene(t)
	ours, theirs := natConfs()
	s.start(ours, theirs)
	capture := router.Capture("sun")
	s.up(culvert)
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	s.logged("remote host is behind NAT")
	s.onlyEncrypted(capture.Stop())
	s.down(culvert)
	s.leavesNothing()
}

// The NAT forgets us and gives us another port: charon follows, and so do we when charon is behind the NAT.
func TestNATRebinding(t *testing.T) {
	s, router := natScene(t)
	ours, theirs := natConfs()
	s.start(ours, theirs)
	s.up(culvert)
	router.Must("nft", "flush chain ip nat postrouting")
	router.Must("nft", "add rule ip nat postrouting oifname sun ip protocol udp masquerade to :20000-20100")
	router.Must("sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=1", "net.netfilter.nf_conntrack_udp_timeout_stream=1")
	s.Await("the tunnel to carry again", func() bool { return s.moon.Ping("10.1.0.1", "10.2.0.1") })
}
