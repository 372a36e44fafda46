package esp

import "time"

// PathMTULife is how long a lowered path MTU is believed (RFC 1191, Section 6.3; RFC 4301, Section 8.2.2).
const PathMTULife = 10 * time.Minute

// Path MTUs below these are not believed: IPv6 links carry 1280 octets (RFC 8200, Section 5), and IPv4 hosts take
// datagrams of 576 (RFC 791); an unauthenticated message must not set a trivial size (RFC 4301, Section 6.1.1).
const (
	minPathMTU4 = 576
	minPathMTU6 = 1280
)

// A PathMTU is the MTU of a path, which ICMP lowers and time restores.
type PathMTU struct {
	link, value int
	floor       int
	learnt      time.Time
}

// NewPathMTU returns the MTU of a path whose first link carries link octets.
func NewPathMTU(link int, ipv6 bool) PathMTU {
	floor := minPathMTU4
	if ipv6 {
		floor = minPathMTU6
	}
	return PathMTU{link: link, value: link, floor: min(floor, link)}
}

// Lower takes news of a smaller MTU and reports whether it changed anything. Values below the floor count as the floor.
func (p *PathMTU) Lower(mtu int, now time.Time) bool {
	mtu = max(mtu, p.floor)
	if mtu > p.At(now) {
		return false
	}
	changed := mtu < p.At(now)
	p.value, p.learnt = mtu, now
	return changed
}

// At returns the path MTU to use now.
func (p *PathMTU) At(now time.Time) int {
	if now.Sub(p.learnt) >= PathMTULife {
		return p.link
	}
	return p.value
}

// Plateau returns the MTU to assume when a router that names none refused a packet of n octets: the next lower one of the
// sizes that links have (RFC 1191, Section 7.1).
func Plateau(n int) int {
	for _, mtu := range []int{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296} {
		if mtu < n {
			return mtu
		}
	}
	return 68
}
