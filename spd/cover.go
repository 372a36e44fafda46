package spd

// maxPieces bounds the work of Covers. Sets that shatter into more are answered with false, the safe side.
const maxPieces = 4096

// Covers reports whether every packet that inner matches is matched by some selector of outer.
//
// It takes the selectors of outer away from inner, one by one, and looks whether anything is left. A selector of ANY
// protocol counts as covered only by selectors of ANY protocol, and false may be the answer for sets that need more than 4096
// pieces.
func Covers(outer, inner []Selector) bool {
	left := inner
	for _, o := range outer {
		var next []Selector
		for _, s := range left {
			next = s.appendWithout(next, o)
		}
		if left = next; len(left) == 0 {
			break
		}
		if len(left) > maxPieces {
			return false
		}
	}
	return len(left) == 0
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
