package spd

// Action is what the SPD says about a packet (RFC 4301, Section 4.4.1).
type Action uint8

// The actions.
const (
	Discard Action = iota
	Bypass
	Protect
)

// String returns "discard", "bypass" or "protect".
func (a Action) String() string {
	switch a {
	case Bypass:
		return "bypass"
	case Protect:
		return "protect"
	}
	return "discard"
}

// A Policy is one entry of the SPD. Its selectors are sets that pair freely, as IKEv2 negotiates them (RFC 4301,
// Section 4.4.1.2).
type Policy struct {
	ID       uint32 // unique in a Database
	Action   Action
	Priority int // higher goes first; equal: the more specific selectors, then the older policy
	Selectors
}

// Selectors are the two sides of a policy or of an SA, seen from us.
type Selectors struct {
	Local, Remote []Selector
}

// Outbound reports whether a packet of ours matches: its source a local selector, its destination a remote one.
func (s Selectors) Outbound(f Flow) bool {
	return anySource(s.Local, f) && anyDestination(s.Remote, f)
}

// Inbound reports whether a packet of the peer matches. It is the check of RFC 4301, Section 5.2, step 4.
func (s Selectors) Inbound(f Flow) bool {
	return anySource(s.Remote, f) && anyDestination(s.Local, f)
}

func anySource(list []Selector, f Flow) bool {
	for i := range list {
		if list[i].ContainsSource(f) {
			return true
		}
	}
	return false
}

func anyDestination(list []Selector, f Flow) bool {
	for i := range list {
		if list[i].ContainsDestination(f) {
			return true
		}
	}
	return false
}
