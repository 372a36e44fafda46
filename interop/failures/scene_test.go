// Package failures_test makes the failures that users meet most, with strongSwan's charon on the other side, and holds what culvert
// explain says against what an operator would need.
//
//	10.1.0.1/24 moon (Culvert) 10.99.0.1 ---- 10.99.0.2 sun (charon) 10.2.0.1/24
package failures_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/interop/lab"
)

// who names a side.
type who string

const (
	culvert who = "culvert"
	charon  who = "charon"
)

// A scene is both hosts with their daemons, which stay for all cases.
type scene struct {
	*lab.Lab
	moon, sun *lab.Host
	ours      *lab.Culvert
	client    *api.Client // of ours
	theirs    *lab.Charon
	pki       *pki
	since     int // traces that were there before the case
}

// impatient has charon give up soon.
const impatient = "retransmit_timeout = 0.3\n retransmit_tries = 2\n retransmit_base = 1.2\n"

func newScene(t *testing.T) *scene {
	t.Helper()
	l := lab.New(t)
	s := &scene{Lab: l, moon: l.Host("moon"), sun: l.Host("sun"), pki: newPKI(t)}
	l.Link(s.moon, s.sun, []string{"10.99.0.1/24"}, []string{"10.99.0.2/24"})
	s.moon.Address("10.1.0.1/24")
	s.sun.Address("10.2.0.1/24", "10.99.0.22/32")
	s.moon.Must("ip", "route", "add", "10.99.0.22", "dev", "sun")
	for name, text := range s.pki.files {
		s.moon.Write(name, text)
		dir := "x509"
		switch {
		case strings.HasSuffix(name, ".key"):
			dir = "private"
		case strings.HasPrefix(name, "ca"):
			dir = "x509ca"
		}
		if !strings.HasPrefix(name, "middle") && !strings.HasSuffix(name, ".crl") {
			s.sun.Write(filepath.Join("swanctl", dir, name), text)
		}
	}
	s.theirs = s.sun.Charon(impatient)
	s.ours = s.moon.Culvert(settings)
	s.client = api.NewClient(filepath.Join(s.Dir, "moon", "culvert.sock"))
	t.Cleanup(s.client.Close)
	return s
}

// settings are those of our daemon in all cases.
const settings = `
daemon {
  retransmit {
    timeout = "200ms"
    tries   = 2
    max     = "1s"
  }
  half_open {
    timeout = "1s"
  }
}
`

// load gives both daemons the configurations of a case.
func (s *scene) load(c *failure) {
	s.Helper()
	global := settings
	if c.patient {
		global = strings.Replace(settings, "tries   = 2", "tries   = 6", 1)
	}
	s.ours.Reload(global + c.oursConf())
	s.theirs.Load(c.theirsConf())
	s.since = s.newest()
}

// newest is the number of the last trace.
func (s *scene) newest() int {
	s.Helper()
	list := s.traces()
	if len(list) == 0 {
		return 0
	}
	return number(list[0].ID)
}

func number(id string) int {
	n := 0
	for _, d := range id {
		n = 10*n + int(d-'0')
	}
	return n
}

func (s *scene) traces() []api.TraceSummary {
	s.Helper()
	list, err := s.client.Traces(s.Context(), "")
	if err != nil {
		s.Fatal(err)
	}
	return list
}

// attempt has one side bring up the child, which is not to work.
func (s *scene) attempt(c *failure) {
	s.Helper()
	if c.initiator == culvert {
		if out, err := s.ours.Try("up", "site/net"); err == nil && !c.up {
			s.Fatalf("it is up: %s", out)
		}
		return
	}
	_, _ = s.theirs.TrySwanctl("--initiate", "--child", "net", "--timeout", "2")
}

// byName asks about the connection as an operator does.
func (s *scene) byName() api.Explanation {
	s.Helper()
	var e api.Explanation
	if err := json.Unmarshal([]byte(s.ours.Must("explain", "site", "--json")), &e); err != nil {
		s.Fatal(err)
	}
	return e
}

// explained waits until the daemon has an explanation with the code of the case, in a trace that is new.
func (s *scene) explained(c *failure) api.Explanation {
	s.Helper()
	var e api.Explanation
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		for _, t := range s.traces() {
			if number(t.ID) <= s.since {
				break
			}
			var err error
			if e, err = s.client.Explain(s.Context(), t.ID); err != nil {
				s.Fatal(err)
			}
			if e.Code == c.code {
				return e
			}
		}
		if time.Now().After(deadline) {
			s.Fatalf("nothing is explained as %s; last %+v, traces %+v", c.code, e, s.traces())
		}
	}
}

// clear ends what a case has left.
func (s *scene) clear() {
	_, _ = s.ours.Try("down", "site")
	_, _ = s.theirs.TrySwanctl("--terminate", "--ike", "site", "--force", "--timeout", "1")
}

// firewall drops on sun what a rule of nft's matches, until the test ends.
func (s *scene) firewall(t *testing.T, rule string) {
	t.Helper()
	s.sun.Must("nft", "add", "table", "inet", "case")
	t.Cleanup(func() { s.sun.Must("nft", "delete", "table", "inet", "case") })
	for _, hook := range []string{"input", "output"} {
		s.sun.Must("nft", "add", "chain", "inet", "case", hook, "{ type filter hook "+hook+" priority 0 ; }")
		s.sun.Must(append([]string{"nft", "add", "rule", "inet", "case", hook}, append(strings.Fields(rule), "drop")...)...)
	}
}
