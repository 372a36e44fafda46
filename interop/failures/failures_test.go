package failures_test

import (
	"strings"
	"testing"

	"culvert/api"
)

func TestFailuresAreExplained(t *testing.T) {
	s := newScene(t)
	for _, c := range failures() {
		t.Run(c.name+", initiated by "+string(c.initiator), func(t *testing.T) { s.run(t, &c) })
	}
	down := downFailure()
	t.Run(down.name, func(t *testing.T) {
		s.load(&down)
		s.theirs.Stop()
		s.check(t, &down)
	})
}

// run makes one failure, and holds what is said about it against what is expected.
func (s *scene) run(t *testing.T, c *failure) {
	owner := s.TB
	s.TB = t
	defer func() { s.TB = owner }()
	defer s.clear()
	s.load(c)
	if c.firewall != "" {
		s.firewall(t, c.firewall)
	}
	s.check(t, c)
}

func (s *scene) check(t *testing.T, c *failure) {
	t.Helper()
	s.attempt(c)
	switch c.then {
	case "rekey":
		s.rekey(c)
	case "ping":
		for range 4 {
			_, _ = s.moon.Try("ping", "-n", "-q", "-c", "1", "-W", "1", "-w", "1", "-I", "10.1.0.1", "10.2.0.1")
		}
	}
	e := s.explained(c)
	if e.Refused != c.refused {
		t.Errorf("refused by %q, want %q", e.Refused, c.refused)
	}
	for part, held := range map[string]struct {
		text  string
		words []string
	}{
		"what happened": {e.Text, c.text}, "our values": {strings.Join(e.Ours, "\n"), c.left}, "the peer's values": {strings.Join(e.Theirs, "\n"), c.right},
		"the difference": {e.Differs, c.differs}, "the next action": {e.Action, c.do},
	} {
		if missing := lacks(held.text, held.words); len(missing) > 0 {
			t.Errorf("%s lacks %q:\n%s", part, missing, held.text)
		}
	}
	if e.Connection == "site" {
		if by := s.byName(); by.Code != c.code || by.Trace != e.Trace {
			t.Errorf("by its name the connection is explained as %s of trace %s, not %s of %s", by.Code, by.Trace, c.code, e.Trace)
		}
	}
	if e.Title == "" || e.Action == "" || e.Connection == "" && c.code != "IKE-NO-CONNECTION" {
		t.Errorf("an operator misses something: %+v", e)
	}
	if t.Failed() {
		t.Logf("explained is %s", pretty(&e))
	}
}

func pretty(e *api.Explanation) string {
	return strings.Join([]string{string(e.Code), "text: " + e.Text, "ours: " + strings.Join(e.Ours, " | "), "theirs: " + strings.Join(e.Theirs, " | "),
		"differs: " + e.Differs, "do: " + e.Action, strings.Join(e.Steps, "\n")}, "\n")
}

// rekey has the initiator give new keys to the child.
func (s *scene) rekey(c *failure) {
	s.Helper()
	if c.initiator == culvert {
		_, _ = s.ours.Try("rekey", "site/net")
		return
	}
	_, _ = s.theirs.TrySwanctl("--rekey", "--child", "net")
}
