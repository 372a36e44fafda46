package kernel_test

import (
	"regexp"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// The data planes of our daemon.
const (
	user   = "user"
	kernel = "kernel"
)

// eachBackend runs a test with either data plane on our side.
func eachBackend(t *testing.T, test func(t *testing.T, s *scene)) {
	for _, backend := range []string{user, kernel} {
		t.Run(backend, func(t *testing.T) { test(t, newScene(t, backend)) })
	}
}

// A scene is moon with our daemon and sun with charon, whose ESP is the kernel's:
//
//	10.1.0.1/24 moon 10.99.0.1 ---- 10.99.0.2 sun 10.2.0.1/24
//	fd01::1/64       fd99::1        fd99::2       fd02::1/64
type scene struct {
	*lab.Lab
	moon, sun *lab.Host
	ours      *lab.Culvert
	theirs    *lab.Charon
	backend   string   // of our daemon
	faults    []string // counters of sun's kernel for what its daemon loses
}

func newScene(t *testing.T, backend string) *scene {
	t.Helper()
	s := newHosts(t, backend)
	s.start()
	return s
}

// newHosts is a scene whose daemons do not run yet.
func newHosts(t *testing.T, backend string) *scene {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: l.Host("moon"), sun: l.Host("sun"), backend: backend}
	l.Link(s.moon, s.sun, []string{"10.99.0.1/24", "fd99::1/64"}, []string{"10.99.0.2/24", "fd99::2/64"})
	s.moon.Address("10.1.0.1/24", "fd01::1/64")
	s.sun.Address("10.2.0.1/24", "fd02::1/64")
	s.sun.Must("ip", "route", "add", "10.1.0.0/24", "via", "10.99.0.1", "dev", "moon")
	s.sun.Must("ip", "-6", "route", "add", "fd01::/64", "via", "fd99::1", "dev", "moon")
	return s
}

// start brings both daemons up, without connections.
func (s *scene) start() {
	s.Helper()
	s.theirs = s.sun.KernelCharon("")
	s.ours = s.moon.Culvert(daemonConf(s.backend))
}

// lend has a subtest fail on behalf of the scene until the returned function is called.
func (s *scene) lend(t *testing.T) func() {
	owner := s.TB
	s.TB = t
	return func() { s.TB = owner }
}

// A link is a configuration of both daemons: what it differs in from the plain one.
type link struct {
	ours, theirs string // into the connection
	outer6       bool
	children     []child
}

// A child of a link carries traffic between pairs of addresses, of moon and of sun.
type child struct {
	name         string
	ours, theirs string
	inner        [][2]string
	largest      int // datagram that is sent; 0: any
}

// use gives both daemons the configuration of a link.
func (s *scene) use(k link) {
	s.Helper()
	ours, theirs := k.confs(s.backend)
	s.ours.Reload(ours)
	s.theirs.Load(theirs)
}

// prove brings the children up from our side, has packets of all sizes echoed, and takes them down.
func (s *scene) prove(k link) {
	s.Helper()
	s.use(k)
	defer s.down()
	for _, c := range k.children {
		s.ours.Must("up", "site/"+c.name)
		for _, pair := range c.inner {
			s.echo(pair[0], pair[1], c.largest)
		}
	}
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
