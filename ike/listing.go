package ike

// A Listing is how far a shard's IKE SAs have been listed, part by part while they come and go. The zero value begins one.
//
// It goes through the slots twice: for the IKE SAs that were there at the beginning, then for those that have come since. So what
// is there from the first part to the last is listed, once; and an IKE SA that is rekeyed or authenticated anew meanwhile is
// listed itself, or its successor is, or both. What comes during the second round is left out.
type Listing struct {
	round         int
	slot          int    // the next one to be looked at
	after, latest uint32 // the numbers of this round's IKE SAs, after excluded
}

// The rounds of a listing.
const (
	roundNone = iota
	roundThere
	roundNew
	roundsOver
)

// List tells about the next n IKE SAs, of which those are left out that Status leaves out. None is the end.
func (s *Shard) List(l *Listing, n int) []SAStatus {
	var list []SAStatus
	for l.round < roundsOver {
		if l.round == roundNone || l.slot >= len(s.slots.list) {
			l.turn(s.newest())
			continue
		}
		sa := s.slots.list[l.slot].sa
		if sa != nil && sa.state != StateClosed && sa.id > l.after && sa.id <= l.latest {
			if len(list) == n {
				break
			}
			list = append(list, sa.Status())
		}
		l.slot++
	}
	return list
}

// turn begins the next round, which is about IKE SAs up to a number.
func (l *Listing) turn(newest uint32) {
	l.round++
	l.slot, l.after, l.latest = 0, l.latest, newest
}

// newest is the highest number of an IKE SA of the shard.
func (s *Shard) newest() (n uint32) {
	for i := range s.slots.list {
		if sa := s.slots.list[i].sa; sa != nil {
			n = max(n, sa.id)
		}
	}
	return n
}
