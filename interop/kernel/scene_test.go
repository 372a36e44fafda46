package kernel_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// A scene is moon with our daemon and sun with charon, whose ESP is the kernel's:
//
//	10.1.0.1/24 moon 10.99.0.1 ---- 10.99.0.2 sun 10.2.0.1/24
//	fd01::1/64       fd99::1        fd99::2       fd02::1/64
type scene struct {
	*lab.Lab
	moon, sun *lab.Host
	ours      *lab.Culvert
	theirs    *lab.Charon
}

func newScene(t *testing.T) *scene {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: l.Host("moon"), sun: l.Host("sun")}
	l.Link(s.moon, s.sun, []string{"10.99.0.1/24", "fd99::1/64"}, []string{"10.99.0.2/24", "fd99::2/64"})
	s.moon.Address("10.1.0.1/24", "fd01::1/64")
	s.sun.Address("10.2.0.1/24", "fd02::1/64")
	s.sun.Must("ip", "route", "add", "10.1.0.0/24", "via", "10.99.0.1", "dev", "moon")
	s.sun.Must("ip", "-6", "route", "add", "fd01::/64", "via", "fd99::1", "dev", "moon")
	s.theirs = s.sun.KernelCharon("")
	s.ours = s.moon.Culvert("")
	return s
}

// lend has a subtest fail on behalf of the scene until the returned function is called.
func (s *scene) lend(t *testing.T) func() {
	owner := s.TB
	s.TB = t
	return func() { s.TB = owner }
}

// A link is how one tunnel differs from the plain one.
type link struct {
	name   string
	ours   string // into our child
	theirs string // into charon's child
	site   string // into charon's connection
	outer6 bool
	inner  [][2]string
}

var plainPair = [][2]string{{"10.1.0.1", "10.2.0.1"}}

func (k link) pairs() [][2]string {
	if k.inner == nil {
		return plainPair
	}
	return k.inner
}

// use gives both daemons the configuration of a link.
func (s *scene) use(k link) {
	s.Helper()
	ours, theirs := k.confs()
	s.ours.Reload(ours)
	s.theirs.Load(theirs)
}

// prove brings the link up from our side, has packets of all sizes echoed, and takes it down.
func (s *scene) prove(k link) {
	s.Helper()
	s.use(k)
	s.ours.Must("up", "site/net")
	for _, pair := range k.pairs() {
		s.echo(pair[0], pair[1])
	}
	s.down()
}

func (s *scene) down() {
	s.Helper()
	s.ours.Must("down", "site")
	s.Await("charon to forget the IKE SA", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
}

var statLine = regexp.MustCompile(`(?m)^(\w+)\s+([1-9]\d*)$`)

// refused lists what the kernel of sun counts as refused.
func (s *scene) refused() string {
	s.Helper()
	return strings.Join(statLine.FindAllString(s.sun.Must("cat", "/proc/net/xfrm_stat"), -1), "\n")
}

func (k link) confs() (ours, theirs string) {
	local, remote := "10.99.0.1", "10.99.0.2"
	if k.outer6 {
		local, remote = "fd99::1", "fd99::2"
	}
	var near, far []string
	for _, pair := range k.pairs() {
		near, far = append(near, network(pair[0])), append(far, network(pair[1]))
	}
	ours = fmt.Sprintf(`
connection "site" {
  local  {
    address = %q
    id = "moon.example.org"
  }
  remote {
    address = %q
    id = "sun.example.org"
  }
  child "net" {
    local  = ["%s"]
    remote = ["%s"]
    %s
  }
}
secret "site" {
  ids = ["moon.example.org", "sun.example.org"]
  psk = "interoperable-and-long-enough"
}
`, local, remote, strings.Join(near, `", "`), strings.Join(far, `", "`), k.ours)
	theirs = fmt.Sprintf(`
connections {
  site {
    version = 2
    local_addrs = %s
    remote_addrs = %s
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
        local_ts = %s
        remote_ts = %s
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
`, remote, local, k.site, strings.Join(far, ","), strings.Join(near, ","), k.theirs)
	return ours, theirs
}

// network returns the network that an inner address stands for.
func network(addr string) string {
	if head, _, ok := strings.Cut(addr, "::"); ok {
		return head + "::/64"
	}
	return addr[:strings.LastIndex(addr, ".")] + ".0/24"
}
