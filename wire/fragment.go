package wire

import "errors"

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
}

// SealFragments returns the message with header h whose payloads are all inside an Encrypted payload, as one datagram of
// at most maxDatagram octets if that is enough, as fragments of at most that size otherwise (RFC 7383, Section 2.5).
// maxDatagram counts the octets of the IKE message, without UDP and IP headers and without the non-ESP marker.
func SealFragments(p Protector, h Header, payloads []Payload, maxDatagram int) ([][]byte, error) {
	plaintext, first := AppendPayloads(nil, payloads), firstPayload(payloads)
	if HeaderLen+genericLen+len(plaintext)+p.Overhead(len(plaintext)) <= maxDatagram {
		datagram, err := sealMessage(p, h, first, plaintext)
		return [][]byte{datagram}, err
	}
	chunk := chunkLen(p, maxDatagram)
	switch {
	case len(plaintext) > MaxMessage:
		return nil, errMessageSize
	case chunk <= 0:
		return nil, errDatagramSize
	}
	total := (len(plaintext) + chunk - 1) / chunk
	if total > MaxFragments {
		return nil, errFragmentCount
	}
	datagrams := make([][]byte, 0, total)
	for number := 1; number <= total; number++ {
		n := min(chunk, len(plaintext))
		e := &EncryptedFragment{First: first, Number: uint16(number), Total: uint16(total)}
		datagram, err := sealFragment(p, h, e, plaintext[:n])
		if err != nil {
			return nil, err
		}
		datagrams = append(datagrams, datagram)
		plaintext, first = plaintext[n:], PayloadNone
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

// sealFragment puts one chunk into the Encrypted Fragment payload e.
func sealFragment(p Protector, h Header, e *EncryptedFragment, chunk []byte) ([]byte, error) {
	prefix, err := sealPrefix(p, h, e, len(chunk))
	if err != nil {
		return nil, err
	}
	return p.Seal(prefix, chunk)
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
	}, nil
}
