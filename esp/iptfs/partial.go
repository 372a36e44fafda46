package iptfs

// A partial is an inner packet of which fragments are missing. It takes MaxPacket octets at most.
type partial struct {
	active bool
	data   []byte
	total  int // octets of the whole packet; 0: its header has not come yet
	tos    uint8
}

// start takes the first fragment.
func (p *partial) start(fragment []byte, total int, tos uint8) {
	p.active, p.total, p.tos = true, total, tos
	p.data = append(p.data[:0], fragment...)
}

// add takes the next fragment, of a payload that says that left octets are still to come. It reports whether that agrees with
// what was known.
func (p *partial) add(fragment []byte, left int, tos uint8) bool {
	if p.total == 0 {
		p.total = len(p.data) + left
	}
	if p.total != len(p.data)+left || p.total > MaxPacket {
		return false
	}
	p.data = append(p.data, fragment...)
	p.tos = combine(p.tos, tos)
	return true
}

// complete reports whether the packet is as long as it says itself.
func (p *partial) complete() bool {
	n, is := measure(p.data)
	return is == shapePacket && n == len(p.data)
}

// congested is the ECN field that says congestion experienced (RFC 3168, Section 5).
const congested = 3

// combine returns the outer traffic class of a packet that came in two parts (RFC 3168, Section 5.3).
func combine(a, b uint8) uint8 {
	if a&congested == congested {
		return b | congested
	}
	return b
}
