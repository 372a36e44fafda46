package conformance

import (
	"encoding/binary"
	"slices"

	"culvert/esp"
	"culvert/suite"
	"culvert/wire"
)

// A child is the tester's side of a Child SA pair.
type child struct {
	*session
	suite    suite.Selection
	in       *esp.Inbound
	out      *esp.Outbound
	tsi, tsr *wire.TS // as agreed
	answer   wire.Proposal
}

// inSPI and outSPI are the tester's and the node's SPI as payloads have them.
func (c *child) inSPI() []byte  { return binary.BigEndian.AppendUint32(nil, c.in.SPI()) }
func (c *child) outSPI() []byte { return binary.BigEndian.AppendUint32(nil, c.out.SPI()) }

// delete is the Delete payload for the tester's half.
func (c *child) delete() *wire.Delete {
	return &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{c.in.SPI()}}
}

// rekeyNotify is N(REKEY_SA) for the tester's half (RFC 7296, Section 1.3.3).
func (c *child) rekeyNotify() *wire.Notify {
	return &wire.Notify{Protocol: wire.ProtocolESP, SPI: c.inSPI(), NotifyType: wire.NotifyRekeySA}
}

// selectors returns a TS payload of prefixes.
func selectors(kind wire.PayloadType, list ...wire.TrafficSelector) *wire.TS {
	return &wire.TS{Payload: kind, Selectors: list}
}

// traffic returns the selectors of the scene for an exchange that the tester initiates, or else the node.
func (l *lab) traffic(testerInitiates bool) (tsi, tsr *wire.TS) {
	i, r := ts(l.scene.selector(l.scene.local)), ts(l.scene.selector(l.scene.remote))
	if testerInitiates {
		i, r = r, i
	}
	return selectors(wire.PayloadTSi, i), selectors(wire.PayloadTSr, r)
}

// acceptChild makes the tester's side of the Child SA that a request asks for, with one of the ESP proposals named, and the
// payloads of the answer.
func (s *session) acceptChild(request []wire.Payload, words ...string) ([]wire.Payload, *child) {
	s.Helper()
	if len(words) == 0 {
		words = []string{baseESP}
	}
	offer := find[*wire.SA](s.lab, request)
	chosen, err := suite.Select(offer.Proposals, proposals(s, wire.ProtocolESP, words...), suite.SelectOptions{})
	if err != nil {
		s.Fatalf("the node does not offer what the tester wants: %v", err)
	}
	return s.acceptSelected(request, chosen)
}

func (s *session) acceptSelected(request []wire.Payload, chosen suite.Selection) ([]wire.Payload, *child) {
	s.Helper()
	c := &child{session: s, suite: chosen, answer: chosen.Proposal}
	theirs := binary.BigEndian.Uint32(chosen.Proposal.SPI)
	ours := s.allocate()
	c.answer.SPI = binary.BigEndian.AppendUint32(nil, ours)
	answer := []wire.Payload{&wire.SA{Proposals: []wire.Proposal{c.answer}}}
	ni, nr := s.ni, s.nr
	if nonce, ok := wire.Find[*wire.Nonce](request); ok {
		ni, nr = nonce.Data, s.nonce()
		answer = append(answer, &wire.Nonce{Data: nr})
	}
	var shared []byte
	if t, ok := chosen.Get(wire.TransformKE); ok && t.ID != wire.KENone {
		ke := find[*wire.KE](s.lab, request)
		public, secret, err := suite.RespondKeyExchange(t.ID, ke.Data, s.rand)
		if err != nil {
			s.Fatal(err)
		}
		shared, answer = secret, append(answer, &wire.KE{Method: t.ID, Data: public})
	}
	c.tsi, c.tsr = s.traffic(false)
	answer = append(s.modeNotify(), append(answer, c.tsi, c.tsr)...)
	c.key(s.childKeys(chosen, shared, ni, nr), false, ours, theirs)
	return answer, c
}

// modeNotify is N(USE_TRANSPORT_MODE) where the scene is about it.
func (l *lab) modeNotify() []wire.Payload {
	if l.scene.mode == esp.Tunnel {
		return nil
	}
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyUseTransportMode}}
}

func (l *lab) allocate() uint32 {
	l.spi++
	return l.spi
}

// childKeys derives the keys (RFC 7296, Section 2.17).
func (s *session) childKeys(chosen suite.Selection, shared, ni, nr []byte) suite.ChildKeys {
	s.Helper()
	keys, err := suite.DeriveChildKeys(s.prf().ID(), s.keys.D, chosen, [][]byte{shared}, ni, nr)
	if err != nil {
		s.Fatal(err)
	}
	return keys
}

// key makes both SAs of the pair.
func (c *child) key(k suite.ChildKeys, testerInitiated bool, ours, theirs uint32) {
	c.Helper()
	in := esp.Params{SPI: ours, Transforms: suite.ESPFromSelection(c.suite), Mode: c.scene.mode, ReplayWindow: 64}
	out := in
	out.SPI = theirs
	in.EncrKey, in.IntegKey, out.EncrKey, out.IntegKey = k.EncrI, k.IntegI, k.EncrR, k.IntegR
	if testerInitiated {
		in.EncrKey, in.IntegKey, out.EncrKey, out.IntegKey = k.EncrR, k.IntegR, k.EncrI, k.IntegI
	}
	var err error
	if c.in, err = esp.NewInbound(in); err != nil {
		c.Fatal(err)
	}
	if c.out, err = esp.NewOutbound(out, c.rand); err != nil {
		c.Fatal(err)
	}
	c.children[ours] = c
}

// foreignSA is one that the node has never heard of.
func (s *session) foreignSA() *esp.Outbound {
	s.Helper()
	transforms := suite.ESPFromSelection(suite.Selection{Proposal: proposals(s, wire.ProtocolESP, baseESP)[0]})
	encr, integ := transforms.KeyLengths()
	out, err := esp.NewOutbound(esp.Params{SPI: 0x0badbad0, Transforms: transforms, EncrKey: s.octets(encr), IntegKey: s.octets(integ), Mode: s.scene.mode}, s.rand)
	if err != nil {
		s.Fatal(err)
	}
	return out
}

// A childOffer is what the tester asks for a Child SA with.
type childOffer struct {
	*session
	spi       uint32
	proposals []wire.Proposal
	nonce     []byte // nil inside IKE_AUTH
	ke        *suite.KeyExchange
	tsi, tsr  *wire.TS
	notifies  []wire.Payload
}

// offerChild makes the offer for a Child SA inside IKE_AUTH, with ESP proposals.
func (s *session) offerChild(words ...string) *childOffer {
	s.Helper()
	if len(words) == 0 {
		words = []string{baseESP}
	}
	o := &childOffer{session: s, spi: s.allocate(), proposals: proposals(s, wire.ProtocolESP, words...), notifies: s.modeNotify()}
	for i := range o.proposals {
		o.proposals[i].SPI = binary.BigEndian.AppendUint32(nil, o.spi)
	}
	o.tsi, o.tsr = s.traffic(true)
	return o
}

// offerNew makes the offer for a Child SA in CREATE_CHILD_SA, with a key exchange if the first proposal has one.
func (s *session) offerNew(words ...string) *childOffer {
	s.Helper()
	o := s.offerChild(words...)
	o.nonce = s.nonce()
	if method := firstMethod(o.proposals); method != wire.KENone {
		o.ke = s.keyExchange(method)
	}
	return o
}

// offerRekey makes the offer for a Child SA that replaces another.
func (c *child) offerRekey(words ...string) *childOffer {
	c.Helper()
	o := c.session.offerNew(words...)
	o.notifies = append([]wire.Payload{c.rekeyNotify()}, o.notifies...)
	return o
}

func (o *childOffer) payloads() []wire.Payload {
	list := append(slices.Clone(o.notifies), &wire.SA{Proposals: o.proposals})
	if o.nonce != nil {
		list = append(list, &wire.Nonce{Data: o.nonce})
	}
	if o.ke != nil {
		list = append(list, &wire.KE{Method: o.ke.Method(), Data: o.ke.Public()})
	}
	return append(list, o.tsi, o.tsr)
}

// complete takes the answer.
func (o *childOffer) complete(answer []wire.Payload) *child {
	o.Helper()
	if _, ok := wire.Find[*wire.SA](answer); !ok {
		o.Fatalf("the node answers %v instead of making a Child SA; its news: %s", types(answer), o.gazette())
	}
	sa := find[*wire.SA](o.lab, answer)
	c := &child{session: o.session, suite: suite.Selection{Proposal: sa.Proposals[0]}, answer: sa.Proposals[0]}
	if err := suite.CheckAccepted(o.proposals, c.answer); err != nil {
		o.Fatal(err)
	}
	ni, nr := o.ni, o.nr
	if o.nonce != nil {
		ni, nr = o.nonce, find[*wire.Nonce](o.lab, answer).Data
	}
	var shared []byte
	if t, ok := c.suite.Get(wire.TransformKE); ok && t.ID != wire.KENone {
		var err error
		if shared, err = o.ke.Finish(find[*wire.KE](o.lab, answer).Data); err != nil {
			o.Fatal(err)
		}
	}
	c.tsi, c.tsr = findTS(o.lab, answer, wire.PayloadTSi), findTS(o.lab, answer, wire.PayloadTSr)
	c.key(o.childKeys(c.suite, shared, ni, nr), true, o.spi, binary.BigEndian.Uint32(c.answer.SPI))
	return c
}

// findTS returns the TSi or TSr payload.
func findTS(l *lab, payloads []wire.Payload, kind wire.PayloadType) *wire.TS {
	l.Helper()
	i := slices.IndexFunc(payloads, func(p wire.Payload) bool { return p.Type() == kind })
	if i < 0 {
		l.Fatalf("no %v in %v", kind, types(payloads))
	}
	return payloads[i].(*wire.TS)
}
