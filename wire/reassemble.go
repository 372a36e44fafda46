package wire

import (
	"bytes"
	"errors"
	"slices"
)

// Causes of a refused fragment.
var (
	errForeignFragment = errors.New("fragment of another message")
	errStaleFragment   = errors.New("fragment of an older, coarser set")
)

// Reassembler puts the fragments of one message together (RFC 7383, Section 2.6). The zero value is ready; it serves one
// message ID and direction, and is not safe for concurrent use. It holds at most MaxFragments fragments of MaxMessage
// octets in total, in memory of its own, and is empty again after a message is complete.
type Reassembler struct {
	header Header // of fragment number 1 once it is there
	outer  []Payload
	first  PayloadType
	prefix []byte   // of the message, but for its lengths
	parts  [][]byte // by fragment number less one; nil where missing
	have   int
	size   int
	octets int // of the datagrams
}

// Add takes an authentic fragment and returns the message when it was the last one missing.
//
// A duplicate is ignored. A fragment of a set with more fragments replaces what was collected, since the sender has
// repeated the message with a smaller datagram size; one of a set with fewer is refused. An error leaves what was collected
// in place, except that a message too large is dropped whole. Errors in the complete message are of type *Error.
func (r *Reassembler) Add(f Fragment) (m *Message, complete bool, err error) {
	switch {
	case f.Number == 0 || f.Number > f.Total:
		return nil, false, &Error{Payload: PayloadSKF, Err: errFragmentNumber}
	case f.Total > MaxFragments:
		return nil, false, &Error{Payload: PayloadSKF, Err: errFragmentCount}
	case r.parts != nil && !sameMessage(r.header, f.Header):
		return nil, false, &Error{Payload: PayloadSKF, Err: errForeignFragment}
	case int(f.Total) < len(r.parts):
		return nil, false, &Error{Payload: PayloadSKF, Err: errStaleFragment}
	case int(f.Total) > len(r.parts):
		*r = Reassembler{parts: make([][]byte, f.Total)}
	}
	if err := r.store(f); err != nil || r.have < len(r.parts) {
		return nil, false, err
	}
	m, err = r.join()
	return m, err == nil, err
}

// store copies a fragment to its place, unless it is there already.
func (r *Reassembler) store(f Fragment) error {
	if r.parts[f.Number-1] != nil {
		return nil
	}
	if r.size+len(f.Plaintext) > MaxMessage {
		*r = Reassembler{}
		return &Error{Payload: PayloadSKF, Authentic: true, Err: errMessageSize}
	}
	r.parts[f.Number-1] = append([]byte{}, f.Plaintext...)
	r.have++
	r.size += len(f.Plaintext)
	r.octets += int(f.Length)
	if f.Number == 1 || r.have == 1 {
		r.header = f.Header
	}
	if f.Number == 1 {
		r.outer, r.first, r.prefix = f.Outer, f.First, unfragmentedPrefix(f.Prefix, f.Outer)
	}
	return nil
}

// join parses the complete message and empties the Reassembler.
func (r *Reassembler) join() (*Message, error) {
	done := *r
	*r = Reassembler{}
	plaintext := bytes.Join(done.parts, nil)
	inner, err := parseAuthentic(done.first, plaintext)
	if err != nil {
		return nil, err
	}
	return &Message{Header: done.header, Payloads: slices.Concat(done.outer, inner), Plaintext: plaintext, Prefix: done.prefix,
		Fragments: len(done.parts), Octets: done.octets}, nil
}

// sameMessage reports whether two fragments belong to one message: fragments share the header but for NextPayload and
// Length.
func sameMessage(a, b Header) bool {
	return a.InitiatorSPI == b.InitiatorSPI && a.ResponderSPI == b.ResponderSPI &&
		a.Exchange == b.Exchange && a.Flags == b.Flags && a.MessageID == b.MessageID
}
