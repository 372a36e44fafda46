package carrier

// headerRoom is what a packet has besides TLS data: code, identifier, length and type of EAP, flags and message length.
const headerRoom = 4 + 1 + 1 + 4

// The size of EAP packets in octets. Peers need not take more than 1020 (RFC 3748, Section 3.1).
const (
	DefaultFragment = 1020
	MinFragment     = 64
)

// A sender cuts messages into fragments.
type sender struct {
	size    int // of a packet
	version uint8
	message []byte
	total   uint32
}

// load takes the next message.
func (s *sender) load(message []byte) { s.message, s.total = message, uint32(len(message)) }

// pending reports whether there is something left of the message.
func (s *sender) pending() bool { return len(s.message) > 0 }

// next returns the type-data with the next fragment. The first one has the length of the message whether or not there are
// more: the RFC allows it, and peers exist that want it.
func (s *sender) next() []byte {
	n := min(len(s.message), s.size-headerRoom)
	f := frame{version: s.version, more: n < len(s.message), data: s.message[:n]}
	if len(s.message) == int(s.total) {
		f.hasLength, f.length = true, s.total
	}
	s.message = s.message[n:]
	return f.append(make([]byte, 0, 5+n))
}

// empty returns type-data without TLS data: an acknowledgement, or a turn with nothing to say.
func (s *sender) empty() []byte { return frame{version: s.version}.append(nil) }
