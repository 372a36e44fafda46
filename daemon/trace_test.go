package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"culvert/api"
	"culvert/explain"
)

// trace returns the newest trace of the connection, as soon as there is one.
func (n *node) trace() api.Trace {
	n.Helper()
	var list []api.TraceSummary
	n.await("a trace", func(api.Status) bool {
		var err error
		if list, err = n.client.Traces(n.Context(), "site"); err != nil {
			n.Fatal(err)
		}
		return len(list) > 0
	})
	one, err := n.client.Trace(n.Context(), list[0].ID)
	if err != nil {
		n.Fatal(err)
	}
	return one
}

// sketch lists the messages of a trace as an arrow, an exchange and payloads each.
func sketch(t api.Trace) []string {
	var lines []string
	for _, m := range t.Messages {
		arrow := "<-"
		if m.Direction == api.TraceSent {
			arrow = "->"
		}
		var types []string
		for _, p := range m.Payloads {
			if p.Type != "N" && p.Type != "V" {
				types = append(types, p.Type)
			}
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", arrow, m.Exchange, strings.Join(types, " ")))
	}
	return lines
}

func TestBothSidesKeepWhatWasSaid(t *testing.T) {
	west, east := pair(t, "proposals = [\"aes128gcm16-prfsha256-x25519\"]\npost_quantum = \"off\"", "")
	west.up()
	got := west.trace()
	want := []string{
		"-> IKE_SA_INIT SA KE Ni", "<- IKE_SA_INIT SA KE Nr", "-> IKE_AUTH IDi IDr AUTH SA TSi TSr", "<- IKE_AUTH IDr AUTH SA TSi TSr"}
	if lines := sketch(got); len(lines) < 4 || !slices.Equal(lines[:4], want) {
		t.Errorf("west says\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if got.Outcome != api.TraceUp || got.Peer != "east.example.org" || got.Messages[1].RTT <= 0 || got.Messages[0].Size == 0 {
		t.Errorf("got %+v", got.TraceSummary)
	}
	if offer := got.Messages[0].Payloads[0].Fields[0]; offer.Value != "IKE aes128gcm16-prfsha256-x25519" {
		t.Errorf("the offer is %+v", offer)
	}
	if lines := sketch(east.trace()); len(lines) < 4 || lines[0] != strings.Replace(want[0], "->", "<-", 1) {
		t.Errorf("east says %q", lines)
	}
	text, _ := json.Marshal(got)
	if strings.Contains(string(text), psk) {
		t.Error("the trace shows the pre-shared key")
	}
}

func TestRekeysGoOnInTheSameTrace(t *testing.T) {
	west, _ := pair(t, "", "")
	west.up()
	for _, layer := range []api.Layer{api.LayerChild, api.LayerIKE} {
		if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: layer, TimeoutSeconds: 20}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := west.client.Traces(t.Context(), "")
	if err != nil || len(list) != 1 {
		t.Fatalf("%d traces, error %v", len(list), err)
	}
	kinds := map[api.EventKind]int{}
	for _, m := range west.trace().Marks {
		kinds[m.Kind]++
	}
	if kinds[api.EventUp] != 1 || kinds[api.EventChildUp] != 1 || kinds[api.EventChildRekeyed] != 1 || kinds[api.EventRekeyed] != 1 {
		t.Errorf("marks %v", kinds)
	}
}

func TestFailuresAreExplainedOnBothSides(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, `proposals = ["aes128gcm16-prfsha256-modp2048"]`, ""))
	east.write("", east.site(west, `proposals = ["aes128gcm16-prfsha256-x25519"]`, ""))
	west.start()
	east.start()
	err := west.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != explain.IKENoProposal {
		t.Fatalf("got %v", err)
	}
	for n, want := range map[*node]api.Side{west: api.SidePeer, east: api.SideUs} {
		e, err := n.client.Explain(t.Context(), n.trace().ID)
		if err != nil || e.Code != explain.IKENoProposal || e.Refused != want || len(e.Steps) < 2 || len(e.Ours) == 0 || len(e.Theirs) == 0 {
			t.Errorf("%s: error %v in %+v", n.name, err, e)
		}
		if n == east && !says(e.Differs+strings.Join(e.Ours, "")+strings.Join(e.Theirs, ""), "MODP_2048", "x25519", "modp2048") {
			t.Errorf("east's values: %+v", e)
		}
	}
	if _, err := west.client.Trace(t.Context(), "99"); !errors.As(err, &p) || p.Code != explain.ManageNotFound {
		t.Errorf("trace 99: %v", err)
	}
}
