package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culvert/api"
	"culvert/explain"
)

// told waits until a file has lines that say all that is asked for, in this order.
func (n *node) told(path string, want ...string) []string {
	n.Helper()
	lines := func() []string {
		text, _ := os.ReadFile(path)
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	return awaited(n.T, fmt.Sprintf("%s to say %q", path, want), lines, func(lines []string) bool {
		found := 0
		for _, l := range lines {
			if found < len(want) && says(l, want[found]) {
				found++
			}
		}
		return found == len(want)
	})
}

func TestUpdownCommandFollowsTheChild(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	seen := filepath.Join(west.dir, "seen")
	west.write("", west.site(east, "", `updown = "env | grep -E '^PLUTO|^CULVERT' | sort | tr '\\n' ' ' >>`+seen+`; echo >>`+seen+`; echo printed"
host_access = true`))
	east.write("", east.site(west, "", ""))
	west.start()
	east.start()
	west.up()
	line := west.told(seen, "PLUTO_VERB=up-client")[0]
	if !says(line, "CULVERT_CONNECTION=site", "PLUTO_CONNECTION=net", "PLUTO_HOST_ACCESS=1", "PLUTO_INTERFACE=lo", "PLUTO_ME="+west.addr, "PLUTO_PEER="+east.addr,
		"PLUTO_MY_CLIENT=10.1.0.0/24", "PLUTO_PEER_CLIENT=10.2.0.0/24", "PLUTO_MY_ID=west.example.org", "PLUTO_PEER_ID=east.example.org", "PLUTO_UDP_ENC=15501") {
		t.Error(line)
	}
	for _, layer := range []api.Layer{api.LayerChild, api.LayerIKE} {
		rekey := command(api.Target{})
		rekey.Layer = layer
		if err := west.client.Rekey(t.Context(), rekey); err != nil {
			t.Fatal(err)
		}
	}
	if err := west.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	lines := west.told(seen, "PLUTO_VERB=up-client", "PLUTO_VERB=down-client")
	if down := strings.Replace(lines[len(lines)-1], "down-client", "up-client", 1); len(lines) != 2 || down != line {
		t.Errorf("rekeying runs nothing, and the end is told what the beginning was: %q", lines)
	}
	if !says(west.log.String(), "updown: printed") {
		t.Error("the output is not in the log")
	}
}

func TestUpdownCommandThatFailsIsAnEvent(t *testing.T) {
	west, east := pair(t, "", `updown = "exit 7"`)
	west.up()
	west.carries(east)
	west.awaitEvent(func(e api.Event) bool {
		return e.Kind == api.EventWarning && e.Child == "net" && e.Problem != nil && e.Problem.Code == explain.HookFailed && says(e.Text, "up", "exit status 7")
	})
}

// The commands of a daemon that ends run before it has ended.
func TestUpdownCommandRunsWhenTheDaemonEnds(t *testing.T) {
	dir := t.TempDir()
	west, _ := pair(t, "", `updown = "echo $PLUTO_VERB >>`+dir+`/seen"`)
	west.up()
	west.stop()
	if text, _ := os.ReadFile(dir + "/seen"); string(text) != "up-client\ndown-client\n" {
		t.Errorf("it ran as %q", text)
	}
}

func (n *node) carries(peer *node) { carries(n, peer) }

// awaitEvent waits for an event.
func (n *node) awaitEvent(is func(api.Event) bool) {
	n.Helper()
	awaited(n.T, "an event", n.events, func(seen []api.Event) bool { return slices.ContainsFunc(seen, is) })
}
