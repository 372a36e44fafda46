package dataplane

// A Burst is a run of ESP packets that take one path, each from its SPI on, one behind the other: what a single
// segmented send or a coalesced receive carries. Who holds the buffer, and until when, is said where a Burst is passed.
type Burst struct {
	Path Path
	Data []byte
	// Segment is the length in octets of every packet but the last, which may be shorter. 0 means that Data is one packet.
	Segment int
	TOS     uint8 // traffic class of the outer headers: DSCP and ECN
	// DF says of outbound packets that they must not be fragmented on their way. Over IPv6, where no router does that, those without
	// leave in fragments that every path carries, if they are longer.
	DF bool
}

// Count is the number of packets in the burst.
func (b *Burst) Count() int {
	if b.Segment <= 0 || b.Segment >= len(b.Data) {
		return 1
	}
	return (len(b.Data) + b.Segment - 1) / b.Segment
}

// Next cuts the first packet off and reports whether there was one:
//
//	for p, ok := b.Next(); ok; p, ok = b.Next() { ... }
func (b *Burst) Next() ([]byte, bool) {
	if len(b.Data) == 0 {
		return nil, false
	}
	n := b.Segment
	if n <= 0 || n > len(b.Data) {
		n = len(b.Data)
	}
	p := b.Data[:n:n]
	b.Data = b.Data[n:]
	return p, true
}
