package interop_test

import (
	"fmt"
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

// The NAT gives us another port while the tunnel is idle: charon follows our next authentic message and, as its ESP cannot
// move, asks for new children.
func TestNATRebinding(t *testing.T) {
	s, router := natScene(t)
	ours, theirs := natConfs()
	rebind(router, 20001)
	s.start(ours, theirs)
	s.up(culvert)
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	s.logged("10.99.0.1[20001]")
	rebind(router, 20002)
	s.ours.Must("rekey", "site")
	s.logged("10.99.0.1[20002]")
	s.Await("charon to renew the child for the new port", func() bool { return s.moon.Ping("10.1.0.1", "10.2.0.1") })
}

// rebind has the router translate without memory: moon's port 4500 is the given one outside from now on.
func rebind(router *lab.Host, port int) {
	for _, h := range []string{
		"flush ruleset",
		"add table ip nat",
		"add chain ip nat out { type filter hook postrouting priority 100 ; }",
		"add chain ip nat in { type filter hook prerouting priority -300 ; }",
		fmt.Sprintf("add rule ip nat out ip saddr 192.168.7.2 udp sport 4500 udp sport set %d ip saddr set 10.99.0.1", port),
		"add rule ip nat out ip saddr 192.168.7.2 udp sport 500 ip saddr set 10.99.0.1",
		fmt.Sprintf("add rule ip nat in ip daddr 10.99.0.1 udp dport %d udp dport set 4500 ip daddr set 192.168.7.2", port),
		"add rule ip nat in ip daddr 10.99.0.1 udp dport 500 ip daddr set 192.168.7.2",
	} {
		router.Must("nft", h)
	}
}
