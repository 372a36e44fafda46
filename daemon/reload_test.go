package daemon

import (
	"slices"
	"strings"
	"testing"

	"culvert/api"
	"culvert/explain"
)

// second is another connection of a node, with an own child.
const second = `
connection "second" {
  local {
    id = "second.example.org"
  }
  remote {
    id = "client.example.org"
  }
}
secret "second" {
  psk = "another secret that is long enough"
}
`

func (n *node) reload() api.Reloaded {
	n.Helper()
	r, err := n.client.Reload(n.Context())
	if err != nil {
		n.Fatalf("reload: %v", err)
	}
	return r
}

// What did not change goes on, with its keys.
func TestReloadTouchesWhatChanged(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	ike, child := west.current()
	site := west.site(east, "", "")

	west.write("", site+second)
	if r := west.reload(); !slices.Equal(r.Added, []string{"connection second", "secret second"}) || len(r.Removed)+len(r.Changed)+len(r.Restart) != 0 {
		t.Errorf("added: %+v", r)
	}
	west.write("", strings.Replace(site, "force_encap", "dpd_delay = \"10s\"\n force_encap", 1))
	r := west.reload()
	if !slices.Equal(r.Removed, []string{"connection second", "secret second"}) || !slices.Equal(r.Changed, []string{"connection site"}) {
		t.Errorf("removed and changed: %+v", r)
	}
	if a, b := west.current(); a != ike || b != child {
		t.Errorf("the SAs are %s, %s and were %s, %s", a, b, ike, child)
	}
	carries(west, east)

	west.write("", second)
	west.reload()
	west.await("the end of the connection", func(s api.Status) bool { return len(s.SAs) == 0 && s.Connections[0].Name == "second" })
	east.await("the end of the connection", func(s api.Status) bool { return len(s.SAs) == 0 })
}

func TestReloadStartsWhatIsNew(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", second)
	west.start()
	east.write("", east.site(west, "", ""))
	east.start()
	west.write("", west.site(east, "", `start = "start"`))
	west.reload()
	west.await("the tunnel", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
}

// A wrong configuration is refused whole, with every error, and the running one stays.
func TestReloadRefusesAWrongConfiguration(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	ike, child := west.current()
	loaded := west.status().Loaded
	west.write("", strings.Replace(west.site(east, "", ""), "force_encap", "forse_encap", 1)+second)
	_, err := west.client.Reload(t.Context())
	if code(err) != explain.ManageConfigRefused || !says(err.Error(), "forse_encapsulation") {
		t.Errorf("got %v", err)
	}
	found, err := west.client.Check(t.Context())
	if err != nil || len(found) == 0 {
		t.Errorf("check finds %v, %v", found, err)
	}
	s := west.status()
	if len(s.Connections) != 1 || !s.Loaded.Equal(loaded) {
		t.Errorf("the configuration in use has changed: %+v", s.Connections)
	}
	if a, b := west.current(); a != ike || b != child {
		t.Error("the SAs have changed")
	}
}

// What a restart would change is named each time, until it was restarted.
func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	west, east := pair(t, "", "")
	site := west.site(east, "", "")
	west.write("workers = 3\n", strings.Replace(site, "id      = \"west", "id = \"west", 1))
	for range 2 {
		if r := west.reload(); !slices.Equal(r.Restart, []string{"daemon.workers"}) {
			t.Errorf("got %+v", r)
		}
	}
	if got := west.status().Listening; !slices.Contains(got, west.addr+":15501") {
		t.Errorf("listening on %v", got)
	}
	west.write("", site)
	if r := west.reload(); len(r.Restart) != 0 {
		t.Errorf("as it was: %+v", r)
	}
}

func TestReloadWarns(t *testing.T) {
	west, east := pair(t, "", "")
	west.write("", west.site(east, "", "")+"\nsecret \"other\" {\n ids = [\"nobody.example.org\"]\n psk = \"weak\"\n}\n")
	r := west.reload()
	if len(r.Warnings) == 0 || r.Warnings[0].Code == "" || r.Warnings[0].Text == "" {
		t.Errorf("warnings are %+v", r.Warnings)
	}
}

// A reload is an event, and changes the level of the log at once.
func TestReloadIsToldAndChangesTheLogLevel(t *testing.T) {
	west, east := pair(t, "", "")
	west.write("", west.site(east, "", ""))
	west.reload()
	events := west.events()
	if len(events) == 0 || events[len(events)-1].Kind != api.EventReloaded {
		t.Errorf("events are %+v", events)
	}
	if !says(west.log.String(), "configuration read again") {
		t.Error("the log does not tell")
	}
}
