package supervisor

import (
	"errors"
	"slices"
	"testing"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
)

func TestTrapIsInstalledAndTakenAwayAtRunTime(t *testing.T) {
	c := connection(child("net", ike.StartNone))
	c.Children[0].Block = true
	b := newBench(t, c)
	b.actions = nil
	b.must(b.s.Install(b.now, "office", "net"))
	set := take[SetPolicy](b)
	if len(set) != 1 || !set[0].Policy.Trap || !slices.Equal(b.s.Status()[0].Traps, []string{"net"}) {
		t.Fatalf("set %+v, status %+v", set, b.s.Status())
	}
	b.do(b.s.Configure(b.now, []*ike.Connection{c}, nil)) // keeps it
	b.do(b.s.Acquired(b.now, dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: set[0].Policy.ID}))
	if len(take[Initiate](b)) != 1 {
		t.Error("a packet does not bring it up")
	}
	b.must(b.s.Uninstall(b.now, "office", "net"))
	if set := take[SetPolicy](b); len(set) != 1 || set[0].Policy.Trap || set[0].Policy.Action != spd.Protect || len(b.s.Status()[0].Traps) != 0 {
		t.Errorf("clear text would leave: %+v", set)
	}
}

func TestConfiguredTrapIsTakenAway(t *testing.T) {
	c := connection(child("net", ike.StartTrap))
	c.Children[0].Block = false
	b := newBench(t, c)
	id := take[SetPolicy](b)[0].Policy.ID
	b.must(b.s.Uninstall(b.now, "office", ""))
	if gone := take[RemovePolicy](b); len(gone) != 1 || gone[0].ID != id {
		t.Errorf("removed %+v", gone)
	}
	b.must(b.s.Install(b.now, "office", ""))
	if set := take[SetPolicy](b); len(set) != 1 || !set[0].Policy.Trap {
		t.Errorf("set again %+v", set)
	}
}

func TestBypassIsTakenAwayUntilInstalled(t *testing.T) {
	b := newBench(t)
	static := []dataplane.Policy{{Name: "lan", Action: spd.Bypass}}
	b.do(b.s.Configure(b.now, nil, static))
	b.actions = nil
	b.must(b.s.Uninstall(b.now, "", "lan"))
	b.must(b.s.Uninstall(b.now, "", "lan")) // once more changes nothing
	if gone := take[RemovePolicy](b); len(gone) != 1 {
		t.Errorf("removed %+v", gone)
	}
	b.do(b.s.Configure(b.now, nil, static))
	if set := take[SetPolicy](b); len(set) != 0 {
		t.Errorf("a reload brings it back: %+v", set)
	}
	b.must(b.s.Install(b.now, "", "lan"))
	if set := take[SetPolicy](b); len(set) != 1 || set[0].Policy.Action != spd.Bypass {
		t.Errorf("set %+v", set)
	}
}

func TestNothingIsInstalledThatIsNotConfigured(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartNone)))
	for _, name := range [][2]string{{"office", "absent"}, {"absent", "net"}, {"", "absent"}} {
		_, err := b.s.Install(b.now, name[0], name[1])
		var f *ike.Failure
		if !errors.As(err, &f) || f.Code != explain.ManageNotFound {
			t.Errorf("%v: %v", name, err)
		}
	}
}
