package ike

import (
	"slices"
	"testing"

	"culvert/explain"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// A peer that is authenticated and hostile, or broken.

func TestREKEYSAOfAnotherProtocolIsInvalidSyntax(t *testing.T) {
	for name, n := range map[string]*wire.Notify{
		"protocol 0":     {Protocol: 0, SPI: spiOctets(0x00100001), NotifyType: wire.NotifyRekeySA},
		"protocol 7":     {Protocol: 7, SPI: spiOctets(0x00100001), NotifyType: wire.NotifyRekeySA},
		"no SPI":         {Protocol: wire.ProtocolESP, NotifyType: wire.NotifyRekeySA},
		"the IKE SA":     {Protocol: wire.ProtocolIKE, NotifyType: wire.NotifyRekeySA},
		"another length": {Protocol: 9, SPI: make([]byte, 8), NotifyType: wire.NotifyRekeySA},
	} {
		t.Run(name, func(t *testing.T) {
			l := oneChild(t, nil)
			answer := l.ask(l.a, wire.ExchangeCreateChildSA, append([]wire.Payload{n}, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)...)
			if notifyOf(answer) != wire.NotifyInvalidSyntax {
				t.Errorf("answer %v", answer)
			}
			// INVALID_SYNTAX ends the IKE SA on both sides (RFC 7296, Section 2.21.3).
			if f := l.b.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax || len(l.planes[l.b].in) != 0 {
				t.Errorf("closed with %v, %d SAs left", f, len(l.planes[l.b].in))
			}
		})
	}
}

func TestREKEYSAForAHIsUnknown(t *testing.T) {
	l := oneChild(t, nil)
	n := rekeyNotify(l.child(l.a).inSPI)
	n.Protocol = wire.ProtocolAH
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, append([]wire.Payload{n}, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)...)
	if got, _ := wire.FindNotify(answer, wire.NotifyChildSANotFound); got == nil || got.Protocol != wire.ProtocolAH {
		t.Errorf("answer %v", answer)
	}
}

func TestHostileRequestsForAChild(t *testing.T) {
	ah := wire.Proposal{Number: 1, Protocol: wire.ProtocolAH, SPI: spiOctets(0x7000), Transforms: []wire.Transform{{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128}}}
	unknown := &wire.TS{Payload: wire.PayloadTSi, Selectors: []wire.TrafficSelector{{TSType: 200, Raw: []byte{1, 2, 3}}}}
	tests := []struct {
		name    string
		payload func(l *childLab) []wire.Payload
		want    wire.NotifyType
	}{
		{"reserved SPI", func(l *childLab) []wire.Payload { return l.childRequest(l.espProposal("aes128gcm16-noesn", 255)) }, wire.NotifyNoProposalChosen},
		{"SPI of another child", func(l *childLab) []wire.Payload {
			return l.childRequest(l.espProposal("aes128gcm16-noesn", l.child(l.a).inSPI))
		}, wire.NotifyNoProposalChosen},
		{"AH only", func(l *childLab) []wire.Payload { return l.childRequest(ah) }, wire.NotifyNoProposalChosen},
		{"other algorithms", func(l *childLab) []wire.Payload { return l.childRequest(l.espProposal("aes256-sha512-noesn", 0x7000)) }, wire.NotifyNoProposalChosen},
		{"other traffic", func(l *childLab) []wire.Payload {
			p := l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))
			p[2] = tsPayload(wire.PayloadTSi, selectors(l.t, "192.168.0.0/16"))
			return p
		}, wire.NotifyTSUnacceptable},
		{"selectors of an unknown type only", func(l *childLab) []wire.Payload {
			p := l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))
			p[2] = unknown
			return p
		}, wire.NotifyTSUnacceptable},
		{"another group", func(l *childLab) []wire.Payload {
			p := l.childRequest(l.espProposal("aes128gcm16-x25519-noesn", 0x7000))
			return append(p, &wire.KE{Method: wire.KEECP256, Data: make([]byte, 64)})
		}, wire.NotifyInvalidKEPayload},
		{"group without public value", func(l *childLab) []wire.Payload {
			return l.childRequest(l.espProposal("aes128gcm16-x25519-noesn", 0x7000))
		}, wire.NotifyInvalidKEPayload},
		{"all-zero public value", func(l *childLab) []wire.Payload {
			p := l.childRequest(l.espProposal("aes128gcm16-x25519-noesn", 0x7000))
			return append(p, &wire.KE{Method: wire.KECurve25519, Data: make([]byte, 32)})
		}, wire.NotifyInvalidSyntax},
		{"two nonces", func(l *childLab) []wire.Payload {
			return append(l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000)), nonceOf(3))
		}, wire.NotifyInvalidSyntax},
		{"no TSr", func(l *childLab) []wire.Payload {
			return l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))[:3]
		}, wire.NotifyInvalidSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := oneChild(t, nil)
			if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, tt.payload(l)...)); got != tt.want {
				t.Errorf("answer %v, want %v", got, tt.want)
			}
			if fatal := tt.want == wire.NotifyInvalidSyntax; fatal != (len(l.b.of(NewsClosed)) == 1) {
				t.Errorf("IKE SA closed: %d times", len(l.b.of(NewsClosed)))
			}
			l.checkSPIs(l.b)
		})
	}
}

func TestHostileRequestsForTheIKESA(t *testing.T) {
	proposal := func(l *childLab, text string, spi []byte) *wire.SA {
		p := mustProposal(l.t, wire.ProtocolIKE, text)
		p.SPI = spi
		return &wire.SA{Proposals: []wire.Proposal{p}}
	}
	spi := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	tests := []struct {
		name string
		sa   func(l *childLab) *wire.SA
		ke   *wire.KE
		want wire.NotifyType
	}{
		{"no SPI", func(l *childLab) *wire.SA { return proposal(l, "aes128gcm16-prfsha256-x25519", nil) },
			&wire.KE{Method: wire.KECurve25519, Data: slices.Repeat([]byte{9}, 32)}, wire.NotifyNoProposalChosen},
		{"SPI zero", func(l *childLab) *wire.SA { return proposal(l, "aes128gcm16-prfsha256-x25519", make([]byte, 8)) },
			&wire.KE{Method: wire.KECurve25519, Data: slices.Repeat([]byte{9}, 32)}, wire.NotifyNoProposalChosen},
		{"an ESP proposal", func(l *childLab) *wire.SA {
			return &wire.SA{Proposals: []wire.Proposal{numbered(l.espProposal("aes128gcm16-noesn", 0x7000))}}
		}, &wire.KE{Method: wire.KECurve25519, Data: slices.Repeat([]byte{9}, 32)}, wire.NotifyNoProposalChosen},
		{"other algorithms", func(l *childLab) *wire.SA { return proposal(l, "aes256gcm16-prfsha512-x25519", spi) },
			&wire.KE{Method: wire.KECurve25519, Data: slices.Repeat([]byte{9}, 32)}, wire.NotifyNoProposalChosen},
		{"another group", func(l *childLab) *wire.SA { return proposal(l, "aes128gcm16-prfsha256-x25519-ecp256", spi) },
			&wire.KE{Method: wire.KEECP256, Data: make([]byte, 64)}, wire.NotifyInvalidKEPayload},
		{"all-zero public value", func(l *childLab) *wire.SA { return proposal(l, "aes128gcm16-prfsha256-x25519", spi) },
			&wire.KE{Method: wire.KECurve25519, Data: make([]byte, 32)}, wire.NotifyInvalidSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := oneChild(t, nil)
			answer := l.ask(l.a, wire.ExchangeCreateChildSA, tt.sa(l), nonceOf(7), tt.ke)
			if got := notifyOf(answer); got != tt.want {
				t.Errorf("answer %v, want %v", got, tt.want)
			}
			if n := len(l.b.of(NewsRekeyed)); n != 0 || len(l.live(l.b)) != 1 && tt.want != wire.NotifyInvalidSyntax {
				t.Errorf("%d rekeyings, %d children", n, len(l.live(l.b)))
			}
		})
	}
}

func TestIKERekeyWithoutKEPayloadIsInvalidSyntax(t *testing.T) {
	l := oneChild(t, nil)
	p := mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")
	p.SPI = make([]byte, 8)
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, &wire.SA{Proposals: []wire.Proposal{p}}, nonceOf(7))); got != wire.NotifyInvalidSyntax {
		t.Errorf("answer %v", got)
	}
}

// childAnswerTo makes a good answer of b to a request for a child, for tests to spoil.
func childAnswerTo(t testing.TB, request []wire.Payload) []wire.Payload {
	t.Helper()
	offer, _ := wire.Find[*wire.SA](request)
	selection, err := suite.Select(offer.Proposals[1:], offer.Proposals[1:], suite.SelectOptions{}) // the one without key exchange
	if err != nil {
		t.Fatal(err)
	}
	chosen := selection.Proposal
	chosen.SPI = spiOctets(0x00200077)
	return []wire.Payload{&wire.SA{Proposals: []wire.Proposal{chosen}}, nonceOf(0x77),
		tsPayload(wire.PayloadTSi, selectors(t, "10.1.0.0/16")), tsPayload(wire.PayloadTSr, selectors(t, "10.2.0.0/16"))}
}

func TestHostileAnswersMakeNoChild(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(request, answer []wire.Payload) []wire.Payload
		code  explain.Code
	}{
		{"two proposals", func(_, p []wire.Payload) []wire.Payload {
			sa := p[0].(*wire.SA)
			second := sa.Proposals[0]
			sa.Proposals[0].Number, second.Number = 1, 2
			sa.Proposals = append(sa.Proposals, second)
			return p
		}, explain.IKEBadProposal},
		{"algorithm that was not offered", func(_, p []wire.Payload) []wire.Payload {
			p[0].(*wire.SA).Proposals[0].Transforms[0].KeyLength = 256
			return p
		}, explain.IKEBadProposal},
		{"reserved SPI", func(_, p []wire.Payload) []wire.Payload {
			p[0].(*wire.SA).Proposals[0].SPI = spiOctets(1)
			return p
		}, explain.IKEBadProposal},
		{"SPI of another child", func(_, p []wire.Payload) []wire.Payload {
			p[0].(*wire.SA).Proposals[0].SPI = spiOctets(0x00200001)
			return p
		}, explain.IKENoProposal},
		{"more traffic than offered", func(_, p []wire.Payload) []wire.Payload {
			p[3] = tsPayload(wire.PayloadTSr, []spd.Selector{{Start: addrA, End: addrB, EndPort: 65535}})
			return p
		}, explain.IKETSUnacceptable},
		{"no traffic at all", func(_, p []wire.Payload) []wire.Payload {
			p[3] = &wire.TS{Payload: wire.PayloadTSr, Selectors: []wire.TrafficSelector{{TSType: 99, Raw: []byte{1}}}}
			return p
		}, explain.IKETSUnacceptable},
		{"transport mode that was not asked for", func(_, p []wire.Payload) []wire.Payload {
			return append(p, &wire.Notify{NotifyType: wire.NotifyUseTransportMode})
		}, explain.IKEMode},
		{"our own nonce", func(request, p []wire.Payload) []wire.Payload {
			p[1], _ = wire.Find[*wire.Nonce](request)
			return p
		}, explain.IKEInvalidSyntax},
		{"group without public value", func(request, p []wire.Payload) []wire.Payload {
			offer, _ := wire.Find[*wire.SA](request)
			p[0].(*wire.SA).Proposals[0].Transforms = offer.Proposals[0].Transforms
			p[0].(*wire.SA).Proposals[0].Number = 1
			return p
		}, explain.IKEKeyExchange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := oneChild(t, nil)
			l.lossless, l.holding = false, true
			l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
			l.intercept(l.b, func(request []wire.Payload) []wire.Payload { return tt.spoil(request, childAnswerTo(t, request)) })
			if f := l.a.failure(t, NewsFailure); f.Code != tt.code {
				l.failf("failure %v, want %s", f, tt.code)
			}
			// The child that the peer has made is deleted (RFC 7296, Section 2.21).
			if got := l.a.lastMessage(); got != "INFORMATIONAL request 3 [ D(ESP 1) ]" {
				l.failf("a goes on with %s", got)
			}
			l.intercept(l.b, func([]wire.Payload) []wire.Payload { return nil })
			if len(l.live(l.a)) != 1 || len(l.planes[l.a].in) != 1 {
				l.failf("%d children", len(l.live(l.a)))
			}
			l.checkSPIs(l.a)
		})
	}
}

// RFC 6989, Section 2.5: the sender evidently has an implementation bug.
func TestBadPublicValueInTheAnswerForAChildEndsTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
	l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
		p := childAnswerTo(t, request)
		offer, _ := wire.Find[*wire.SA](request)
		p[0].(*wire.SA).Proposals[0].Transforms = offer.Proposals[0].Transforms
		p[0].(*wire.SA).Proposals[0].Number = 1
		return append(p, &wire.KE{Method: wire.KECurve25519, Data: make([]byte, 32)})
	})
	if got := l.a.lastMessage(); got != "INFORMATIONAL request 3 [ D(IKE) ]" {
		l.failf("a goes on with %s", got)
	}
	l.intercept(l.b, func([]wire.Payload) []wire.Payload { return nil })
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKEKeyExchange {
		l.failf("closed with %v", f)
	}
	l.checkSPIs(l.a)
}

func TestUnusableAnswerToAnIKERekeyEndsTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyIKE{})
	l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
		offer, _ := wire.Find[*wire.SA](request)
		p := offer.Proposals[0]
		p.SPI = []byte{8, 7, 6, 5, 4, 3, 2, 1}
		return []wire.Payload{&wire.SA{Proposals: []wire.Proposal{p}}, nonceOf(3), &wire.KE{Method: wire.KECurve25519, Data: make([]byte, 32)}}
	})
	if got := l.a.lastMessage(); got != "INFORMATIONAL request 3 [ D(IKE) ]" {
		l.failf("a goes on with %s", got)
	}
}

// An SPI of zero names no IKE SA (RFC 7296, Section 3.1).
func TestAnswerToAnIKERekeyNeedsAnSPI(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyIKE{})
	l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
		offer, _ := wire.Find[*wire.SA](request)
		ke, _ := wire.Find[*wire.KE](request)
		p := offer.Proposals[0]
		p.SPI = make([]byte, 8)
		return []wire.Payload{&wire.SA{Proposals: []wire.Proposal{p}}, nonceOf(3), ke}
	})
	l.intercept(l.b, func([]wire.Payload) []wire.Payload { return nil })
	if f := l.a.failure(t, NewsClosed); f.Code != explain.IKEBadProposal {
		l.failf("closed with %v", f)
	}
}

func TestAnswerWithoutNonceEndsTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
	l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
		p := childAnswerTo(t, request)
		return []wire.Payload{p[0], p[2], p[3]}
	})
	if f := l.a.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax || l.a.shard.Len() != 0 && len(l.live(l.a)) != 0 {
		l.failf("failure %v", f)
	}
	l.checkSPIs(l.a)
}
