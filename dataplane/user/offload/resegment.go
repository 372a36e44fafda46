package offload

const (
	flagSYN = 0x02
	flagRST = 0x04
	flagURG = 0x20
)

// leastPayload is what a packet carries at least after Resegment; a path that has no room for it is no path.
const leastPayload = 64

// Resegment has TCP cut into packets of n octets at most, and reports whether it can: a stream has no boundaries to keep, so
// that what a sender has made too large need not be lost. It does so with super-packets, and with whole packets whose checksum
// is right and that hold nothing but data. It must come before Next.
func (s *Segments) Resegment(n int) bool {
	if len(s.head) == 0 {
		whole, ok := s.stream()
		if !ok {
			return false
		}
		*s = whole
	}
	if s.udp || n-len(s.head) < leastPayload {
		return false
	}
	s.size = min(s.size, n-len(s.head))
	return true
}

// stream is a whole packet of TCP in the form of a super-packet of one.
func (s *Segments) stream() (Segments, bool) {
	p := s.payload
	in, ok := inspect(p)
	if !ok || in.udp || in.head == len(p) || s.checksum == 0 && !in.valid(p) {
		return Segments{}, false
	}
	flags := p[in.transport+13]
	if flags&(flagSYN|flagRST|flagURG) != 0 {
		return Segments{}, false
	}
	return Segments{head: p[:in.head], payload: p[in.head:], size: len(p) - in.head, first: true, transport: in.transport, once: flags & flagCWR}, true
}
