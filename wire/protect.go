package wire

import (
	"encoding/binary"
	"errors"
)

// A Protector encrypts and authenticates in one direction of an IKE SA; package suite has the implementations.
//
// prefix is everything before the IV: header, generic header of the Encrypted payload and fragment fields. It is the
// associated data of an AEAD (RFC 5282, Section 5.1) and covered by the checksum otherwise (RFC 7296, Section 3.14).
type Protector interface {
	// Overhead returns the octets of IV, padding, pad length and ICV around n octets of plaintext.
	Overhead(n int) int
	// Seal returns prefix | IV | ciphertext | ICV. It may use the spare capacity of prefix.
	Seal(prefix, plaintext []byte) ([]byte, error)
	// Open returns the plaintext of body = IV | ciphertext | ICV without padding, or an error if it is not authentic or
	// wrongly padded. It may decrypt in place.
	Open(prefix, body []byte) ([]byte, error)
}

// MaxMessage is the largest plaintext that is sealed or reassembled, in octets: no larger one fits an unfragmented
// message, so none is reasonable in fragments.
const MaxMessage = 65535

// Causes of a message that cannot be sealed or opened.
var (
	errMessageSize  = errors.New("message too large")
	errNotEncrypted = errors.New("message has no encrypted payload")
	errNoFragment   = errors.New("message is not a fragment")
)

// Seal returns the message with header h whose payloads are all inside an Encrypted payload. h.NextPayload and h.Length
// are computed.
func Seal(p Protector, h Header, payloads []Payload) ([]byte, error) {
	plaintext := AppendPayloads(nil, payloads)
	return sealAs(p, h, &Encrypted{First: firstPayload(payloads)}, plaintext)
}

// sealAs makes a message of plaintext inside e, an *Encrypted or *EncryptedFragment whose body is still empty.
func sealAs(p Protector, h Header, e Payload, plaintext []byte) ([]byte, error) {
	prefix, err := sealPrefix(p, h, e, len(plaintext))
	if err != nil {
		return nil, err
	}
	return p.Seal(prefix, plaintext)
}

// sealPrefix returns header, generic header and fields before the IV of a message that ends in the encrypted payload e
// around n octets of plaintext, with capacity for the rest.
func sealPrefix(p Protector, h Header, e Payload, n int) ([]byte, error) {
	body := n + p.Overhead(n)
	outer := []Payload{e}
	h.NextPayload = e.Type()
	prefix := make([]byte, 0, HeaderLen+genericLen+fragmentLen+body)
	prefix = AppendPayloads(h.Append(prefix), outer)
	length := len(prefix) + body
	if length-HeaderLen > MaxMessage {
		return nil, errMessageSize
	}
	binary.BigEndian.PutUint32(prefix[24:], uint32(length))
	binary.BigEndian.PutUint16(prefix[HeaderLen+2:], uint16(length-HeaderLen))
	return prefix, nil
}

// Open parses a message, verifies and decrypts its Encrypted payload and returns it with the payloads from inside in the
// place of the Encrypted payload. Payloads before it, normally none, were authenticated with it.
//
// The message aliases datagram, which may have been decrypted in place and is the message's from now on, also if Open
// fails. Failures are of type *Error; one with NotifyNone in payload SK means that the message is not authentic.
func Open(p Protector, datagram []byte) (*Message, error) {
	m, err := Parse(datagram)
	if err != nil {
		return nil, err
	}
	last := len(m.Payloads) - 1
	sk, ok := lastPayload[*Encrypted](m)
	if !ok {
		return nil, &Error{Err: errNotEncrypted}
	}
	if m.Plaintext, err = openBody(p, datagram, sk, sk.Body); err != nil {
		return nil, err
	}
	inner, err := parseAuthentic(sk.First, m.Plaintext)
	if err != nil {
		return nil, err
	}
	m.Payloads, m.Prefix = append(m.Payloads[:last], inner...), datagram[:len(datagram)-len(sk.Body)]
	return m, nil
}

// lastPayload returns the last payload of m if it is of type T.
func lastPayload[T Payload](m *Message) (T, bool) {
	if len(m.Payloads) == 0 {
		var none T
		return none, false
	}
	last, ok := m.Payloads[len(m.Payloads)-1].(T)
	return last, ok
}

// openBody verifies and decrypts body, the end of datagram, found in payload e.
func openBody(p Protector, datagram []byte, e Payload, body []byte) ([]byte, error) {
	start := len(datagram) - len(body)
	plaintext, err := p.Open(datagram[:start:start], body)
	if err != nil {
		return nil, &Error{Payload: e.Type(), Offset: start, Err: err}
	}
	return plaintext, nil
}

// parseAuthentic parses decrypted payloads.
func parseAuthentic(first PayloadType, plaintext []byte) ([]Payload, error) {
	payloads, err := ParsePayloads(first, plaintext)
	if e, ok := err.(*Error); ok {
		e.Authentic = true
	}
	return payloads, err
}
