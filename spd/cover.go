package spd

// maxPieces bounds the work of Covers.
const maxPieces = 1024

// Covers reports whether every packet that inner matches is matched by some selector of outer. A selector of ANY protocol
// counts as covered only by selectors of ANY protocol, and sets that shatter into more than 1024 pieces on the way count as
// not covered, the safe side.
func Covers(outer, inner []Selector) bool {
	left, ok := subtract(inner, outer)
	return ok && len(left) == 0
}

// subtract takes the selectors of what away from list, one by one. ok is false when that makes too many pieces.
func subtract(list, what []Selector) (left []Selector, ok bool) {
	left = list
	for _, o := range what {
		var next []Selector
		for _, s := range left {
			next = s.appendWithout(next, o)
		}
		if left = next; len(left) > maxPieces {
			return nil, false
		}
	}
	return left, true
}

// appendWithout appends the selectors that match what s matches and o does not: below and above o's addresses, and in
// between below and above its ports. Where no selectors could say that, it appends more.
func (s Selector) appendWithout(dst []Selector, o Selector) []Selector {
	both, ok := s.Intersect(o)
	if !ok || s.Protocol == 0 && o.Protocol != 0 || s.AnyPort() && o.IsOpaque() {
		return append(dst, s)
	}
	if s.Start.Less(both.Start) {
		below := s
		below.End = both.Start.Prev()
		dst = append(dst, below)
	}
	if both.End.Less(s.End) {
		above := s
		above.Start = both.End.Next()
		dst = append(dst, above)
	}
	between := s
	between.Start, between.End = both.Start, both.End
	return between.appendOtherPorts(dst, both)
}

// appendOtherPorts appends what is left of s without the ports of o, which are among its own.
func (s Selector) appendOtherPorts(dst []Selector, o Selector) []Selector {
	if s.StartPort == o.StartPort && s.EndPort == o.EndPort {
		return dst
	}
	if s.StartPort < o.StartPort {
		below := s
		below.EndPort = o.StartPort - 1
		dst = append(dst, below)
	}
	if o.EndPort < s.EndPort {
		above := s
		above.StartPort = o.EndPort + 1
		dst = append(dst, above)
	}
	if s.AnyPort() {
		s.StartPort, s.EndPort = OpaqueStart, OpaqueEnd
		dst = append(dst, s)
	}
	return dst
}
