package spd

import "time"

// fragmentLife is how long the ports of a fragmented packet are remembered: as long as a receiver may take to put the
// packet together (RFC 8200, Section 4.5; RFC 1122, Section 3.3.2).
const fragmentLife = 60 * time.Second

// fragmentWays is the number of packets that share one place of a FragmentTable.
const fragmentWays = 4

// A FragmentTable is the stateful fragment check of RFC 4301, Section 7.3: it remembers the ports that the first fragment of
// a packet shows, and gives them to the others. Its memory is fixed; a flood of fragments pushes out the oldest ones, which
// makes their successors Opaque. It is not safe for concurrent use.
//
// What becomes of fragments: a fragment whose ports are known matches what its whole packet matches. An Opaque one matches
// selectors whose ports are ANY or OPAQUE, and no others (Sections 7.1 and 7.2). The table must be asked for traffic of
// Bypass policies with particular ports (Section 7.4), and may be asked for SAs with particular ports when
// NON_FIRST_FRAGMENTS_ALSO was negotiated (Section 7.3); without it such an SA carries no Opaque fragment.
type FragmentTable struct {
	sets []fragmentSet
}

type fragment struct {
	key    fragmentKey
	ports  [2]uint16
	expiry time.Time
}

// A fragmentSet holds the packets of one place of the table.
type fragmentSet [fragmentWays]fragment

type fragmentKey struct {
	source, destination uint128
	id                  uint32
	version, protocol   uint8
}

// NewFragmentTable returns a table that remembers up to packets packets, rounded up to a power of two and at least
// four. Each takes about 100 octets.
func NewFragmentTable(packets int) *FragmentTable {
	n := 1
	for n*fragmentWays < packets {
		n *= 2
	}
	return &FragmentTable{sets: make([]fragmentSet, n)}
}

// Whole returns the flow of the packet that a fragment without ports belongs to, for a check that the packet itself has
// passed (see Passed). Other packets, and fragments of packets that have not passed, return as they are.
func (t *FragmentTable) Whole(f Flow, i PacketInfo, now time.Time) Flow {
	if i.Fragment && i.FragmentOffset > 0 {
		f, _ = t.Resolve(f, i, now)
	}
	return f
}

// Passed remembers the ports of a first fragment that was let through, so that the others of its packet follow it. Nobody
// can speak for the packets of others that way.
func (t *FragmentTable) Passed(f Flow, i PacketInfo, now time.Time) {
	if i.Fragment && i.FragmentOffset == 0 {
		t.Resolve(f, i, now)
	}
}

// Resolve returns f with the ports of the packet that it is a fragment of. known is false when they are hidden from it
// and the first fragment has not come by within the last minute; f is Opaque then. Packets that are no fragments return as they are.
func (t *FragmentTable) Resolve(f Flow, i PacketInfo, now time.Time) (flow Flow, known bool) {
	if !i.Fragment || !twoPorts(f.Protocol) && !oneField(f.Protocol) {
		return f, !i.Fragment || !isExtension(f.Protocol)
	}
	key := fragmentKey{number(f.Source), number(f.Destination), i.ID, i.Version, f.Protocol}
	set := &t.sets[key.hash()&uint64(len(t.sets)-1)]
	if i.FragmentOffset == 0 {
		if !f.Opaque {
			set.remember(key, f, now)
		}
		return f, !f.Opaque
	}
	return set.recall(key, f, now)
}

func (s *fragmentSet) remember(key fragmentKey, f Flow, now time.Time) {
	at := 0
	for n := range s {
		if s[n].key == key {
			at = n
			break
		}
		if s[n].expiry.Before(s[at].expiry) {
			at = n
		}
	}
	s[at] = fragment{key, [2]uint16{f.SourcePort, f.DestinationPort}, now.Add(fragmentLife)}
}

func (s *fragmentSet) recall(key fragmentKey, f Flow, now time.Time) (Flow, bool) {
	for n := range s {
		if s[n].key == key && now.Before(s[n].expiry) {
			f.SourcePort, f.DestinationPort, f.Opaque = s[n].ports[0], s[n].ports[1], false
			return f, true
		}
	}
	return f, false
}

func (k *fragmentKey) hash() uint64 {
	h := mix(k.source.hi, k.source.lo)
	h = mix(h, k.destination.hi^uint64(k.protocol))
	return mix(h^k.destination.lo, uint64(k.id))
}
