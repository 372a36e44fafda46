package esp

import (
	"encoding/binary"
	"strconv"
	"time"
)

// PathMTULife is how long a lowered path MTU is believed (RFC 1191, Section 6.3; RFC 4301, Section 8.2.2).
const PathMTULife = 10 * time.Minute

// Path MTUs below these are not believed: IPv6 links carry 1280 octets (RFC 8200, Section 5), and IPv4 hosts take
// datagrams of 576 (RFC 791); an unauthenticated message must not set a trivial size (RFC 4301, Section 6.1.1).
const (
	minPathMTU4 = 576
	minPathMTU6 = 1280
)

// Source tells where knowledge about an MTU comes from.
type Source uint8

// The sources.
const (
	FromLink  Source = iota // nothing is known but the first link
	FromICMP                // a router, or our own host, said so
	FromProbe               // a packet of this size was acknowledged (RFC 8899)
)

// String names the source.
func (s Source) String() string {
	names := [...]string{"link", "icmp", "probe"}
	if int(s) < len(names) {
		return names[s]
	}
	return "SOURCE(" + strconv.Itoa(int(s)) + ")"
}

// A PathMTU is the MTU of a path: what its first link carries, or what probes found, until ICMP lowers it for a while.
type PathMTU struct {
	known, lowered int
	source         Source // of known
	floor          int
	learnt         time.Time // of lowered
}

// NewPathMTU returns the MTU of a path whose first link carries link octets.
func NewPathMTU(link int, ipv6 bool) PathMTU {
	floor := minPathMTU4
	if ipv6 {
		floor = minPathMTU6
	}
	return PathMTU{known: link, lowered: link, floor: min(floor, link)}
}

// Lower takes news of a smaller MTU and reports whether it changed anything. Values below the floor count as the floor.
func (p *PathMTU) Lower(mtu int, now time.Time) bool {
	mtu = max(mtu, p.floor)
	before, _ := p.At(now)
	if mtu > before {
		return false
	}
	p.lowered, p.learnt = mtu, now
	return mtu < before
}

// Probed takes what probes found out. It is newer than anything that was heard, and proven.
func (p *PathMTU) Probed(mtu int) {
	p.known, p.source, p.learnt = max(mtu, p.floor), FromProbe, time.Time{}
}

// At returns the path MTU to use now, and how it was learnt.
func (p *PathMTU) At(now time.Time) (int, Source) {
	if p.learnt.IsZero() || now.Sub(p.learnt) >= PathMTULife || p.lowered >= p.known {
		return p.known, p.source
	}
	return p.lowered, FromICMP
}

// ParseQuote reads the start of an ESP packet that an ICMP error quotes: its SPI and the low half of its sequence number,
// which tell whether the packet was ours (RFC 4301, Section 8.2.1). ok is false when too little is quoted, and for IKE
// behind its marker (RFC 3948, Section 2.2).
func ParseQuote(b []byte) (spi, sequence uint32, ok bool) {
	if len(b) < headerLen {
		return 0, 0, false
	}
	spi, sequence = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	return spi, sequence, spi != 0
}

// quotable is how long ago, in packets, one was sent that an error may still come about.
const quotable = 1 << 16

// Sent reports whether a quoted sequence number is one of the last that the SA has sent. Those who do not see its packets
// cannot know.
func (o *Outbound) Sent(sequence uint32) bool {
	last := o.Sequence()
	ago := uint32(last) - sequence
	return uint64(ago) < min(last, quotable)
}
