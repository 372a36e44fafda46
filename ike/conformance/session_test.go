package conformance

import (
	"bytes"
	"encoding/binary"
	"slices"

	"culvert/suite"
	"culvert/wire"
)

// A session is the tester's side of an IKE SA.
type session struct {
	*lab
	initiator bool // the tester began the IKE SA: flag I of its messages
	spiI      wire.SPI
	spiR      wire.SPI
	suite     suite.Selection
	keys      suite.IKEKeys
	out, in   wire.Protector
	next      uint32 // Message ID of the tester's next request
	expected  uint32 // Message ID of the node's next request

	// of the initial exchanges
	ke           *suite.KeyExchange
	ni, nr       []byte
	firstRequest []byte
	firstAnswer  []byte
	intAuth      []byte // of IKE_INTERMEDIATE, where it took place (RFC 9242, Section 3.3.2)
}

// theirs is the SPI of the node.
func (s *session) theirs() wire.SPI {
	if s.initiator {
		return s.spiR
	}
	return s.spiI
}

// prf is the pseudorandom function of the IKE SA.
func (s *session) prf() *suite.PRF {
	s.Helper()
	t, _ := s.suite.Get(wire.TransformPRF)
	p, err := suite.NewPRF(t.ID)
	if err != nil {
		s.Fatal(err)
	}
	return p
}

// use takes the keys of a finished key exchange (RFC 7296, Section 2.14).
func (s *session) use(keys suite.IKEKeys) {
	s.Helper()
	i, err := suite.NewProtector(s.suite, keys.Ei, keys.Ai, s.rand)
	if err != nil {
		s.Fatal(err)
	}
	r, err := suite.NewProtector(s.suite, keys.Er, keys.Ar, s.rand)
	if err != nil {
		s.Fatal(err)
	}
	s.keys, s.out, s.in = keys, r, i
	if s.initiator {
		s.out, s.in = i, r
	}
}

// header makes the header of a message of the tester.
func (s *session) header(exchange wire.ExchangeType, id uint32, flags wire.Flags) wire.Header {
	if s.initiator {
		flags |= wire.FlagInitiator
	}
	return wire.Header{InitiatorSPI: s.spiI, ResponderSPI: s.spiR, Version: 0x20, Exchange: exchange, Flags: flags, MessageID: id}
}

// seal protects a message.
func (s *session) seal(h wire.Header, payloads []wire.Payload) []byte {
	s.Helper()
	b, err := wire.Seal(s.out, h, payloads)
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// sealOctets protects a chain of payloads as it is, its reserved fields too.
func (s *session) sealOctets(h wire.Header, first wire.PayloadType, chain []byte) []byte {
	s.Helper()
	n := wire.HeaderLen + 4 + len(chain) + s.out.Overhead(len(chain))
	h.NextPayload, h.Length = wire.PayloadSK, uint32(n)
	prefix := append(h.Append(nil), byte(first), 0)
	prefix = binary.BigEndian.AppendUint16(prefix, uint16(n-wire.HeaderLen))
	b, err := s.out.Seal(prefix, chain)
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// take receives a protected message of an exchange from the node, and holds its header against RFC 7296, Section 3.1.
func (s *session) take(exchange wire.ExchangeType, id uint32, flags wire.Flags) message {
	s.Helper()
	octets := s.receive()
	m, err := wire.Open(s.in, bytes.Clone(octets))
	if err != nil {
		s.Fatalf("message of the node: %v", err)
	}
	if !s.initiator {
		flags |= wire.FlagInitiator
	}
	want := wire.Header{InitiatorSPI: s.spiI, ResponderSPI: s.spiR, NextPayload: wire.PayloadSK, Version: 0x20, Exchange: exchange,
		Flags: flags, MessageID: id, Length: uint32(len(octets))}
	if m.Header != want {
		s.Fatalf("header %+v, want %+v", m.Header, want)
	}
	s.wellFormed(wire.PayloadType(octets[wire.HeaderLen]), m.Plaintext)
	return message{m, octets}
}

// request receives the node's next request.
func (s *session) request(exchange wire.ExchangeType) message {
	s.Helper()
	m := s.take(exchange, s.expected, 0)
	s.expected++
	return m
}

// answer answers a request of the node.
func (s *session) answer(request message, payloads ...wire.Payload) {
	s.Helper()
	s.deliver(s.seal(s.header(request.Exchange, request.MessageID, wire.FlagResponse), payloads))
}

// send sends a request and returns its octets.
func (s *session) send(exchange wire.ExchangeType, payloads ...wire.Payload) []byte {
	s.Helper()
	octets := s.seal(s.header(exchange, s.next, 0), payloads)
	s.next++
	s.deliver(octets)
	return octets
}

// response receives the answer to the last request.
func (s *session) response(exchange wire.ExchangeType) message {
	s.Helper()
	return s.take(exchange, s.next-1, wire.FlagResponse)
}

// ask sends a request and returns the payloads of the answer.
func (s *session) ask(exchange wire.ExchangeType, payloads ...wire.Payload) []wire.Payload {
	s.Helper()
	s.send(exchange, payloads...)
	return s.response(exchange).Payloads
}

// alive checks that the node still has the IKE SA: it answers an empty INFORMATIONAL request (RFC 7296, Section 2.4).
func (s *session) alive() {
	s.Helper()
	if answer := s.ask(wire.ExchangeInformational); len(answer) != 0 {
		s.Errorf("an empty request is answered with %v", types(answer))
	}
}

// dead checks that the node has the IKE SA no more: the answer to a request is none, or unprotected.
func (s *session) dead() {
	s.Helper()
	s.silent()
	s.send(wire.ExchangeInformational)
	if len(s.datagrams) == 0 {
		return
	}
	m := s.receivePlain()
	if _, ok := wire.FindNotify(m.Payloads, wire.NotifyInvalidIKESPI); !ok {
		s.Errorf("the node answers with %v on an IKE SA that should be gone", types(m.Payloads))
	}
}

func types(payloads []wire.Payload) []string {
	var list []string
	for _, p := range payloads {
		if n, ok := p.(*wire.Notify); ok {
			list = append(list, n.NotifyType.String())
			continue
		}
		list = append(list, p.Type().String())
	}
	return list
}

// want checks the types of payloads; those that say nothing about the matter are left out.
func (l *lab) want(payloads []wire.Payload, want ...string) {
	l.Helper()
	if got := types(payloads); !slices.Equal(got, want) {
		l.Errorf("payloads %v, want %v", got, want)
	}
}

// only checks that payloads are one notify of a type, and returns it.
func (l *lab) only(payloads []wire.Payload, want wire.NotifyType) *wire.Notify {
	l.Helper()
	n, ok := wire.FindNotify(payloads, want)
	if !ok || len(payloads) != 1 {
		l.Fatalf("payloads %v, want %v alone", types(payloads), want)
	}
	return n
}

// find returns the only payload of a type.
func find[T wire.Payload](l *lab, payloads []wire.Payload) T {
	l.Helper()
	p, ok := wire.Find[T](payloads)
	if !ok {
		l.Fatalf("%T is missing in %v", p, types(payloads))
	}
	return p
}

// nonce makes a nonce of the tester, the one that the test wants if it does.
func (l *lab) nonce() []byte {
	if n := l.wanted; n != nil {
		l.wanted = nil
		return n
	}
	return l.octets(32)
}

// octets draws randomness.
func (l *lab) octets(n int) []byte {
	b := make([]byte, n)
	l.rand.Read(b)
	return b
}
