package daemon

import (
	"context"
	"errors"
	"strings"
	"testing"

	"culvert/api"
	"culvert/explain"
	"culvert/keylog"
	"culvert/wire"
)

// ring reads lines of tables.
func ring(t *testing.T, lines []api.KeyLine) *keylog.Ring {
	t.Helper()
	r := keylog.NewRing()
	for _, l := range lines {
		if l.Table == keylog.TableAll {
			if err := r.Read(l.Table, strings.NewReader(l.Line)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r
}

// exported asks a daemon for keys until it says so.
func (n *node) exported(r api.KeyRequest) (lines []api.KeyLine) {
	n.Helper()
	err := n.client.ExportKeys(n.Context(), r, func(l api.KeyLine) error {
		lines = append(lines, l)
		return nil
	})
	if err != nil {
		n.Fatal(err)
	}
	return lines
}

// audits are the texts of events about keys.
func (n *node) audits() (texts []string) {
	for _, ev := range n.events() {
		if ev.Problem != nil && ev.Problem.Code == explain.HostKeyExport {
			texts = append(texts, ev.Text)
		}
	}
	return texts
}

// The keys of SAs that are up are the same on both sides, and asking for them leaves a trace.
func TestKeysOfSAsThatAreUp(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	w, e := ring(t, west.exported(api.KeyRequest{Connection: "site"})), ring(t, east.exported(api.KeyRequest{}))
	if w.Len() != 3 || len(w.ESP) != 2 || len(w.IKE) != 1 {
		t.Fatalf("west has the keys of %d SAs", w.Len())
	}
	for spis, mine := range w.IKE {
		if theirs := e.IKE[spis]; len(theirs) != 1 || !theirs[0].Keys.Ei.Equal(mine[0].Keys.Ei) || !theirs[0].Keys.Er.Equal(mine[0].Keys.Er) {
			t.Error("the keys of the IKE SA differ")
		}
	}
	for spi, mine := range w.ESP {
		if theirs := e.ESP[spi]; len(theirs) != 1 || !theirs[0].EncrKey.Equal(mine[0].EncrKey) || theirs[0].Transforms != mine[0].Transforms {
			t.Errorf("the keys of %08x differ", spi)
		}
	}
	if got := west.audits(); len(got) != 2 || !says(got[0], "handed out to", "for 0s") || !says(got[1], "no longer", "lines") {
		t.Errorf("told is %q", got)
	}
	if log := west.log.String(); !says(log, "level=WARN", "HOST-KEY-EXPORT") || strings.Contains(log, string(hexOf(w))) {
		t.Error("the log has no audit, or has the key")
	}
}

// hexOf is a key of a ring as tables write it.
func hexOf(r *keylog.Ring) (digits string) {
	for _, list := range r.IKE {
		for _, l := range list[0].Lines() {
			digits = strings.Split(string(l.Text), ",")[4]
		}
	}
	return digits
}

// Keys of new SAs come as long as was asked for, and the daemon ends it by itself.
func TestKeysOfNewSAsForAWhile(t *testing.T) {
	west, _ := pair(t, "", "")
	begun, done := make(chan bool, 1), make(chan error, 1)
	seen := make(chan api.KeyLine, 100)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	west.up()
	go func() {
		first := true
		done <- west.client.ExportKeys(ctx, api.KeyRequest{Seconds: 2}, func(l api.KeyLine) error {
			if first {
				begun <- true
				first = false
			}
			seen <- l
			return nil
		})
	}()
	<-begun
	if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerChild}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	close(seen)
	var lines []api.KeyLine
	for l := range seen {
		lines = append(lines, l)
	}
	if r := ring(t, lines); len(r.ESP) != 4 {
		t.Errorf("keys of %d ESP SAs came", len(r.ESP))
	}
}

func TestKeysOfAnUnknownConnection(t *testing.T) {
	west, _ := pair(t, "", "")
	err := west.client.ExportKeys(t.Context(), api.KeyRequest{Connection: "sight"}, func(api.KeyLine) error { return nil })
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != explain.ManageNotFound {
		t.Errorf("got %v", err)
	}
}

// An export gets the keys of its connection, and those of which nobody knows yet whose they are. One that does not read loses
// lines and holds up nobody; there are only so many at a time.
func TestExportsAreBounded(t *testing.T) {
	var k keyring
	if k.wanted() {
		t.Error("nobody wants keys yet")
	}
	office, err := k.open("office")
	if err != nil {
		t.Fatal(err)
	}
	key := keylog.IKE{SPIi: 1, SPIr: 2}
	key.Suite.Proposal.Transforms = []wire.Transform{{Type: wire.TransformENCR, ID: wire.EncrChaCha20Poly1305}}
	for _, name := range []string{"office", "", "plant"} {
		lines := key.Lines()
		if err := k.take(name, lines); err != nil || lines[0].Text[0] != 0 {
			t.Errorf("%v; the line is still there", err)
		}
	}
	if len(office.lines) != 2 {
		t.Errorf("%d lines came", len(office.lines))
	}
	for range exportBacklog {
		_ = k.take("office", key.Lines())
	}
	for range maxExports - 1 {
		if _, err := k.open(""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.open(""); err == nil {
		t.Error("there is one too many")
	}
	k.close(office)
	if _, err := k.open(""); err != nil || len(office.lines) != 0 {
		t.Error("the place is not free again")
	}
}
