package soak_test

import (
	"testing"
	"time"
)

// patience is how long something may take that happens at once.
const patience = time.Minute

// between is how many datagrams pass between two things that happen.
const between = 10_000

const inUDP = "force_encapsulation = true"

// carriers are what ESP is tried in.
var carriers = []struct {
	name string
	plan plan
}{
	{"ESP in UDP over IPv4", plan{outer: overIPv4, connection: inUDP}},
	{"ESP over IPv6", plan{outer: overIPv6}},
}

// rekeys has both sides command something in turn under load, and expects every packet.
func rekeys(t *testing.T, p plan, times int, command, target string) {
	s := newScene(t)
	s.start(p)
	s.load()
	for range times / 2 {
		for _, by := range []side{s.moon, s.sun} {
			s.after(between)
			by.Culvert.Must(command, target)
		}
	}
	s.after(between)
	s.wholeLoad()
	s.Await("one IKE SA with one child", func() bool {
		sas := s.moon.Status().SAs
		return len(sas) == 1 && len(sas[0].Children) == 1
	})
	s.leavesNothing()
}

// New keys for a child lose nothing, whichever side asks for them (RFC 7296, Section 2.8).
func TestChildRekeyUnderLoad(t *testing.T) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) { rekeys(t, c.plan, 10, "rekey", "site/net") })
	}
}

// Both sides at once: one of the two SAs stays, and nothing is lost (RFC 7296, Section 2.8.1).
func TestSimultaneousChildRekeyUnderLoad(t *testing.T) {
	s := newScene(t)
	s.start(carriers[0].plan)
	s.load()
	for range 3 {
		s.after(between)
		other := make(chan struct{})
		go func() {
			_, _ = s.sun.Culvert.Try("rekey", "site/net") // may lose to the other side
			close(other)
		}()
		_, _ = s.moon.Culvert.Try("rekey", "site/net")
		<-other
	}
	s.after(between)
	s.wholeLoad()
}

// New keys for the IKE SA do not touch its children (RFC 7296, Section 2.18).
func TestIKERekeyUnderLoad(t *testing.T) { rekeys(t, carriers[0].plan, 10, "rekey", "site") }

// Both sides authenticate anew: the new children are there before the old ones go (RFC 7296, Section 2.8.3).
func TestReauthenticationUnderLoad(t *testing.T) { rekeys(t, carriers[0].plan, 4, "reauth", "site") }
