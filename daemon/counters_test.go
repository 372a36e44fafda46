package daemon

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// inside runs a node's daemon in the process, for what its socket does not offer, until the test ends.
func (n *node) inside() *Daemon {
	n.Helper()
	cfg, found := config.System(time.Now()).Load(n.config())
	if cfg == nil {
		n.Fatal(found)
	}
	d, err := Start(cfg, Options{Stderr: &n.log, Packets: &n.packets})
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(d.Close)
	return d
}

// insidePair is pair with the first daemon inside.
func insidePair(t *testing.T, options, child string) (west *Daemon, east *node) {
	t.Helper()
	n, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	n.write("", n.site(east, options, child))
	east.write("", east.site(n, "", ""))
	return n.inside(), east.start()
}

// must fails a test that something went wrong in.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func isProblem(err error, code explain.Code) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Code == code
}

// nonZero are those of a connection that are not 0, by name.
func (d *Daemon) nonZero(t *testing.T, connection string) map[string]uint64 {
	t.Helper()
	list, err := d.IKECounters(t.Context(), connection, false)
	if err != nil || len(list) != 1 || list[0].Connection != connection || len(list[0].Counts) != 21 {
		t.Fatalf("%+v, %v", list, err)
	}
	m := map[string]uint64{}
	for _, c := range list[0].Counts {
		if c.Value > 0 {
			m[c.Name] = c.Value
		}
	}
	return m
}

// The same exchanges are counted for the connection and for everything, over rekeyings, until somebody resets them.
func TestIKECountersByConnection(t *testing.T) {
	d, _ := insidePair(t, "", "")
	site := api.Target{Connection: "site"}
	if _, err := d.IKECounters(t.Context(), "site", false); !isProblem(err, explain.ManageNotFound) {
		t.Errorf("before anything: %v", err)
	}
	must(t, d.Up(t.Context(), site))
	for _, layer := range []api.Layer{api.LayerChild, api.LayerIKE} {
		must(t, d.Rekey(t.Context(), site, layer))
	}
	want := map[string]uint64{"ike-rekey-init": 1, "child-rekey": 1, "ike-init-out-req": 1, "ike-init-in-resp": 1, "ike-auth-out-req": 1, "ike-auth-in-resp": 1,
		"create-child-out-req": 2, "create-child-in-resp": 2, "info-out-req": 2, "info-in-resp": 2}
	for _, name := range []string{"site", ""} {
		awaited(t, fmt.Sprintf("what %q counts", name), func() map[string]uint64 { return d.nonZero(t, name) },
			func(got map[string]uint64) bool {
				maps.DeleteFunc(got, func(counter string, _ uint64) bool { return want[counter] == 0 }) // a slow machine repeats requests
				return maps.Equal(got, want)
			})
	}
	if list, err := d.IKECounters(t.Context(), "", true); err != nil || len(list) != 2 || list[0].Connection != "" || list[1].Connection != "site" {
		t.Errorf("all: %+v, %v", list, err)
	}
}

func TestIKECountersAreReset(t *testing.T) {
	d, _ := insidePair(t, "", "")
	must(t, d.Up(t.Context(), api.Target{Connection: "site"}))
	before, err := d.Status(t.Context())
	must(t, err)
	must(t, d.ResetIKECounters(t.Context(), "site", false))
	if _, err := d.IKECounters(t.Context(), "site", false); !isProblem(err, explain.ManageNotFound) {
		t.Errorf("a connection without counts: %v", err)
	}
	if got := d.nonZero(t, ""); got["ike-init-out-req"] != 1 {
		t.Errorf("everything was reset with it: %v", got)
	}
	must(t, d.ResetIKECounters(t.Context(), "", true))
	after, err := d.Status(t.Context())
	must(t, err)
	const sent = "ike_sent_sa_init_request"
	if got := d.nonZero(t, ""); len(got) != 0 || after.Counters[sent] != before.Counters[sent] {
		t.Errorf("reset, %v are left; of the totals %v", got, after.Counters)
	}
	if err := d.ResetIKECounters(t.Context(), "absent", false); !isProblem(err, explain.ManageNotFound) {
		t.Errorf("of an absent connection: %v", err)
	}
}
