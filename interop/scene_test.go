// Package interop_test holds Culvert against strongSwan's charon, real packets between network namespaces.
//
//	10.1.0.1/24 moon (Culvert) 10.99.0.1 ---- 10.99.0.2 sun (charon) 10.2.0.1/24
//	fd01::1/64                 fd99::1         fd99::2              fd02::1/64
//
// Both hosts have plain routes to the other's network, so that whatever is not protected would arrive in clear text.
package interop_test

import (
	"fmt"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// who names the side that starts an exchange.
type who string

const (
	culvert who = "culvert"
	charon  who = "charon"
)

// bothRoles runs a test with either side as initiator.
func bothRoles(t *testing.T, test func(t *testing.T, initiator who)) {
	for _, initiator := range []who{culvert, charon} {
		t.Run("initiated by "+string(initiator), func(t *testing.T) { test(t, initiator) })
	}
}

// A scene is moon and sun, joined, with daemons once started.
type scene struct {
	*lab.Lab
	moon, sun *lab.Host
	ours      *lab.Culvert
	theirs    *lab.Charon
	before    string // what the kernel of moon held before our daemon came
}

func newScene(t *testing.T) *scene {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: l.Host("moon"), sun: l.Host("sun")}
	l.Link(s.moon, s.sun, []string{"10.99.0.1/24", "fd99::1/64"}, []string{"10.99.0.2/24", "fd99::2/64"})
	s.moon.Address("10.1.0.1/24", "fd01::1/64")
	s.sun.Address("10.2.0.1/24", "fd02::1/64")
	plainRoutes(s.moon, "sun", "10.2.0.0/24", "10.99.0.2", "fd02::/64", "fd99::2")
	plainRoutes(s.sun, "moon", "10.1.0.0/24", "10.99.0.1", "fd01::/64", "fd99::1")
	return s
}

// plainRoutes lets clear text reach the other side.
func plainRoutes(h *lab.Host, dev, net4, via4, net6, via6 string) {
	h.Must("ip", "route", "add", net4, "via", via4, "dev", dev)
	h.Must("ip", "-6", "route", "add", net6, "via", via6, "dev", dev)
}

// start brings up both daemons with their configurations.
func (s *scene) start(ours, theirs string) {
	s.Helper()
	s.startCharon("", theirs)
	s.startCulvert(ours)
}

func (s *scene) startCharon(extra, conf string) {
	s.Helper()
	s.theirs = s.sun.Charon(extra)
	s.theirs.Load(conf)
}

func (s *scene) startCulvert(conf string) {
	s.Helper()
	s.before = s.kernelState()
	s.ours = s.moon.Culvert(conf)
}

// kernelState lists what a data plane may leave behind.
func (s *scene) kernelState() string {
	s.Helper()
	var b strings.Builder
	for _, args := range []string{
		"ip -o link", "ip -4 rule", "ip -6 rule", "ip -4 -o addr", "ip -6 -o addr",
		"ip -4 route show table all", "ip -6 route show table all", "nft list tables",
	} {
		b.WriteString(s.moon.Must(strings.Fields(args)...))
	}
	return b.String()
}

// lend has a subtest fail on behalf of the scene until the returned function is called.
func (s *scene) lend(t *testing.T) func() {
	owner := s.TB
	s.TB = t
	return func() { s.TB = owner }
}

// up initiates the child "net" of connection "site".
func (s *scene) up(initiator who) {
	s.Helper()
	if initiator == culvert {
		s.ours.Must("up", "site/net")
		return
	}
	s.theirs.Swanctl("--initiate", "--child", "net")
	s.Await("our side to have the child", func() bool { return s.children() == 1 })
}

// down closes the connection from the side that began it, and waits until both have forgotten it.
func (s *scene) down(initiator who) {
	s.Helper()
	if initiator == culvert {
		s.ours.Must("down", "site")
	} else {
		s.theirs.Swanctl("--terminate", "--ike", "site")
	}
	s.Await("charon to forget the IKE SA", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
	s.Await("us to forget the IKE SA", func() bool { return s.ikeSAs() == 0 })
}

// prove runs the whole life of a tunnel: blocked before, up, carries, nothing leaks, down leaves nothing behind.
func (s *scene) prove(initiator who, inner ...[2]string) {
	s.Helper()
	if len(inner) == 0 {
		inner = [][2]string{{"10.1.0.1", "10.2.0.1"}}
	}
	capture := s.moon.Capture("sun")
	s.blocked(inner)
	s.up(initiator)
	s.carries(inner)
	s.down(initiator)
	s.blocked(inner)
	s.onlyEncrypted(capture.Stop())
	s.leavesNothing()
}

func (s *scene) blocked(inner [][2]string) {
	s.Helper()
	for _, pair := range inner {
		if !s.moon.Blocked(pair[0], pair[1]) {
			s.Fatalf("clear text from %s reached %s without a tunnel", pair[0], pair[1])
		}
	}
}

func (s *scene) carries(inner [][2]string) {
	s.Helper()
	for _, pair := range inner {
		if !s.moon.Reaches(pair[0], pair[1]) {
			s.Fatalf("%s does not reach %s through the tunnel", pair[0], pair[1])
		}
		if !s.sun.Reaches(pair[1], pair[0]) {
			s.Fatalf("%s does not reach %s through the tunnel", pair[1], pair[0])
		}
	}
}

// onlyEncrypted looks for inner addresses on the wire.
func (s *scene) onlyEncrypted(capture string) {
	s.Helper()
	const inner = "ip.addr == 10.1.0.0/16 or ip.addr == 10.2.0.0/16 or ip.addr == 10.3.0.0/16 or ipv6.addr == fd01::/64 or ipv6.addr == fd02::/64 or ipv6.addr == fd03::/64"
	if leaked := s.Tshark(capture, "("+inner+") and not icmp.type == 3"); len(leaked) > 0 {
		s.Errorf("clear text on the wire:\n%s", strings.Join(leaked, "\n"))
	}
	if esp := s.Tshark(capture, "esp"); len(esp) == 0 {
		s.Error("no ESP on the wire")
	}
}

// leavesNothing stops our daemon and compares what the kernel holds with what it held before.
func (s *scene) leavesNothing() {
	s.Helper()
	s.ours.Stop()
	if after := s.kernelState(); after != s.before {
		s.Errorf("left behind:\n%s\nbefore:\n%s", after, s.before)
	}
}

func (s *scene) ikeSAs() int {
	s.Helper()
	return len(s.ours.Status().SAs)
}

func (s *scene) children() int {
	s.Helper()
	n := 0
	for _, sa := range s.ours.Status().SAs {
		n += len(sa.Children)
	}
	return n
}

// pskConf is our configuration with a pre-shared key; extra goes into the connection, child into the child.
func pskConf(extra, child string) string {
	return fmt.Sprintf(`
connection "site" {
  local  {
    address = "10.99.0.1"
    id = "moon.example.org"
  }
  remote {
    address = "10.99.0.2"
    id = "sun.example.org"
  }
  %s
  child "net" {
    local  = ["10.1.0.0/24"]
    remote = ["10.2.0.0/24"]
    %s
  }
}
secret "site" {
  ids = ["moon.example.org", "sun.example.org"]
  psk = "interoperable-and-long-enough"
}
`, extra, child)
}

// pskSwan is charon's side of pskConf.
func pskSwan(extra, child string) string {
	return fmt.Sprintf(`
connections {
  site {
    version = 2
    local_addrs = 10.99.0.2
    remote_addrs = 10.99.0.1
    %s
    local {
      auth = psk
      id = sun.example.org
    }
    remote {
      auth = psk
      id = moon.example.org
    }
    children {
      net {
        local_ts = 10.2.0.0/24
        remote_ts = 10.1.0.0/24
        %s
      }
    }
  }
}
secrets {
  ike-site {
    id-moon = moon.example.org
    id-sun = sun.example.org
    secret = "interoperable-and-long-enough"
  }
}
`, extra, child)
}

// logged expects a text in charon's log.
func (s *scene) logged(text string) {
	s.Helper()
	s.Await(fmt.Sprintf("charon's log to say %q", text), func() bool { return strings.Contains(s.theirs.CharonLog(), text) })
}
