package spd

import (
	"hash/maphash"
	"testing"
)

func TestHashIsTheSameForTheSameLists(t *testing.T) {
	a, b, c := sel(t, "10.1.0.0/16"), sel(t, "10.1.0.0/16[tcp/80]"), sel(t, "fd01::/64")
	seed := maphash.MakeSeed()
	hash := func(lists ...[]Selector) uint64 {
		var h maphash.Hash
		h.SetSeed(seed)
		for _, l := range lists {
			Hash(&h, l)
		}
		return h.Sum64()
	}
	seen := map[uint64]int{}
	for i, lists := range [][][]Selector{
		{{}, {}}, {{a}, {}}, {{}, {a}}, {{a}, {b}}, {{b}, {a}}, {{a, b}, {}}, {{}, {a, b}}, {{b, a}, {}}, {{a}, {b, c}}, {{a, b}, {c}}, {{a, a}, {}},
	} {
		h := hash(lists...)
		if o, ok := seen[h]; ok {
			t.Errorf("lists %d and %d have one hash", o, i)
		}
		seen[h] = i
		if hash(lists...) != h {
			t.Errorf("list %d has two hashes", i)
		}
	}
}
