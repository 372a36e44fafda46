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
	ErrTruncation             // the ICV is right, and cut to another length than ours: sha256_96 on one side alone
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
	ErrQueue                  // the queue of an SA at a fixed rate is full
	ErrCoDel                  // the packets of a flow waited too long for a while (RFC 8289)
	ErrOverload               // others had no room for the packets of this child
	ErrOther                  // anything else

	NumDrops = int(ErrOther) + 1
)

// dropText is the label of a reason, for counters, and its sentence, for logs.
type dropText struct{ label, sentence string }

func (d Drop) text() dropText {
	texts := [NumDrops]dropText{
		0:                    {"none", "not dropped"},
		ErrTruncated:         {"truncated", "packet shorter than its headers say"},
		ErrUnknownSPI:        {"unknown_spi", "no SA with this SPI"},
		ErrReplay:            {"replay", "sequence number seen before or too old"},
		ErrAuthentication:    {"authentication", "integrity check failed"},
		ErrTruncation:        {"truncation", "the peer cuts HMAC-SHA-256 to another length: sha256_96 is set on one side alone"},
		ErrPadding:           {"padding", "malformed padding"},
		ErrDummy:             {"dummy", "dummy packet"},
		ErrNextHeader:        {"next_header", "next header not allowed in this mode"},
		ErrInner:             {"inner", "malformed packet inside"},
		ErrSelector:          {"selector", "packet inside does not match the SA's traffic selectors"},
		ErrCongestion:        {"congestion", "congestion marked on a packet that cannot carry the mark"},
		ErrMalformed:         {"malformed", "malformed IP packet"},
		ErrFragment:          {"fragment", "fragment that may not pass"},
		ErrNoPolicy:          {"no_policy", "no policy for the packet"},
		ErrDiscarded:         {"discarded", "discarded by policy"},
		ErrUnprotected:       {"unprotected", "clear text where policy wants protection"},
		ErrNoSA:              {"no_sa", "no SA yet"},
		ErrTooBig:            {"too_big", "larger than the path carries"},
		ErrSequenceExhausted: {"sequence_exhausted", "sequence numbers used up"},
		ErrExpired:           {"expired", "SA reached its hard limit"},
		ErrCipher:            {"cipher", "transforms or keys do not make a cipher"},
		ErrQueue:             {"queue", "the queue of an SA at a fixed rate is full"},
		ErrCoDel:             {"codel", "the packets of a flow waited too long for a while"},
		ErrOverload:          {"overload", "more packets than the processor can send, most of them of this child"},
		ErrOther:             {"other", "other fault"},
	}
	if int(d) >= NumDrops {
		return texts[ErrOther]
	}
	return texts[d]
}

// Error returns a sentence for logs.
func (d Drop) Error() string { return d.text().sentence }

// String returns the label of the reason, for counters.
func (d Drop) String() string { return d.text().label }

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
