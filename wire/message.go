package wire

import "encoding/binary"

// Message is an IKE message: its header and its payloads in order.
type Message struct {
	Header
	Payloads []Payload
	// Plaintext is the inner payload chain as it was decrypted, nil for messages without an Encrypted payload.
	// IKE_INTERMEDIATE authenticates these very octets (RFC 9242, Section 3.3.2).
	Plaintext []byte
	// Prefix goes from the header to the generic header of the Encrypted payload, as they came, nil without one.
	Prefix []byte
	// Fragments and Octets count the datagrams that a Reassembler has put together, and what is in them (RFC 7383); both are 0
	// for a message that came whole.
	Fragments, Octets int
}

// Parse parses one IKE message that fills b exactly, without the non-ESP marker. An Encrypted or Encrypted Fragment
// payload stays as it is; Open and OpenFragment look inside. Unknown payloads are returned as *Unknown, to be ignored,
// unless they are critical. The message aliases b. Failures are of type *Error.
func Parse(b []byte) (*Message, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return nil, err
	}
	if int64(h.Length) != int64(len(b)) {
		return nil, &Error{Notify: NotifyInvalidSyntax, Err: errLength}
	}
	payloads, err := parseChain(h.NextPayload, b[HeaderLen:], parsePayload)
	if err != nil {
		return nil, outerError(err)
	}
	return &Message{Header: h, Payloads: payloads}, nil
}

// outerError makes the offset of an error in the outer chain count from the header.
func outerError(err error) error {
	if e, ok := err.(*Error); ok {
		e.Offset += HeaderLen
	}
	return err
}

// Append appends the message to b. The header's NextPayload and Length are computed, whatever they were; Plaintext and
// Prefix are not looked at. The message must fit a UDP datagram: at most 65535 octets, of which the caller makes sure.
func (m *Message) Append(b []byte) []byte {
	start := len(b)
	h := m.Header
	h.NextPayload = firstPayload(m.Payloads)
	b = AppendPayloads(h.Append(b), m.Payloads)
	binary.BigEndian.PutUint32(b[start+24:], uint32(len(b)-start))
	return b
}
