package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// text is what stands in the configuration of the node.
func (n *node) text() string {
	n.Helper()
	b, err := os.ReadFile(n.config())
	if err != nil {
		n.Fatal(err)
	}
	return string(b)
}

func (n *node) apply(text string, seconds float64) api.Pending {
	n.Helper()
	p, err := n.client.Apply(n.Context(), api.Proposed{Draft: api.Draft{Text: text}, ConfirmWithin: seconds})
	if err != nil {
		n.Fatalf("apply: %v", err)
	}
	return p
}

func names(s api.Status) string {
	var list []string
	for _, c := range s.Connections {
		list = append(list, c.Name)
	}
	return strings.Join(list, " ")
}

func alone(t *testing.T) *node {
	n := newNode(t, "west", "10.1.0.0/24")
	n.write("", second)
	n.start()
	return n
}

const third = "connection \"third\" {\n  local {\n    id = \"third.example.org\"\n  }\n  remote {\n    id = \"client.example.org\"\n  }\n}\n" +
	"secret \"third\" {\n  psk = \"another secret that is long enough\"\n}\n"

func TestAppliedConfigurationCountsAtOnceAndIsKeptWhenConfirmed(t *testing.T) {
	n := alone(t)
	old := n.text()
	if err := os.Chmod(n.config(), 0o640); err != nil {
		t.Fatal(err)
	}
	p := n.apply(old+third, 600)
	s := n.status()
	if names(s) != "second third" || n.text() != old || !strings.Contains(strings.Join(p.Changes.Added, ","), "connection third") {
		t.Errorf("connections %s, added %v, on the disk:\n%s", names(s), p.Changes.Added, n.text())
	}
	if len(s.Warnings) == 0 || s.Warnings[0].Code != explain.ManageBusy || !says(s.Warnings[0].Text, "uid") {
		t.Errorf("warnings %+v", s.Warnings)
	}
	if err := n.client.Confirm(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(n.config())
	if err != nil || n.text() != old+third || info.Mode().Perm() != 0o640 {
		t.Errorf("on the disk, mode %v, error %v:\n%s", info.Mode(), err, n.text())
	}
	if left, err := filepath.Glob(filepath.Join(n.dir, ".culvert-*")); len(left) > 0 || err != nil {
		t.Errorf("left over: %v, %v", left, err)
	}
	if r := n.reload(); len(r.Added)+len(r.Removed)+len(r.Changed) > 0 || names(n.status()) != "second third" {
		t.Errorf("a reload changes %+v", r)
	}
}

func TestUnconfirmedConfigurationIsRolledBack(t *testing.T) {
	n := alone(t)
	n.apply(n.text()+third, 1)
	n.await("the old configuration", func(s api.Status) bool { return names(s) == "second" })
	if err := n.client.Confirm(t.Context(), ""); code(err) != explain.ManageNotFound {
		t.Errorf("confirmed too late: %v", err)
	}
	told := func() bool {
		for _, e := range n.events() {
			if e.Kind == api.EventWarning && says(e.Text, "nobody has confirmed") {
				return true
			}
		}
		return false
	}
	n.await("the event", func(api.Status) bool { return told() })
}

func TestConfigurationIsRolledBackByHand(t *testing.T) {
	n := alone(t)
	p := n.apply(n.text()+third, 600)
	if err := n.client.Rollback(t.Context(), "another"); code(err) != explain.ManageNotFound || names(n.status()) != "second third" {
		t.Errorf("another ID: %v", err)
	}
	if err := n.client.Rollback(t.Context(), p.ID); err != nil || names(n.status()) != "second" {
		t.Errorf("%v, connections %s", err, names(n.status()))
	}
	if err := n.client.Rollback(t.Context(), ""); code(err) != explain.ManageNotFound {
		t.Errorf("a second time: %v", err)
	}
}

// What was in use comes back even if the file has been broken meanwhile.
func TestRollbackDoesNotDependOnTheDisk(t *testing.T) {
	n := alone(t)
	n.apply(n.text()+third, 600)
	n.write("", "nonsense {")
	if err := n.client.Rollback(t.Context(), ""); err != nil || names(n.status()) != "second" {
		t.Errorf("%v, connections %s", err, names(n.status()))
	}
}

func TestOneConfigurationIsTriedAtATime(t *testing.T) {
	n := alone(t)
	text := n.text()
	n.apply(text+third, 600)
	_, err := n.client.Apply(t.Context(), api.Proposed{Draft: api.Draft{Text: text}, ConfirmWithin: 600})
	if code(err) != explain.ManageBusy {
		t.Errorf("a second one: %v", err)
	}
	if _, err := n.client.Reload(t.Context()); code(err) != explain.ManageBusy {
		t.Errorf("a reload: %v", err)
	}
	n.write("", second+"# by hand\n")
	if err := n.client.Confirm(t.Context(), ""); code(err) != explain.ManageBusy {
		t.Errorf("over somebody's change of the file: %v", err)
	}
}

func TestWrongConfigurationIsNotApplied(t *testing.T) {
	n := alone(t)
	loaded := n.status().Loaded
	for name, p := range map[string]struct {
		api.Proposed
		want explain.Code
	}{
		"mistake":   {api.Proposed{Draft: api.Draft{Text: strings.Replace(n.text(), "psk", "pks", 1)}, ConfirmWithin: 600}, explain.ManageConfigRefused},
		"base gone": {api.Proposed{Draft: api.Draft{Text: n.text()}, ConfirmWithin: 600, Base: strings.Repeat("0", 64)}, explain.ManageBusy},
	} {
		if _, err := n.client.Apply(t.Context(), p.Proposed); code(err) != p.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := n.status(); !s.Loaded.Equal(loaded) || len(s.Warnings) > 0 {
		t.Errorf("something has changed: %+v", s.Warnings)
	}
}

func TestUnconfirmedConfigurationDoesNotOutliveTheDaemon(t *testing.T) {
	n := alone(t)
	n.apply(n.text()+third, 600)
	n.stop()
	n.start()
	if got := names(n.status()); got != "second" {
		t.Errorf("connections %s", got)
	}
}

func TestConfigurationIsShownWithoutSecrets(t *testing.T) {
	n := alone(t)
	c, err := n.client.Configuration(t.Context())
	if err != nil || len(c.Files) != 1 || c.Path != n.config() || c.Pending != nil || len(c.Digest) != 64 {
		t.Fatalf("%v, %+v", err, c)
	}
	if text := c.Files[0].Text; !says(text, `connection "second"`, "psk = [redacted]") || strings.Contains(text, "long enough") {
		t.Errorf("got\n%s", text)
	}
	if _, err := n.client.Apply(t.Context(), api.Proposed{Draft: api.Draft{Text: n.text() + third}, ConfirmWithin: 600, Base: c.Digest}); err != nil {
		t.Fatal(err)
	}
	c, err = n.client.Configuration(t.Context())
	if err != nil || c.Pending == nil || !says(c.Files[0].Text, `connection "third"`) || time.Until(c.Pending.Until) < time.Minute {
		t.Errorf("%v, %+v", err, c.Pending)
	}
}

func TestDraftsAreComparedAndChecked(t *testing.T) {
	n := alone(t)
	text := strings.Replace(n.text(), "local {", "dpd_delay = \"7s\"\n  local {", 1)
	got, err := n.client.Compare(t.Context(), text)
	want := config.Alteration{Block: "connection second", Option: "dpd_delay", Old: `"30s"`, New: `"7s"`}
	if err != nil || len(got.Alterations) != 1 || got.Alterations[0] != want || len(got.Changed) != 1 || got.Changed[0] != "connection second" {
		t.Errorf("%v, %+v", err, got)
	}
	if found, err := n.client.Validate(t.Context(), text); err != nil || found.Errors() {
		t.Errorf("%v, %v", err, found)
	}
	found, err := n.client.Validate(t.Context(), text+"nonsense = 1\n")
	if err != nil || !found.Errors() {
		t.Errorf("%v, %v", err, found)
	}
	if says(n.log.String(), "management request", "/v1/config/diff") {
		t.Error("the log tells of a change where none was")
	}
	if _, err := n.client.Compare(t.Context(), text+"nonsense = 1\n"); code(err) != explain.ManageConfigRefused {
		t.Errorf("got %v", err)
	}
	if names(n.status()) != "second" {
		t.Error("something has changed")
	}
}
