package supervisor

import (
	"hash/maphash"

	"culvert/spd"
)

// A digest stands for something that is compared and never shown, in a fraction of the memory. Each Supervisor has a seed of its
// own: no peer can look for two names with one digest.
type digest uint64

func (s *Supervisor) digestOfPair(p pair) digest { return digest(maphash.Comparable(s.seed, p)) }

// digestOfTraffic is that of what a child carries.
func (s *Supervisor) digestOfTraffic(c twin) digest {
	var h maphash.Hash
	h.SetSeed(s.seed)
	spd.Hash(&h, c.local)
	spd.Hash(&h, c.remote)
	maphash.WriteComparable(&h, c.numbers())
	return digest(h.Sum64())
}
