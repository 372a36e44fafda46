package ike

import (
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/wire"
)

// What is made by rekeying has a number of its own; children keep theirs when the IKE SA above them is rekeyed.
func TestNumbersAreNeverUsedAgain(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		a.Lifetime = Lifetime{Rekey: time.Hour, Hard: 2 * time.Hour}
		a.Children[0].Lifetime = Lifetime{Rekey: 25 * time.Minute, Hard: time.Hour}
	})
	sas, children := map[uint32]bool{}, map[uint32]bool{}
	for range 24 {
		l.elapse(10 * time.Minute)
		s := l.a.shard.Status()[0]
		sas[s.ID], children[s.Children[0].ID] = true, true
	}
	if len(sas) != len(l.a.of(NewsRekeyed))+1 || sas[0] {
		t.Errorf("%d rekeyings give the numbers %v", len(l.a.of(NewsRekeyed)), sas)
	}
	if len(children) != len(l.a.of(NewsChildRekeyed))+1 || children[0] {
		t.Errorf("%d rekeyings of the child give the numbers %v", len(l.a.of(NewsChildRekeyed)), children)
	}
}

// Whoever hears of a change sees the whole IKE SA as it was then.
func TestNewsCarryTheStatus(t *testing.T) {
	l := oneChild(t, nil)
	l.a.env.Detail = true
	l.lossless = false
	l.do(l.a, Command{SA: l.sa(l.a).LocalSPI(), Event: RekeyIKE{}})
	n := l.a.of(NewsRekeyed)[0]
	if n.Status == nil || n.NextStatus == nil || len(n.Status.Children) != 1 || len(n.NextStatus.Children) != 1 ||
		n.Status.ID == n.NextStatus.ID || n.NextStatus.LocalSPI != n.Successor {
		t.Fatalf("rekeyed from %+v to %+v", n.Status, n.NextStatus)
	}
	if !slices.Contains(n.Status.Transforms, wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128}) {
		t.Errorf("its transforms are %v", n.Status.Transforms)
	}
	l.do(l.a, Command{SA: n.Successor, Event: RekeyChild{SPI: n.NextStatus.Children[0].InSPI}})
	c := l.a.of(NewsChildRekeyed)[0]
	if c.Former == nil || c.Former.InSPI != c.Replaced || c.Former.ID == c.Child.ID || c.Status == nil {
		t.Errorf("the child is rekeyed from %+v to %+v", c.Former, c.Child)
	}
	l.do(l.a, Command{SA: n.Successor, Event: Close{}})
	closed := l.a.of(NewsClosed)
	if len(closed) != 1 || closed[0].Status == nil || closed[0].Status.State != StateClosing || closed[0].Status.Local == "" {
		t.Errorf("closed: %+v", closed)
	}
	if down := l.a.of(NewsChildDown); len(down) != 1 || down[0].Status == nil {
		t.Errorf("child down: %+v", down)
	}
}

// A shard that tells of thousands of IKE SAs answers nobody meanwhile: texts are written at the first look alone, and follow what
// they are of.
func TestStatusIsCheapAtTheSecondLook(t *testing.T) {
	l := oneChild(t, nil)
	sa, first := l.sa(l.a), l.a.shard.Status()[0]
	if first.Suite == "" || first.Children[0].Suite == "" || first.Remote != identityName(sa.remote) {
		t.Errorf("got %+v", first)
	}
	if again := l.a.shard.Status()[0]; again.Suite != first.Suite || again.Local != first.Local || again.Remote != first.Remote {
		t.Errorf("first %+v, then %+v", first, again)
	}
	const most = 10
	if n := testing.AllocsPerRun(10, func() { l.a.shard.Status() }); n > most {
		t.Errorf("%v allocations, want at most %d", n, most)
	}
	sa.remote = auth.NullIdentity()
	if got := l.a.shard.Status()[0].Remote; got != identityName(sa.remote) {
		t.Errorf("the peer is %q still", got)
	}
}
