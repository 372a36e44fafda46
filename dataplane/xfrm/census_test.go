package xfrm

import (
	"testing"

	"culvert/dataplane/xfrm/nl"
	"culvert/internal/netnstest"
)

func TestCensusTellsOursFromOthers(t *testing.T) {
	o := newOwner("/var/lib/culvert")
	state := func(reqid uint32) *nl.State { return &nl.State{ReqID: reqid} }
	policy := func(direction nl.PolicyDirection, limits nl.Limits) *nl.Policy {
		p := &nl.Policy{Limits: limits}
		p.Direction = direction
		return p
	}
	got := count(
		[]*nl.State{state(o.reqIDs | 7), state(1), state(0)},
		[]*nl.Policy{policy(nl.PolicyOut, o.limits()), policy(nl.PolicyForward, nl.NoLimits()), policy(nl.PolicyForward+1, nl.NoLimits())},
	)
	if want := (Census{States: 1, Policies: 1, ForeignStates: 2, ForeignPolicies: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCensusIsTakenOfTheKernel(t *testing.T) {
	netnstest.Enter(t)
	if got, err := TakeCensus(); err != nil || got != (Census{}) {
		t.Errorf("an empty namespace has %+v, %v", got, err)
	}
}
