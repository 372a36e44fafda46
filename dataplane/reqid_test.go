package dataplane

import (
	"errors"
	"net/netip"
	"testing"

	"culvert/spd"
)

func numberedPolicy(id PolicyID, remote string) *Policy {
	host := func(s string) []spd.Selector { return []spd.Selector{spd.Host(netip.MustParseAddr(s))} }
	return &Policy{ID: id, Name: "office/net", Action: spd.Protect, Local: host("10.1.0.1"), Remote: host(remote)}
}

func TestPolicyThatTakesThePlaceOfAnotherHasItsNumber(t *testing.T) {
	var r ReqIDs
	next := counter()
	fresh := func() (uint32, error) { return next(), nil }
	take := func(p *Policy, want uint32) {
		t.Helper()
		if got, err := r.Take(p, fresh); got != want || err != nil || r.Of(p.ID) != want {
			t.Errorf("policy %d has %d, %v; want %d", p.ID, got, err, want)
		}
	}
	give := func(id PolicyID, want uint32, wantLast bool) {
		t.Helper()
		if got, last := r.Give(id); got != want || last != wantLast || r.Of(id) != 0 {
			t.Errorf("policy %d gives %d back, %v; want %d, %v", id, got, last, want, wantLast)
		}
	}
	take(numberedPolicy(1, "10.2.0.1"), 1)
	take(numberedPolicy(2, "10.2.0.1"), 1) // reauthentication
	take(numberedPolicy(1, "10.2.0.9"), 1) // other traffic of a policy that is there
	take(numberedPolicy(3, "10.2.0.2"), 2)
	give(1, 1, false)
	take(numberedPolicy(4, "10.2.0.1"), 1)
	give(2, 1, false)
	give(4, 1, true)
	give(4, 0, false)
	take(numberedPolicy(5, "10.2.0.1"), 3)
	if len(r.of) != 2 || len(r.known) != 2 {
		t.Errorf("%d policies, %d kinds of traffic", len(r.of), len(r.known))
	}
}

func TestPoliciesThatDifferHaveNumbersOfTheirOwn(t *testing.T) {
	for name, change := range map[string]func(*Policy){
		"another child":    func(p *Policy) { p.Name = "office/other" },
		"other traffic":    func(p *Policy) { p.Local = p.Remote },
		"other marks":      func(p *Policy) { p.Kernel.MarkOut = Mark{Value: 1, Mask: 1} },
		"a trap":           func(p *Policy) { p.Trap = true },
		"one for each CPU": func(p *Policy) { p.PerResource = true },
		"without a name":   func(p *Policy) { p.Name = "" },
		"a policy to drop": func(p *Policy) { p.Action = spd.Discard },
	} {
		r := ReqIDs{Apart: true}
		next := counter()
		other := numberedPolicy(2, "10.2.0.1")
		change(other)
		a, _ := r.Take(numberedPolicy(1, "10.2.0.1"), func() (uint32, error) { return next(), nil })
		b, _ := r.Take(other, func() (uint32, error) { return next(), nil })
		if a == b {
			t.Errorf("%s: the same number, %d", name, a)
		}
	}
}

func TestPolicyWithoutANumberIsNotKept(t *testing.T) {
	var r ReqIDs
	full := errors.New("full")
	if _, err := r.Take(numberedPolicy(1, "10.2.0.1"), func() (uint32, error) { return 0, full }); err != full || r.Of(1) != 0 {
		t.Errorf("%v, number %d", err, r.Of(1))
	}
	if got, err := r.Take(numberedPolicy(1, "10.2.0.1"), func() (uint32, error) { return 7, nil }); got != 7 || err != nil {
		t.Errorf("then %d, %v", got, err)
	}
}

func TestNumbersComeFromOneUp(t *testing.T) {
	var r ReqIDs
	trap := numberedPolicy(1, "10.2.0.1")
	trap.Trap = true
	for i, step := range []struct {
		policy *Policy
		give   PolicyID // before
		want   uint32
	}{
		{trap, 0, 1},
		{numberedPolicy(2, "10.2.0.1"), 0, 1}, // the child that the trap is for
		{numberedPolicy(3, "10.2.0.2"), 0, 2},
		{numberedPolicy(4, "10.2.0.3"), 3, 2},
		{numberedPolicy(5, "10.2.0.4"), 1, 3},
		{numberedPolicy(6, "10.2.0.5"), 2, 1},
	} {
		r.Give(step.give)
		if got, err := r.Take(step.policy, nil); got != step.want || err != nil {
			t.Errorf("step %d: %d, %v; want %d", i, got, err, step.want)
		}
	}
}
