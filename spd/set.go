package spd

// Intersect returns the packets that a selector of a and one of b match, merged and in order.
func Intersect(a, b []Selector) []Selector { return nil }

// Covers reports whether every packet that inner matches is matched by some selector of outer.
func Covers(outer, inner []Selector) bool { return false }

// Merge returns the same set of packets in a canonical form: in order, without selectors that others contain, adjacent and
// overlapping ranges joined.
func Merge(list []Selector) []Selector { return nil }
