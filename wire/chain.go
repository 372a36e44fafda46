package wire

import (
	"encoding/binary"
	"errors"
)

// MaxPayloads bounds the payloads of one message, outer and inner each, so that a chain of minimal payloads costs neither
// memory nor time. A real message has a dozen; a long certificate chain with many addresses stays under fifty.
const MaxPayloads = 128

// genericLen is the length of the generic payload header (RFC 7296, Section 3.2):
//
//	| next payload (1) | C (1 bit) RESERVED (7 bits) | payload length (2) |
const genericLen = 4

// criticalBit is the C flag of the generic payload header.
const criticalBit = 0x80

// Causes of a refused chain.
var (
	errCount    = errors.New("too many payloads")
	errTrailing = errors.New("octets after the last payload")
	errCritical = errors.New("unsupported critical payload")
	errNotLast  = errors.New("encrypted payload is not the last one")
	errNested   = errors.New("encrypted payload inside an encrypted payload")
	errMissing  = errors.New("payload announced but not there")
)

// link is one payload of a chain before its body is understood.
type link struct {
	kind     PayloadType
	next     PayloadType
	critical bool
	body     []byte
}

// ParsePayloads parses a chain of payloads whose first one is of type first, as found inside an Encrypted payload, which
// therefore must not occur in it again (RFC 7296, Section 3.14). Failures are of type *Error, offsets counting from b.
func ParsePayloads(first PayloadType, b []byte) ([]Payload, error) {
	return parseChain(first, b, parseInner)
}

// parseChain walks the chain in b twice: first to count and to check its framing, then to parse each body with parse.
func parseChain(first PayloadType, b []byte, parse func(link) (Payload, error)) ([]Payload, error) {
	count, err := countChain(first, b)
	if err != nil || count == 0 {
		return nil, err
	}
	payloads := make([]Payload, 0, count)
	kind, offset := first, 0
	for range count {
		l, _ := splitLink(kind, b[offset:])
		p, err := parse(l)
		if err != nil {
			return nil, chainError(kind, offset, err)
		}
		payloads = append(payloads, p)
		offset += genericLen + len(l.body)
		kind = l.next
	}
	return payloads, nil
}

// countChain returns the number of payloads of a well-framed chain that fills b exactly. An encrypted payload ends a chain,
// whatever its next payload field says.
func countChain(first PayloadType, b []byte) (int, error) {
	kind, last, offset, count := first, PayloadNone, 0, 0
	for kind != PayloadNone {
		if count == MaxPayloads {
			return 0, chainError(kind, offset, errCount)
		}
		l, err := splitLink(kind, b[offset:])
		if err != nil {
			return 0, chainError(kind, offset, err)
		}
		count++
		offset += genericLen + len(l.body)
		if encrypted(kind) {
			if offset != len(b) {
				return 0, chainError(kind, offset, errNotLast)
			}
			return count, nil
		}
		kind, last = l.next, kind
	}
	if offset != len(b) {
		return 0, chainError(last, offset, errTrailing)
	}
	return count, nil
}

// splitLink cuts the payload of type kind off the start of b.
func splitLink(kind PayloadType, b []byte) (link, error) {
	if len(b) == 0 {
		return link{}, errMissing
	}
	if len(b) < genericLen {
		return link{}, errShort
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < genericLen || n > len(b) {
		return link{}, errLength
	}
	return link{kind: kind, next: PayloadType(b[0]), critical: b[1]&criticalBit != 0, body: b[genericLen:n:n]}, nil
}

// chainError places err. A bad fragment is to be discarded in silence (RFC 7383, Section 2.6), anything else is a matter
// of syntax, unless it is an unsupported critical payload.
func chainError(kind PayloadType, offset int, err error) *Error {
	notify := NotifyInvalidSyntax
	switch {
	case errors.Is(err, errCritical):
		notify = NotifyUnsupportedCriticalPayload
	case kind == PayloadSKF:
		notify = NotifyNone
	}
	return &Error{Notify: notify, Payload: kind, Offset: offset, Err: err}
}

// encrypted reports whether kind must be the last payload of a message.
func encrypted(kind PayloadType) bool { return kind == PayloadSK || kind == PayloadSKF }

// parseInner parses a payload from inside an Encrypted payload.
func parseInner(l link) (Payload, error) {
	if encrypted(l.kind) {
		return nil, errNested
	}
	return parsePayload(l)
}

// parsePayload parses any payload. The critical bit matters for unknown types only (RFC 7296, Section 2.5).
func parsePayload(l link) (Payload, error) {
	switch l.kind {
	case PayloadSA:
		return parseSA(l.body)
	case PayloadKE:
		return parseKE(l.body)
	case PayloadIDi, PayloadIDr:
		return parseIdentification(l.kind, l.body)
	case PayloadCert:
		return parseCert(l.body)
	case PayloadCertReq:
		return parseCertReq(l.body)
	case PayloadAuth:
		return parseAuth(l.body)
	case PayloadNonce:
		return parseNonce(l.body)
	case PayloadNotify:
		return parseNotify(l.body)
	case PayloadDelete:
		return parseDelete(l.body)
	case PayloadVendorID:
		return &VendorID{Data: l.body}, nil
	case PayloadTSi, PayloadTSr:
		return parseTS(l.kind, l.body)
	case PayloadSK:
		return &Encrypted{First: l.next, Body: l.body}, nil
	case PayloadCP:
		return parseConfiguration(l.body)
	case PayloadEAP:
		return parseEAP(l.body)
	case PayloadSKF:
		return parseEncryptedFragment(l.next, l.body)
	}
	return parseUnknown(l)
}

// AppendPayloads appends a chain of payloads with their generic headers: the plaintext of an Encrypted payload.
func AppendPayloads(b []byte, payloads []Payload) []byte {
	for i, p := range payloads {
		start := len(b)
		b = append(b, byte(nextPayload(payloads, i)), criticalOctet(p), 0, 0)
		b = p.appendBody(b)
		binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	}
	return b
}

// firstPayload returns the type of the first payload of a chain.
func firstPayload(payloads []Payload) PayloadType {
	if len(payloads) == 0 {
		return PayloadNone
	}
	return payloads[0].Type()
}

// nextPayload returns the next payload field of the i-th payload, in an encrypted payload the type of its first content.
func nextPayload(payloads []Payload, i int) PayloadType {
	switch p := payloads[i].(type) {
	case *Encrypted:
		return p.First
	case *EncryptedFragment:
		return p.First
	}
	return firstPayload(payloads[i+1:])
}

// criticalOctet returns the octet with the critical bit, which is zero for every payload defined in RFC 7296.
func criticalOctet(p Payload) byte {
	if u, ok := p.(*Unknown); ok && u.Critical {
		return criticalBit
	}
	return 0
}
