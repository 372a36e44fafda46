package recorded

import (
	"bytes"
	"crypto/rand"
	"fmt"

	"culvert/suite"
	"culvert/wire"
)

// An sa is one IKE SA of a replay.
type sa struct {
	*replay
	spiI, spiR         wire.SPI
	sel                suite.Selection
	prf                *suite.PRF
	keys               suite.IKEKeys
	ni, nr             []byte
	messageI, messageR []byte
	transcript         bool

	fragments map[string]*wire.Reassembler
	requests  map[uint32]*wire.Message
	creating  *creation

	intAuthI, intAuthR []byte
	exchanges          int
	mid                uint32
	idI, idR           *wire.Identification
}

func (s *sa) transform(t wire.TransformType) wire.TransformID {
	x, _ := s.sel.Get(t)
	return x.ID
}

// use takes new keys.
func (s *sa) use(k suite.IKEKeys) {
	s.keys = k
	for name, value := range map[string][]byte{
		"Sk_d secret": k.D, "Sk_ai secret": k.Ai, "Sk_ar secret": k.Ar, "Sk_ei secret": k.Ei, "Sk_er secret": k.Er,
		"Sk_pi secret": k.Pi, "Sk_pr secret": k.Pr,
	} {
		s.derive(name, value)
	}
}

// open decrypts a datagram; it returns nil while fragments are missing, and for messages that have come in another form.
func (s *sa) open(datagram []byte) *wire.Message {
	s.Helper()
	h, err := wire.ParseHeader(datagram)
	s.must(err)
	encr, integ := s.keys.Er, s.keys.Ar
	if h.FromInitiator() {
		encr, integ = s.keys.Ei, s.keys.Ai
	}
	p, err := suite.NewProtector(s.sel, encr, integ, rand.Reader)
	s.must(err)
	key := fmt.Sprint(h.MessageID, h.Flags)
	if s.fragments == nil {
		s.fragments = map[string]*wire.Reassembler{}
	}
	var m *wire.Message
	if h.NextPayload == wire.PayloadSKF {
		f, err := wire.OpenFragment(p, bytes.Clone(datagram))
		s.must(err)
		if s.fragments[key] == nil {
			s.fragments[key] = new(wire.Reassembler)
		}
		if m, _, err = s.fragments[key].Add(f); m == nil {
			s.must(err)
			return nil
		}
	} else {
		m, err = wire.Open(p, bytes.Clone(datagram))
		s.must(err)
	}
	whole := fmt.Sprint(uint64(s.spiI), key, "whole")
	if s.seen[whole] {
		return nil
	}
	s.seen[whole] = true
	return m
}

// handle follows a message. Requests wait for their responses.
func (s *sa) handle(m *wire.Message) {
	s.Helper()
	if s.requests == nil {
		s.requests = map[uint32]*wire.Message{}
	}
	key := m.MessageID << 1
	if m.FromInitiator() != m.IsResponse() {
		key |= 1 // asked by the original initiator
	}
	if !m.IsResponse() {
		s.requests[key] = m
		return
	}
	request := s.requests[key]
	if request == nil {
		s.Fatalf("a response without a request: %v", m.Exchange)
	}
	switch m.Exchange {
	case wire.ExchangeIntermediate:
		s.intermediateExchange(request, m)
	case wire.ExchangeAuth:
		s.auth(request, m)
	case wire.ExchangeCreateChildSA:
		s.create(request, m)
	case wire.ExchangeFollowupKE:
		s.followup(m)
	}
}

// intermediateExchange follows RFC 9242, RFC 9370 and RFC 9867.
func (s *sa) intermediateExchange(request, response *wire.Message) {
	octetsI, octetsR := request.IntermediateOctets(), response.IntermediateOctets()
	for _, side := range []struct {
		before *[]byte
		octets []byte
		key    []byte
	}{{&s.intAuthI, octetsI, s.keys.Pi}, {&s.intAuthR, octetsR, s.keys.Pr}} {
		s.derive("IntAuth_N-1", *side.before)
		s.derive("IntAuth_A|P", side.octets)
		s.derive("SK_p", side.key)
		*side.before = s.prf.Sum(side.key, *side.before, side.octets)
		s.derive("IntAuth_N = prf(Sk_px, data)", *side.before)
	}
	s.exchanges, s.mid = s.exchanges+1, request.MessageID+1
	if _, ok := wire.Find[*wire.KE](response.Payloads); ok {
		secret := s.take(s.ni, s.nr)
		s.derive("SKEYSEED", s.prf.Sum(s.keys.D, secret.exchanged, s.ni, s.nr))
		keys, err := suite.MixIKEKeys(s.sel, s.keys.D, secret.exchanged, s.ni, s.nr, s.spiI, s.spiR)
		s.must(err)
		s.use(keys)
	}
	if _, ok := wire.FindNotify(response.Payloads, wire.NotifyPPKIdentity); ok {
		keys, err := suite.MixPPK(s.sel, s.log.values("PPK")[0], s.keys.D, s.ni, s.nr, s.spiI, s.spiR)
		s.must(err)
		s.use(keys)
	}
}
