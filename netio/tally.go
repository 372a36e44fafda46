package netio

import "net/netip"

// A tally counts streams by the networks that they come from.
type tally struct {
	of   map[*stream]netip.Prefix
	from map[netip.Prefix]int
}

func newTally() tally { return tally{make(map[*stream]netip.Prefix), make(map[netip.Prefix]int)} }

// add counts a stream, once.
func (t *tally) add(s *stream, network netip.Prefix) {
	if _, there := t.of[s]; !there {
		t.of[s] = network
		t.from[network]++
	}
}

// drop counts it no longer.
func (t *tally) drop(s *stream) {
	network, there := t.of[s]
	if !there {
		return
	}
	delete(t.of, s)
	if t.from[network]--; t.from[network] == 0 {
		delete(t.from, network)
	}
}
