package soak_test

import (
	"testing"
	"time"
)

// A daemon that is gone takes its keys with it: what the peer sends until the connection was made again is lost. It is
// counted here, and that nothing of it leaves in clear text: what a daemon that was killed has left in the host holds it back
// until the policies of its successor do; one that was stopped takes its policies with it.
func TestDaemonRestartUnderLoad(t *testing.T) {
	p := plan{outer: overIPv4, connection: inUDP, child: `start = "start"`}
	for _, end := range []struct {
		name  string
		stop  func(*side)
		guard func(*scene)
	}{
		{"killed", func(d *side) { d.Culvert.Kill() }, func(*scene) {}},
		{"stopped", func(d *side) { d.Culvert.Stop() }, (*scene).guard},
	} {
		t.Run(end.name, func(t *testing.T) {
			s := newScene(t)
			end.guard(s)
			s.start(p)
			s.load()
			s.after(between)
			began := time.Now()
			end.stop(&s.moon)
			s.moon.Culvert = s.moon.Host.Culvert(p.conf(s.Lab, true))
			s.after(between)
			t.Logf("%v from the end of the daemon until %d datagrams had passed again", time.Since(began).Round(time.Millisecond), between)
			for _, r := range s.unload() {
				if r.duplicated+r.damaged > 0 {
					t.Errorf("not once and undamaged: %v", r)
				}
			}
			s.load()
			s.after(between)
			s.wholeLoad()
			s.leavesNothing()
		})
	}
}

// guard has moon know no way to the networks of sun but the tunnel, as a gateway should whose daemon may be stopped.
func (s *scene) guard() {
	s.Helper()
	s.moon.Host.Must("ip", "route", "replace", "unreachable", "10.2.0.0/16")
	s.moon.Host.Must("ip", "-6", "route", "replace", "unreachable", "fd02::/64")
}

// What the other tests rely on: without a tunnel, packets come through and are counted.
func TestClearTextIsCounted(t *testing.T) {
	s := newScene(t)
	if !s.moon.Reaches("10.1.0.1", "10.2.0.1") || s.counted(s.moon.Host, "inet", "watch") == 0 || s.counted(s.sun.Host, "inet", "watch") == 0 {
		t.Error("clear text does not come through, or is not counted")
	}
}
