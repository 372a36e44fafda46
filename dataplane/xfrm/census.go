package xfrm

import (
	"culvert/dataplane/xfrm/nl"
)

// A Census counts the states and policies of a network namespace: those that bear the marks of a Culvert, whichever it is, and
// those of other programs.
type Census struct {
	States, Policies               int
	ForeignStates, ForeignPolicies int
}

// TakeCensus counts in the network namespace of the calling thread. It needs CAP_NET_ADMIN.
func TakeCensus() (Census, error) {
	var c Census
	conn, err := nl.Dial()
	if err != nil {
		return c, err
	}
	defer conn.Close()
	states, err := conn.States()
	if err != nil {
		return c, err
	}
	policies, err := conn.Policies()
	if err != nil {
		return c, err
	}
	return count(states, policies), nil
}

func count(states []*nl.State, policies []*nl.Policy) (c Census) {
	for _, s := range states {
		if s.ReqID&reqIDRange == reqIDRange {
			c.States++
		} else {
			c.ForeignStates++
		}
	}
	const ourTag = 'C'<<56 | 'U'<<48 | 'L'<<40 | 'V'<<32
	for _, p := range policies {
		switch {
		case p.Direction > nl.PolicyForward: // of single sockets
		case p.Limits.SoftPackets&^(1<<32-1) == ourTag:
			c.Policies++
		default:
			c.ForeignPolicies++
		}
	}
	return c
}
