package kernel_test

import (
	"fmt"
	"strings"
	"testing"

	"culvert/api"
)

// plainLink has one child, with more options on our side.
func plainLink(ours string) link {
	return link{children: []child{{name: "net", inner: plainPair, ours: ours}}}
}

// child returns the only child of the only IKE SA, if there is one.
func (s *scene) child() (c api.Child, ok bool) {
	s.Helper()
	sas := s.ours.Status().SAs
	if len(sas) != 1 || len(sas[0].Children) != 1 {
		return c, false
	}
	return sas[0].Children[0], true
}

// The kernel reports that an SA has carried so many packets (XFRM_MSG_EXPIRE), and the child gets new keys before its end.
func TestKernelReportsThatAnSAIsUsedUp(t *testing.T) {
	s := newScene(t, kernel)
	s.use(plainLink("rekey_packets = 60\n    life_packets = 5000\n    rand_packets = 0"))
	s.ours.Must("up", "site/net")
	first, _ := s.child()
	s.stream("10.1.0.1", "10.2.0.1", func() {
		s.Await("the child to be rekeyed", func() bool {
			now, ok := s.child()
			return ok && now.InSPI != first.InSPI
		})
	})
}

// The first packet that wants protection brings the child up (XFRM_MSG_ACQUIRE).
func TestKernelAsksForAChild(t *testing.T) {
	s := newScene(t, kernel)
	s.moon.Must("ip", "route", "add", "default", "via", "10.99.0.2") // policies are for packets that have a route
	s.use(plainLink(`start = "trap"`))
	s.Await("an echo", func() bool { return s.reaches("10.1.0.1", "10.2.0.1") })
	if _, ok := s.child(); !ok {
		t.Error("no child")
	}
}

// A daemon that was killed leaves its states and policies behind. The next one removes them, and nobody else's.
func TestRestartRemovesItsOwn(t *testing.T) {
	s := newHosts(t, kernel)
	s.theirs = s.sun.KernelCharon("")
	ours, theirs := plainLink("").confs(kernel)
	s.theirs.Load(theirs)
	s.ours = s.moon.Culvert(ours)
	s.moon.Must("ip", "xfrm", "state", "add", "src", "10.99.0.1", "dst", "10.99.0.9", "proto", "esp", "spi", "0x999", "mode", "tunnel", "reqid", "7",
		"aead", "rfc4106(gcm(aes))", "0x"+strings.Repeat("17", 20), "128")
	s.moon.Must("ip", "xfrm", "policy", "add", "src", "10.1.0.0/24", "dst", "10.9.0.0/24", "dir", "out",
		"tmpl", "src", "10.99.0.1", "dst", "10.99.0.9", "proto", "esp", "reqid", "7", "mode", "tunnel")
	s.ours.Must("up", "site/net")
	old, ok := s.child()
	if !ok {
		t.Fatal("no child")
	}
	s.ours.Kill()
	if states := s.states(); !strings.Contains(states, spi(old.OutSPI)) {
		t.Fatalf("the killed daemon has left nothing behind:\n%s", states)
	}
	s.ours = s.moon.Culvert(ours)
	states := s.states()
	if strings.Contains(states, spi(old.OutSPI)) {
		t.Errorf("the states of the killed daemon are still there:\n%s", states)
	}
	if !strings.Contains(states, "spi 0x00000999") || !strings.Contains(states, "dst 10.9.0.0/24") {
		t.Errorf("what others made is gone:\n%s", states)
	}
	s.ours.Must("up", "site/net")
	s.echo("10.1.0.1", "10.2.0.1", 0)
	s.ours.Stop()
	if left := s.states(); strings.Count(left, "proto esp spi") != 1 || strings.Contains(left, "10.2.0.1") {
		t.Errorf("left behind:\n%s", left)
	}
}

// states lists moon's states and policies.
func (s *scene) states() string {
	s.Helper()
	return s.moon.Must("ip", "xfrm", "state") + s.moon.Must("ip", "xfrm", "policy")
}

func spi(s string) string { return fmt.Sprintf("spi 0x%s", strings.TrimPrefix(s, "0x")) }
