package conformance

import (
	"bytes"
	"encoding/binary"
	"slices"

	"culvert/auth"
	"culvert/suite"
	"culvert/wire"
)

// The tester as responder of the initial exchanges, then as initiator.

// accept makes the tester's side of the IKE SA that a request asks for, with one of the proposals named, and the payloads of
// the answer.
func (l *lab) accept(request message, words ...string) (*session, []wire.Payload) {
	l.Helper()
	if len(words) == 0 {
		words = []string{baseIKE}
	}
	offer, ke, nonce := find[*wire.SA](l, request.Payloads), find[*wire.KE](l, request.Payloads), find[*wire.Nonce](l, request.Payloads)
	chosen, err := suite.Select(offer.Proposals, proposals(l, wire.ProtocolIKE, words...), suite.SelectOptions{})
	if err != nil {
		l.Fatalf("the node does not offer what the tester wants: %v", err)
	}
	public, shared, err := suite.RespondKeyExchange(ke.Method, ke.Data, l.rand)
	if err != nil {
		l.Fatal(err)
	}
	s := &session{lab: l, spiI: request.InitiatorSPI, spiR: l.newSPI(), suite: chosen, expected: 1, firstRequest: request.octets,
		ni: nonce.Data, nr: l.octets(32)}
	keys, err := suite.DeriveIKEKeys(chosen, shared, s.ni, s.nr, s.spiI, s.spiR)
	if err != nil {
		l.Fatal(err)
	}
	s.use(keys)
	return s, []wire.Payload{&wire.SA{Proposals: []wire.Proposal{chosen.Proposal}}, &wire.KE{Method: ke.Method, Data: public}, &wire.Nonce{Data: s.nr}}
}

func (l *lab) newSPI() wire.SPI { return wire.SPI(binary.BigEndian.Uint64(l.octets(8)) | 1) }

// answerInit sends the answer to IKE_SA_INIT, its octets changed by edits.
func (s *session) answerInit(payloads []wire.Payload, edits ...func([]byte)) {
	s.Helper()
	m := wire.Message{Header: s.header(wire.ExchangeSAInit, 0, wire.FlagResponse), Payloads: payloads}
	s.firstAnswer = m.Append(nil)
	for _, edit := range edits {
		edit(s.firstAnswer)
	}
	s.deliver(s.firstAnswer)
}

// refuseInit answers IKE_SA_INIT with a notify, of which no IKE SA comes.
func (l *lab) refuseInit(request message, spi wire.SPI, n *wire.Notify) {
	l.Helper()
	m := wire.Message{Header: wire.Header{InitiatorSPI: request.InitiatorSPI, ResponderSPI: spi, Version: 0x20,
		Exchange: wire.ExchangeSAInit, Flags: wire.FlagResponse}, Payloads: []wire.Payload{n}}
	l.deliver(m.Append(nil))
}

// accepted has the node initiate and the tester accept, up to the node's IKE_AUTH request, whose authenticity is checked.
func (l *lab) accepted(words ...string) (*session, message) {
	l.Helper()
	l.initiate()
	s, answer := l.accept(l.receivePlain(), words...)
	s.answerInit(answer)
	request := s.request(wire.ExchangeAuth)
	s.verify(request.Payloads, wire.PayloadIDi)
	return s, request
}

// answered is accepted, with a Child SA of one of the ESP proposals named.
func (l *lab) answered(words ...string) (*session, *child) {
	l.Helper()
	s, request := l.accepted()
	answer, c := s.acceptChild(request.Payloads, words...)
	s.answer(request, append(s.proof(), answer...)...)
	return s, c
}

// open makes the tester's side of an IKE SA that it asks for, and the payloads of the request.
func (l *lab) open(words ...string) (*session, []wire.Payload) {
	l.Helper()
	if len(words) == 0 {
		words = []string{baseIKE}
	}
	offer := proposals(l, wire.ProtocolIKE, words...)
	return l.openWith(firstMethod(offer), offer)
}

// openWith is open with a certain group in the KE payload.
func (l *lab) openWith(method wire.TransformID, offer []wire.Proposal) (*session, []wire.Payload) {
	l.Helper()
	s := &session{lab: l, initiator: true, spiI: l.newSPI(), ni: l.octets(32), next: 1, ke: l.keyExchange(method)}
	return s, []wire.Payload{&wire.SA{Proposals: offer}, &wire.KE{Method: method, Data: s.ke.Public()}, &wire.Nonce{Data: s.ni}}
}

func firstMethod(offer []wire.Proposal) wire.TransformID {
	for _, t := range offer[0].Transforms {
		if t.Type == wire.TransformKE {
			return t.ID
		}
	}
	return wire.KENone
}

func (l *lab) keyExchange(method wire.TransformID) *suite.KeyExchange {
	l.Helper()
	ke, err := suite.NewKeyExchange(method, l.rand)
	if err != nil {
		l.Fatal(err)
	}
	return ke
}

// askInit sends the IKE_SA_INIT request, its octets changed by edits.
func (s *session) askInit(payloads []wire.Payload, edits ...func([]byte)) {
	s.Helper()
	m := wire.Message{Header: s.header(wire.ExchangeSAInit, 0, 0), Payloads: payloads}
	s.firstRequest = m.Append(nil)
	for _, edit := range edits {
		edit(s.firstRequest)
	}
	s.deliver(s.firstRequest)
}

// takeInit receives the answer to IKE_SA_INIT and derives the keys.
func (s *session) takeInit() message {
	s.Helper()
	m := s.receivePlain()
	want := wire.Header{InitiatorSPI: s.spiI, ResponderSPI: m.ResponderSPI, NextPayload: wire.PayloadSA, Version: 0x20,
		Exchange: wire.ExchangeSAInit, Flags: wire.FlagResponse, Length: uint32(len(m.octets))}
	if m.Header != want || m.ResponderSPI == 0 {
		s.Fatalf("header %+v of %v, want %+v", m.Header, types(m.Payloads), want)
	}
	s.wellFormed(m.NextPayload, m.octets[wire.HeaderLen:])
	answer, ke, nonce := find[*wire.SA](s.lab, m.Payloads), find[*wire.KE](s.lab, m.Payloads), find[*wire.Nonce](s.lab, m.Payloads)
	s.firstAnswer, s.spiR, s.nr = m.octets, m.ResponderSPI, nonce.Data
	s.suite = suite.Selection{Proposal: answer.Proposals[0]}
	shared, err := s.ke.Finish(ke.Data)
	if err != nil {
		s.Fatal(err)
	}
	keys, err := suite.DeriveIKEKeys(s.suite, shared, s.ni, s.nr, s.spiI, s.spiR)
	if err != nil {
		s.Fatal(err)
	}
	s.use(keys)
	return m
}

// opened has the tester open an IKE SA, up to the answer to IKE_SA_INIT.
func (l *lab) opened(words ...string) *session {
	l.Helper()
	s, payloads := l.open(words...)
	s.askInit(payloads)
	s.takeInit()
	return s
}

// connected is opened, with a Child SA for which the ESP proposals named are offered.
func (l *lab) connected(words ...string) (*session, *child) {
	l.Helper()
	s := l.opened()
	o := s.offerChild(words...)
	answer := s.ask(wire.ExchangeAuth, append(s.proof(), o.payloads()...)...)
	s.verify(answer, wire.PayloadIDr)
	return s, o.complete(answer)
}

// The authentication with the shared key (RFC 7296, Section 2.15).

// proof returns the tester's ID and AUTH payloads.
func (s *session) proof() []wire.Payload {
	s.Helper()
	return s.proofAs(auth.AddressIdentity(testerAddr()), []byte(sharedKey))
}

func (s *session) proofAs(id auth.Identity, psk []byte) []wire.Payload {
	s.Helper()
	kind := wire.PayloadIDr
	if s.initiator {
		kind = wire.PayloadIDi
	}
	p := id.Payload(kind)
	return []wire.Payload{p, &wire.Auth{Method: wire.AuthSharedKey, Data: s.mac(psk, kind, wire.AppendPayload(nil, p))}}
}

// verify checks the node's ID and AUTH payloads.
func (s *session) verify(payloads []wire.Payload, kind wire.PayloadType) {
	s.Helper()
	s.verifyWith([]byte(sharedKey), payloads, kind)
}

func (s *session) verifyWith(psk []byte, payloads []wire.Payload, kind wire.PayloadType) {
	s.Helper()
	id := identity(s.lab, payloads, kind)
	proof := find[*wire.Auth](s.lab, payloads)
	want := s.mac(psk, kind, wire.AppendPayload(nil, id))
	if proof.Method != wire.AuthSharedKey || !bytes.Equal(proof.Data, want) {
		s.Fatalf("AUTH of the node is method %v, %x; want %x", proof.Method, proof.Data, want)
	}
}

// identity returns the IDi or IDr payload.
func identity(l *lab, payloads []wire.Payload, kind wire.PayloadType) *wire.Identification {
	l.Helper()
	i := slices.IndexFunc(payloads, func(p wire.Payload) bool { return p.Type() == kind })
	if i < 0 {
		l.Fatalf("no %v in %v", kind, types(payloads))
	}
	return payloads[i].(*wire.Identification)
}

// mac is the AUTH value of the side whose ID payload is of this kind.
func (s *session) mac(psk []byte, kind wire.PayloadType, id []byte) []byte {
	s.Helper()
	prf := s.prf()
	return prf.Sum(prf.Sum(psk, []byte("Key Pad for IKEv2")), s.signed(kind, id))
}

// signed returns the octets that AUTH is about.
func (s *session) signed(kind wire.PayloadType, id []byte) []byte {
	s.Helper()
	first, nonce, key := s.firstRequest, s.nr, s.keys.Pi
	if kind == wire.PayloadIDr {
		first, nonce, key = s.firstAnswer, s.ni, s.keys.Pr
	}
	return slices.Concat(first, nonce, s.prf().Sum(key, id), s.intAuth)
}
