package ike

import (
	"slices"
	"strings"
	"testing"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A peer that is authenticated and hostile, or broken, in IKE_FOLLOWUP_KE exchanges.

// keOf makes a KE payload of a fresh public value.
func (l *childLab) keOf(method wire.TransformID) *wire.KE {
	l.t.Helper()
	k, err := suite.NewKeyExchange(method, testRand(77))
	if err != nil {
		l.t.Fatal(err)
	}
	return &wire.KE{Method: method, Data: k.Public()}
}

// promised has b agree to a child with two key exchanges, asked for in the name of a, and returns the link to the second.
func (l *childLab) promised(spi uint32, more ...wire.Payload) *wire.Notify {
	l.t.Helper()
	request := append(more, l.childRequest(l.espProposal(twoKE+"-noesn", spi))...)
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, append(request, l.keOf(wire.KECurve25519))...)
	link, ok := wire.FindNotify(answer, wire.NotifyAdditionalKeyExchange)
	if !ok {
		l.failf("b answers %v", answer)
	}
	return linkNotify(slices.Clone(link.Data))
}

func (l *childLab) followUp(payloads ...wire.Payload) []wire.Payload {
	l.t.Helper()
	return l.ask(l.a, wire.ExchangeFollowupKE, payloads...)
}

func TestKeyExchangeThatBelongsToNothingIsNotFound(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	link := l.promised(0x7000)
	ke := l.keOf(wire.KEECP256)
	for name, payloads := range map[string][]wire.Payload{
		"no link":         {ke},
		"empty link":      {ke, linkNotify(nil)},
		"unknown link":    {ke, linkNotify([]byte{9, 9, 9, 9, 1})},
		"link cut short":  {ke, linkNotify(link.Data[:4])},
		"link and more":   {ke, linkNotify(append(slices.Clone(link.Data), 0))},
		"another step":    {ke, linkNotify([]byte{link.Data[0], link.Data[1], link.Data[2], link.Data[3], link.Data[4] + 1})},
		"link of 60 KiB":  {ke, linkNotify(make([]byte, 60<<10))},
		"status only":     {ke, &wire.Notify{NotifyType: wire.NotifySetWindowSize, Data: link.Data}},
		"link in 2 parts": {ke, linkNotify(link.Data[:3]), linkNotify(link.Data[3:])},
	} {
		if got := notifyOf(l.followUp(payloads...)); got != wire.NotifyStateNotFound {
			t.Errorf("%s: answer %v", name, got)
		}
	}
	// None of that has hurt the key exchange that is under way; afterwards its link is used up.
	if answer := l.followUp(ke, link); notifyOf(answer) != 0 || len(l.live(l.b)) != 2 {
		t.Errorf("answer %v, %d children", answer, len(l.live(l.b)))
	}
	if got := notifyOf(l.followUp(ke, link)); got != wire.NotifyStateNotFound {
		t.Errorf("second time: answer %v", got)
	}
	l.checkSPIs(l.b)
}

func TestHostileKeyExchangesEndTheIKESA(t *testing.T) {
	for name, payloads := range map[string]func(l *childLab) []wire.Payload{
		"another method":      func(l *childLab) []wire.Payload { return []wire.Payload{l.keOf(wire.KECurve25519)} },
		"the first once more": func(l *childLab) []wire.Payload { return []wire.Payload{l.keOf(wire.KEMLKEM512)} },
		"off the curve": func(l *childLab) []wire.Payload {
			return []wire.Payload{&wire.KE{Method: wire.KEECP256, Data: make([]byte, 64)}}
		},
		"too short": func(l *childLab) []wire.Payload {
			return []wire.Payload{&wire.KE{Method: wire.KEECP256, Data: l.keOf(wire.KEECP256).Data[:63]}}
		},
		"nothing": func(l *childLab) []wire.Payload { return []wire.Payload{&wire.KE{Method: wire.KEECP256}} },
		"two":     func(l *childLab) []wire.Payload { return []wire.Payload{l.keOf(wire.KEECP256), l.keOf(wire.KEECP256)} },
		"none":    func(l *childLab) []wire.Payload { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			l := severalKE(t, twoKE, nil)
			link := l.promised(0x7000)
			if got := notifyOf(l.followUp(append(payloads(l), link)...)); got != wire.NotifyInvalidSyntax {
				t.Errorf("answer %v", got)
			}
			if f := l.b.failure(t, NewsClosed); f.Notify != wire.NotifyInvalidSyntax {
				t.Errorf("closed with %v", f)
			}
			l.checkSPIs(l.b)
		})
	}
}

func TestPeerMayBeginOnlySoManySAs(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	for i := range uint32(maxPending) {
		l.promised(0x7000 + i)
	}
	request := append(l.childRequest(l.espProposal(twoKE+"-noesn", 0x8000)), l.keOf(wire.KECurve25519))
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, request...)); got != wire.NotifyTemporaryFailure {
		t.Errorf("answer %v", got)
	}
	l.elapse(followUpTime)
	if sa := l.sa(l.b); sa.exchanges.pending != nil {
		t.Errorf("%d still pending", len(sa.exchanges.pending))
	}
	l.checkSPIs(l.b)
}

func TestPendingSAsCountAsChildren(t *testing.T) {
	l := severalKE(t, twoKE, func(a, b *Connection) { b.Limits.Children = 3 })
	l.promised(0x7000)
	l.promised(0x7001)
	request := append(l.childRequest(l.espProposal(twoKE+"-noesn", 0x8000)), l.keOf(wire.KECurve25519))
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, request...)); got != wire.NotifyNoAdditionalSAs {
		t.Errorf("answer %v", got)
	}
}

func TestSPIOfAPendingChildIsNotUsedTwice(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	first, second := l.promised(0x7000), l.promised(0x7000)
	ke := l.keOf(wire.KEECP256)
	if got := notifyOf(l.followUp(ke, second)); got != 0 {
		t.Errorf("answer %v", got)
	}
	if got := notifyOf(l.followUp(ke, first)); got != wire.NotifyNoProposalChosen || len(l.live(l.b)) != 2 {
		t.Errorf("answer %v, %d children", got, len(l.live(l.b)))
	}
	l.checkSPIs(l.b)
}

func TestRekeyingThatIsAskedForAgainReplacesTheFirst(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	old := rekeyNotify(l.child(l.a).inSPI)
	first, second := l.promised(0x7000, old), l.promised(0x7001, old)
	ke := l.keOf(wire.KEECP256)
	if got := notifyOf(l.followUp(ke, first)); got != wire.NotifyStateNotFound {
		t.Errorf("answer %v", got)
	}
	if got := notifyOf(l.followUp(ke, second)); got != 0 || l.child(l.b).outSPI != 0x7001 {
		t.Errorf("answer %v", got)
	}
	l.checkSPIs(l.b)
}

func TestDeleteOfWhatIsPendingForgetsIt(t *testing.T) {
	for name, spi := range map[string]func(l *childLab) uint32{
		"the new child": func(l *childLab) uint32 { return 0x7000 },
		"the old child": func(l *childLab) uint32 { return l.child(l.a).inSPI },
	} {
		t.Run(name, func(t *testing.T) {
			l := severalKE(t, twoKE, nil)
			link := l.promised(0x7000, rekeyNotify(l.child(l.a).inSPI))
			l.ask(l.a, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{spi(l)}})
			if got := notifyOf(l.followUp(l.keOf(wire.KEECP256), link)); got != wire.NotifyStateNotFound {
				t.Errorf("answer %v", got)
			}
			l.checkSPIs(l.b)
		})
	}
}

func TestRekeyOfTheIKESAWaitsForPendingChildren(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	l.promised(0x7000)
	p := mustProposal(t, wire.ProtocolIKE, twoKE+"-prfsha256")
	p.SPI = []byte{1, 2, 3, 4, 5, 6, 7, 8}
	request := []wire.Payload{&wire.SA{Proposals: []wire.Proposal{p}}, nonceOf(1), l.keOf(wire.KECurve25519)}
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, request...)); got != wire.NotifyTemporaryFailure {
		t.Errorf("answer %v", got)
	}
	l.story = nil
	l.command(l.b, RekeyIKE{})
	if got := l.exchanges(l.b); got != "" {
		t.Errorf("b begins %s", got)
	}
}

func TestChildOfAnIKESAThatIsBeingRekeyedHasToWait(t *testing.T) {
	l := severalKE(t, twoKE, nil)
	p := mustProposal(t, wire.ProtocolIKE, twoKE+"-prfsha256")
	p.SPI = []byte{1, 2, 3, 4, 5, 6, 7, 8}
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, &wire.SA{Proposals: []wire.Proposal{p}}, nonceOf(1), l.keOf(wire.KECurve25519))
	if _, ok := wire.FindNotify(answer, wire.NotifyAdditionalKeyExchange); !ok {
		t.Fatalf("answer %v", answer)
	}
	request := append(l.childRequest(l.espProposal(twoKE+"-noesn", 0x8000)), l.keOf(wire.KECurve25519))
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, request...)); got != wire.NotifyTemporaryFailure {
		t.Errorf("answer %v", got)
	}
	l.story = nil
	l.command(l.b, RekeyChild{SPI: l.child(l.b).inSPI})
	if got := l.exchanges(l.b); got != "" {
		t.Errorf("b begins %s", got)
	}
	l.holding = true
	l.elapse(followUpTime) // a does not go on, so b may
	if got := l.exchanges(l.b); got != "CREATE_CHILD_SA" {
		t.Errorf("b begins %s", got)
	}
}

func TestHostileAnswersToAKeyExchangeMakeNoChild(t *testing.T) {
	good := func(l *childLab) *wire.KE { return l.keOf(wire.KEECP256) }
	tests := []struct {
		name   string
		answer func(l *childLab) []wire.Payload
		goesOn string // a's next message
		code   explain.Code
	}{
		{"another method", func(l *childLab) []wire.Payload { return []wire.Payload{l.keOf(wire.KECurve25519)} }, "D(ESP 1)", explain.IKEKeyExchange},
		{"one more to come", func(l *childLab) []wire.Payload { return []wire.Payload{good(l), linkNotify([]byte{1})} }, "D(ESP 1)", explain.IKEKeyExchange},
		{"not on the curve", func(l *childLab) []wire.Payload {
			return []wire.Payload{&wire.KE{Method: wire.KEECP256, Data: make([]byte, 64)}}
		}, "D(IKE)", ""},
		{"refused", func(l *childLab) []wire.Payload {
			return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyNoProposalChosen}}
		}, "IKE_FOLLOWUP_KE", explain.IKENoProposal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := severalKE(t, twoKE, nil)
			l.lossless, l.holding = false, true
			l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
			l.deliver(l.a)
			l.deliver(l.b)
			l.intercept(l.b, func([]wire.Payload) []wire.Payload { return tt.answer(l) })
			if got := l.a.lastMessage(); !strings.Contains(got, tt.goesOn) {
				l.failf("a goes on with %s", got)
			}
			if tt.code != "" && l.a.failure(t, NewsFailure).Code != tt.code {
				l.failf("a reports %v", l.a.failure(t, NewsFailure))
			}
			l.letGo()
			l.checkSPIs(l.a)
		})
	}
}

func TestLinkFitsWhatWasChosen(t *testing.T) {
	for name, tt := range map[string]struct {
		additional wire.TransformID
		link       []wire.Payload
	}{
		"no link":            {wire.KEECP256, nil},
		"link without a use": {wire.KENone, []wire.Payload{linkNotify([]byte{1})}},
	} {
		t.Run(name, func(t *testing.T) {
			l := severalKE(t, twoKE+"-ke2_none", nil)
			l.lossless, l.holding = false, true
			l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
			l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
				offer, _ := wire.Find[*wire.SA](request)
				chosen := offer.Proposals[0]
				chosen.Transforms = slices.DeleteFunc(slices.Clone(chosen.Transforms), func(t wire.Transform) bool {
					return t.Type == wire.TransformADDKE2 && t.ID != tt.additional
				})
				chosen.SPI = spiOctets(0x00200077)
				return append(tt.link, &wire.SA{Proposals: []wire.Proposal{chosen}}, nonceOf(0x77), l.keOf(wire.KECurve25519),
					tsPayload(wire.PayloadTSi, selectors(t, "10.1.0.0/16")), tsPayload(wire.PayloadTSr, selectors(t, "10.2.0.0/16")))
			})
			if got := l.a.lastMessage(); !strings.Contains(got, "D(ESP 1)") {
				l.failf("a goes on with %s", got)
			}
			if f := l.a.failure(t, NewsFailure); f.Code != explain.IKEKeyExchange {
				l.failf("a reports %v", f)
			}
		})
	}
}
