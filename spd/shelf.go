package spd

import "net/netip"

// maxFew is how many rules of one remote prefix are searched one by one. Nearly all shelves hold one rule, which is thus
// found without another step through memory.
const maxFew = 8

// A shelf holds the rules of one remote prefix: few of them in order, many in a table of their local prefixes. It is a
// value and persistent.
type shelf[T any] struct {
	few  bucket[T]
	many *table[bucket[T]]
}

func (s shelf[T]) empty() bool { return len(s.few) == 0 && s.many == nil }

// with returns a shelf that has r as well.
func (s shelf[T]) with(r rule[T]) shelf[T] {
	if s.many == nil && len(s.few) < maxFew {
		s.few = s.few.with(r)
		return s
	}
	var many table[bucket[T]]
	if s.many != nil {
		many = *s.many
	}
	for _, old := range s.few {
		editBucket(&many, old, bucket[T].with)
	}
	editBucket(&many, r, bucket[T].with)
	return shelf[T]{many: &many}
}

// without returns a shelf that lacks the rules of r's policy that lie where r does.
func (s shelf[T]) without(r rule[T]) shelf[T] {
	s.few = s.few.without(r)
	if s.many != nil {
		many := *s.many
		editBucket(&many, r, bucket[T].without)
		if s.many = &many; many.empty() {
			s.many = nil
		}
	}
	return s
}

// match returns the first rule for the flow, read as outbound or inbound. local is the local address in it.
func (s *shelf[T]) match(f Flow, local netip.Addr, inbound bool) *rule[T] {
	if s.many == nil {
		return s.few.match(f, inbound)
	}
	var best *rule[T]
	w := s.many.along(number(local), local.BitLen())
	for b := w.next(); b != nil; b = w.next() {
		if r := b.match(f, inbound); r != nil && (best == nil || r.before(best)) {
			best = r
		}
	}
	return best
}

// editBucket edits the bucket in which r belongs.
func editBucket[T any](t *table[bucket[T]], r rule[T], edit func(bucket[T], rule[T]) bucket[T]) {
	at := r.local.covering()
	k := number(at.Addr())
	old, _ := t.get(k, at.Bits())
	if b := edit(old, r); len(b) == 0 {
		*t = t.remove(k, at.Bits())
	} else {
		*t = t.set(k, at.Bits(), b)
	}
}
