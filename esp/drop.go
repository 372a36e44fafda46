package esp

import "errors"

// A Drop is the reason why a packet goes no further. It is an error, and an index into an array of NumDrops counters.
type Drop uint8

// The reasons, of both directions.
const (
	_                    Drop = iota
	ErrTruncated              // shorter than its headers say
	ErrUnknownSPI             // no SA with this SPI (RFC 4301, Section 5.2, step 3a)
	ErrReplay                 // seen before, or left of the window (RFC 4303, Section 3.4.3)
	ErrAuthentication         // the ICV is wrong (RFC 4303, Section 3.4.4.1)
	ErrPadding                // the padding is not 1, 2, 3, ... (RFC 4303, Section 2.4)
	ErrDummy                  // next header 59: traffic flow confidentiality, not a fault (RFC 4303, Section 2.6)
	ErrNextHeader             // a next header that the SA's mode does not carry
	ErrInner                  // the packet inside is malformed
	ErrSelector               // the packet inside does not match the SA (RFC 4301, Section 5.2, step 5)
	ErrCongestion             // congestion marked on a packet whose transport cannot be told (RFC 6040, Section 4.2)
	ErrMalformed              // an outbound packet is not IPv4 or IPv6, or contradicts itself
	ErrFragment               // a fragment that may not pass: in transport mode, or tiny (RFC 4301, Section 7)
	ErrNoPolicy               // no policy wants the packet
	ErrDiscarded              // a policy says discard
	ErrUnprotected            // clear text arrived that a policy wants protected
	ErrNoSA                   // protect, and there is no SA yet
	ErrTooBig                 // larger than the path carries, and the sender was told (RFC 4301, Section 8.2.1)
	ErrSequenceExhausted      // the SA has no more sequence numbers (RFC 4303, Section 3.3.3)
	ErrExpired                // the SA reached a hard limit
	ErrCipher                 // the transforms or keys of the SA do not make a cipher
	ErrOther                  // anything else

	NumDrops = int(ErrOther) + 1
)

// DropOf returns the reason that err carries, ErrOther when it carries none, and 0 for nil.
func DropOf(err error) Drop {
	if err == nil {
		return 0
	}
	if d, ok := err.(Drop); ok {
		return d
	}
	var d Drop
	if errors.As(err, &d) {
		return d
	}
	return ErrOther
}

// Error returns a sentence for logs.
func (d Drop) Error() string { return "esp: " + d.text() }
func (d Drop) text() string  { return "" }

// String returns the label of the reason, for counters.
func (d Drop) String() string { return "" }
