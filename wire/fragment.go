package wire

import (
	"errors"
	"slices"
)

// MaxFragments bounds the fragments of one message, sent or received: enough for MaxMessage octets in datagrams of the
// smallest recommended size, 576 octets (RFC 7383, Section 2.5.1).
const MaxFragments = 255

// Causes of a message that cannot be fragmented.
var (
	errDatagramSize  = errors.New("datagrams too small for any fragment")
	errFragmentCount = errors.New("too many fragments")
)

// Fragment is a decrypted fragment of a message (RFC 7383, Section 2.6).
type Fragment struct {
	Header
	Outer         []Payload   // payloads before the Encrypted Fragment payload: none in any exchange known today
	First         PayloadType // of the whole message's inner payloads, in fragment number 1
	Number, Total uint16      // 1 <= Number <= Total
	Plaintext     []byte      // any octets of the inner payload chain, not aligned to payloads
	Prefix        []byte      // of the datagram, up to the IV; aliases it
}

// SealFragments returns the message with header h whose payloads are all inside an Encrypted payload, as one datagram of
// at most maxDatagram octets if that is enough, as fragments of at most that size otherwise (RFC 7383, Section 2.5).
// maxDatagram counts the octets of the IKE message, without UDP and IP headers and without the non-ESP marker.
func SealFragments(p Protector, h Header, payloads []Payload, maxDatagram int) ([][]byte, error) {
	plaintext, first := AppendPayloads(nil, payloads), firstPayload(payloads)
	if HeaderLen+genericLen+len(plaintext)+p.Overhead(len(plaintext)) <= maxDatagram {
		datagram, err := sealAs(p, h, &Encrypted{First: first}, plaintext)
		if err != nil {
			return nil, err
		}
		return [][]byte{datagram}, nil
	}
	chunk := chunkLen(p, maxDatagram)
	switch {
	case len(plaintext) > MaxMessage:
		return nil, errMessageSize
	case chunk <= 0:
		return nil, errDatagramSize
	case len(plaintext) > MaxFragments*chunk:
		return nil, errFragmentCount
	}
	return sealChunks(p, h, first, plaintext, chunk)
}

// sealChunks makes a fragment of each chunk octets of plaintext. Only the first names the first payload.
func sealChunks(p Protector, h Header, first PayloadType, plaintext []byte, chunk int) ([][]byte, error) {
	total := (len(plaintext) + chunk - 1) / chunk
	datagrams := make([][]byte, 0, total)
	for part := range slices.Chunk(plaintext, chunk) {
		e := &EncryptedFragment{First: first, Number: uint16(len(datagrams) + 1), Total: uint16(total)}
		datagram, err := sealAs(p, h, e, part)
		if err != nil {
			return nil, err
		}
		datagrams = append(datagrams, datagram)
		first = PayloadNone
	}
	return datagrams, nil
}

// chunkLen returns the largest plaintext of a fragment that fits the datagram. The padding makes the overhead a sawtooth
// of a cipher block, so the search is short.
func chunkLen(p Protector, maxDatagram int) int {
	room := maxDatagram - HeaderLen - genericLen - fragmentLen
	n := room
	for n > 0 && n+p.Overhead(n) > room {
		n--
	}
	return n
}

// OpenFragment parses a message that ends in an Encrypted Fragment payload, verifies and decrypts it. As with Open, the
// fragment aliases datagram. Failures are of type *Error.
func OpenFragment(p Protector, datagram []byte) (Fragment, error) {
	m, err := Parse(datagram)
	if err != nil {
		return Fragment{}, err
	}
	skf, ok := lastPayload[*EncryptedFragment](m)
	if !ok {
		return Fragment{}, &Error{Err: errNoFragment}
	}
	plaintext, err := openBody(p, datagram, skf, skf.Body)
	if err != nil {
		return Fragment{}, err
	}
	return Fragment{
		Header:    m.Header,
		Outer:     m.Payloads[:len(m.Payloads)-1],
		First:     skf.First,
		Number:    skf.Number,
		Total:     skf.Total,
		Plaintext: plaintext,
		Prefix:    datagram[:len(datagram)-len(skf.Body)],
	}, nil
}
