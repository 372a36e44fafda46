package conformance

import (
	"encoding/binary"

	"culvert/wire"
)

// Reserved fields are zero in what is sent, and ignored in what is received (RFC 7296, Section 2.5). reserved visits those of
// a chain of payloads, with a mask of the bits that are reserved.
func reserved(first wire.PayloadType, chain []byte, visit func(octet *byte, mask byte)) {
	for kind := first; kind != wire.PayloadNone && len(chain) >= 4; {
		n := int(binary.BigEndian.Uint16(chain[2:]))
		visit(&chain[1], 0x7f)
		reservedBody(kind, chain[4:n], visit)
		kind, chain = wire.PayloadType(chain[0]), chain[n:]
	}
}

func reservedBody(kind wire.PayloadType, body []byte, visit func(*byte, byte)) {
	switch kind {
	case wire.PayloadSA:
		for len(body) > 0 {
			n := int(binary.BigEndian.Uint16(body[2:]))
			reservedProposal(body[:n], visit)
			body = body[n:]
		}
	case wire.PayloadKE:
		reservedOctets(body[2:4], visit)
	case wire.PayloadIDi, wire.PayloadIDr, wire.PayloadAuth, wire.PayloadTSi, wire.PayloadTSr:
		reservedOctets(body[1:4], visit)
	case wire.PayloadCP:
		reservedOctets(body[1:4], visit)
		for a := body[4:]; len(a) >= 4; a = a[4+int(binary.BigEndian.Uint16(a[2:])):] {
			visit(&a[0], 0x80)
		}
	}
}

func reservedOctets(b []byte, visit func(*byte, byte)) {
	for i := range b {
		visit(&b[i], 0xff)
	}
}

// reservedProposal visits one proposal with its transforms (RFC 7296, Sections 3.3.1 and 3.3.2).
func reservedProposal(p []byte, visit func(*byte, byte)) {
	visit(&p[1], 0xff)
	for t := p[8+int(p[6]):]; len(t) > 0; t = t[int(binary.BigEndian.Uint16(t[2:])):] {
		visit(&t[1], 0xff)
		visit(&t[5], 0xff)
	}
}

// reservedFlags are the bits of the header's flags that mean nothing (RFC 7296, Section 3.1).
const reservedFlags = 0xc7

// offsetFlags is where they are.
const offsetFlags = 19

// dirty sets every reserved field of a chain.
func dirty(first wire.PayloadType, chain []byte) []byte {
	reserved(first, chain, func(octet *byte, mask byte) { *octet |= mask })
	return chain
}

// dirtyMessage sets every reserved field of an unprotected message.
func dirtyMessage(m []byte) {
	m[offsetFlags] |= reservedFlags
	dirty(wire.PayloadType(m[16]), m[wire.HeaderLen:])
}

// wellFormed checks that no reserved field of what the node sent is set.
func (l *lab) wellFormed(first wire.PayloadType, chain []byte) {
	l.Helper()
	reserved(first, chain, func(octet *byte, mask byte) {
		if *octet&mask != 0 {
			l.Error("the node has set a reserved field")
		}
	})
}

// dirtyAnswer answers a request of the node with every reserved field set.
func (s *session) dirtyAnswer(request message, payloads ...wire.Payload) {
	s.Helper()
	s.deliver(s.sealDirty(s.header(request.Exchange, request.MessageID, wire.FlagResponse), payloads))
}

// dirtyAsk sends a request with every reserved field set, and returns the payloads of the answer.
func (s *session) dirtyAsk(exchange wire.ExchangeType, payloads ...wire.Payload) []wire.Payload {
	s.Helper()
	octets := s.sealDirty(s.header(exchange, s.next, 0), payloads)
	s.next++
	s.deliver(octets)
	return s.response(exchange).Payloads
}

func (s *session) sealDirty(h wire.Header, payloads []wire.Payload) []byte {
	s.Helper()
	h.Flags |= reservedFlags
	first := wire.PayloadNone
	if len(payloads) > 0 {
		first = payloads[0].Type()
	}
	return s.sealOctets(h, first, dirty(first, wire.AppendPayloads(nil, payloads)))
}
