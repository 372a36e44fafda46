package ike

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// What the peer answers with an error, or refuses, and what becomes of it.

func TestOtherKeyExchangeIsTriedWhenThePeerAsksForIt(t *testing.T) {
	both, one := espOf(t, "aes128gcm16-x25519-ecp256-noesn"), espOf(t, "aes128gcm16-ecp256-noesn")
	l := oneChild(t, withESP(t, both, one))
	l.lossless = false
	for name, command := range map[string]Event{"rekey": RekeyChild{SPI: l.child(l.a).inSPI}, "create": CreateChild{Child: l.sa(l.a).conn.Children[0]}} {
		l.story = nil
		l.command(l.a, command)
		l.letGo()
		if l.sent(l.b, "N(INVALID_KE_PAYLOAD)") != 1 || l.sent(l.a, "CREATE_CHILD_SA request") != 2 {
			l.failf("%s: not one INVALID_KE_PAYLOAD and two requests", name)
		}
	}
	l.quiet()
	l.agree(2)
}

func TestOtherKeyExchangeIsTriedForTheIKESA(t *testing.T) {
	ecp := mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519-ecp256")
	l := oneChild(t, func(a, b *Connection) { a.Proposals, b.Proposals = []wire.Proposal{ecp}, []wire.Proposal{ecp} })
	reduced := *l.b.env.Connections.list[0]
	reduced.Proposals = []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-ecp256")}
	l.command(l.b, Reconfigure{Connection: &reduced})
	l.story = nil
	l.command(l.a, RekeyIKE{})
	if l.sent(l.b, "N(INVALID_KE_PAYLOAD)") != 1 || l.sent(l.a, "CREATE_CHILD_SA request") != 2 {
		l.failf("not one INVALID_KE_PAYLOAD and two requests")
	}
	l.quiet()
	l.agree(1)
}

func TestKeyExchangeLoopsAreNotFollowed(t *testing.T) {
	for name, data := range map[string][]byte{"the same": {0, 31}, "not offered": {0, 14}, "one octet": {31}, "nothing": nil} {
		for _, what := range []string{"child", "IKE SA"} {
			t.Run(name+" for the "+what, func(t *testing.T) {
				l := oneChild(t, nil)
				l.holding = true
				if what == "child" {
					l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
				} else {
					l.command(l.a, RekeyIKE{})
				}
				l.intercept(l.b, errorAnswer(wire.NotifyInvalidKEPayload, data...))
				if len(l.held) != 0 {
					l.failf("a goes on with %s", l.a.lastMessage())
				}
				l.a.failure(t, NewsFailure)
				if len(l.live(l.a)) != 1 || l.sa(l.a).state != StateEstablished {
					l.failf("the old one is gone")
				}
			})
		}
	}
}

// refusals are errors that end an attempt and nothing else.
func TestRefusedChildLeavesTheIKESAAlone(t *testing.T) {
	for notify, code := range map[wire.NotifyType]explain.Code{
		wire.NotifyNoProposalChosen: explain.IKENoProposal, wire.NotifyTSUnacceptable: explain.IKETSUnacceptable,
		wire.NotifySinglePairRequired: explain.IKESinglePair, wire.NotifyNoAdditionalSAs: explain.IKENoAdditionalSAs,
		wire.NotifyInternalAddressFailure: explain.IKENoAddress, wire.NotifyFailedCPRequired: explain.IKEAddressRequired,
		wire.NotifyInvalidSelectors: explain.IKEPeerRefused, 12346: explain.IKEPeerRefused,
	} {
		for _, rekey := range []bool{false, true} {
			l := oneChild(t, nil)
			l.holding = true
			old := l.child(l.a).inSPI
			if rekey {
				l.command(l.a, RekeyChild{SPI: old})
			} else {
				l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
			}
			l.intercept(l.b, errorAnswer(notify))
			f := l.a.failure(t, NewsFailure)
			news := l.a.of(NewsFailure)
			if f.Code != code || f.Notify != notify || news[len(news)-1].Child.Name != "net" {
				l.failf("%v, rekey %t: failure %v of %v", notify, rekey, f, news[len(news)-1].Child)
			}
			if c := l.child(l.a); c.inSPI != old || c.state != childInstalled {
				l.failf("%v, rekey %t: the old child is %v", notify, rekey, c.state)
			}
			if released := l.a.env.SPIs.(*testSPIs).released; len(released) != 1 {
				l.failf("%v: SPIs %v were given back", notify, released)
			}
		}
	}
}

func TestRekeyThatWasRefusedIsTriedAgainLater(t *testing.T) {
	l := oneChild(t, nil)
	l.holding = true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.intercept(l.b, errorAnswer(wire.NotifyNoProposalChosen))
	l.elapse(rekeyRetry - 1)
	if len(l.held) != 0 {
		l.failf("tried again at once")
	}
	l.elapse(1)
	l.quiet()
	l.agree(1)
	if len(l.a.of(NewsChildRekeyed)) != 1 {
		l.failf("not rekeyed in the end")
	}
}

func TestPeerWithoutRoomForRekeyingIsReauthenticated(t *testing.T) {
	for name, command := range map[string]func(l *childLab) Event{
		"child":  func(l *childLab) Event { return RekeyChild{SPI: l.child(l.a).inSPI} },
		"IKE SA": func(*childLab) Event { return RekeyIKE{} },
	} {
		l := oneChild(t, nil)
		l.holding = true
		l.command(l.a, command(l))
		l.intercept(l.b, errorAnswer(wire.NotifyNoAdditionalSAs))
		if len(l.a.of(NewsReauth)) != 1 {
			t.Errorf("%s: no reauthentication is asked for: %q", name, l.a.digest())
		}
	}
}

func TestTemporaryFailureIsRetriedWithPatience(t *testing.T) {
	l := oneChild(t, nil)
	l.holding = true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.intercept(l.b, errorAnswer(wire.NotifyTemporaryFailure))
	if len(l.held) != 0 {
		l.failf("retried immediately, which RFC 7296, Section 2.25 forbids")
	}
	l.elapse(firstRetry - 1)
	if len(l.held) != 0 {
		l.failf("retried before %v", firstRetry)
	}
	l.elapse(firstRetry / 2)
	l.quiet()
	l.agree(1)
	if len(l.a.of(NewsChildRekeyed)) != 1 {
		l.failf("not retried")
	}
}

func TestTemporaryFailureForEverClosesTheIKESA(t *testing.T) {
	for name, command := range map[string]func(l *childLab) Event{
		"child":  func(l *childLab) Event { return RekeyChild{SPI: l.child(l.a).inSPI} },
		"IKE SA": func(*childLab) Event { return RekeyIKE{} },
	} {
		t.Run(name, func(t *testing.T) {
			l := oneChild(t, nil)
			l.lossless, l.holding = false, true
			l.command(l.a, command(l))
			start := l.now
			for strings.HasPrefix(l.a.lastMessage(), "CREATE_CHILD_SA request") {
				l.intercept(l.b, errorAnswer(wire.NotifyTemporaryFailure))
				for len(l.held) == 0 {
					l.elapse(time.Second)
				}
				if l.now.Sub(start) > 10*time.Minute {
					l.failf("no end")
				}
			}
			l.quiet()
			l.agree(0)
			if f := l.a.failure(t, NewsClosed); f.Code != explain.IKETemporaryFailure {
				l.failf("closed because of %v", f)
			}
		})
	}
}

func TestPeerMayHaveOnlySoManyChildren(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) { b.Limits.Children = 2 })
	l.lossless = false
	for range 3 {
		l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
	}
	l.quiet()
	l.agree(2)
	if f := l.a.failure(t, NewsFailure); f.Notify != wire.NotifyNoAdditionalSAs {
		t.Errorf("failure %v", f)
	}
	l.command(l.a, RekeyChild{SPI: l.live(l.a)[0].inSPI}) // replaces, so it is no addition
	l.quiet()
	l.agree(2)
	if len(l.a.of(NewsChildRekeyed)) != 1 {
		l.failf("not rekeyed")
	}
}

func TestChainOfRekeyingsWithoutDeletesIsBounded(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) { b.Limits.Children = 2 })
	spi := l.child(l.a).inSPI
	for i := range uint32(20) {
		request := append([]wire.Payload{rekeyNotify(spi)}, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000+i))...)
		if notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, request...)) == wire.NotifyNoAdditionalSAs {
			if i < 3 {
				t.Errorf("refused after %d", i)
			}
			return
		}
		spi = 0x7000 + i
	}
	t.Error("a peer can pile up children by rekeying")
}

// exhaustedSPIs is a data plane without a free SPI.
type exhaustedSPIs struct{}

func (exhaustedSPIs) AllocateSPI(int) (uint32, error) { return 0, errors.New("no SPI left") }
func (exhaustedSPIs) ReleaseSPI(uint32)               {}

func TestWithoutSPIThereIsNoChild(t *testing.T) {
	l := oneChild(t, nil)
	spis := l.a.env.SPIs
	l.a.env.SPIs = exhaustedSPIs{}
	l.command(l.a, CreateChild{Child: l.sa(l.a).conn.Children[0]})
	if f := l.a.failure(t, NewsFailure); f.Code != explain.IKEDataPlane {
		t.Errorf("failure %v", f)
	}
	answer := l.ask(l.b, wire.ExchangeCreateChildSA, &wire.SA{Proposals: []wire.Proposal{numbered(l.espProposal("aes128gcm16-noesn", 0x7000))}},
		nonceOf(9), tsPayload(wire.PayloadTSi, selectors(t, "10.2.0.0/16")), tsPayload(wire.PayloadTSr, selectors(t, "10.1.0.0/16")))
	if notifyOf(answer) != wire.NotifyTemporaryFailure {
		t.Errorf("answer %v", answer)
	}
	l.a.env.SPIs = spis
	l.agree(1)
}

func numbered(p wire.Proposal) wire.Proposal {
	p.Number = 1
	return p
}

func TestFailedInstallationDeletesTheChildOnBothSides(t *testing.T) {
	for _, by := range []string{"a", "b"} {
		l := oneChild(t, nil)
		l.lossless = false
		node := map[string]*testNode{"a": l.a, "b": l.b}[by]
		l.do(node, InstallFailed{SPI: l.child(node).inSPI, Err: errors.New("no room")})
		l.quiet()
		l.agree(0)
		if f := node.failure(t, NewsChildDown); f.Code != explain.IKEDataPlane || !strings.Contains(f.Error(), "no room") {
			t.Errorf("%s: failure %v", by, f)
		}
	}
}

func TestClosingAChildThatIsBeingRekeyedClosesBoth(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	spi := l.child(l.a).inSPI
	l.command(l.a, RekeyChild{SPI: spi})
	l.command(l.a, CloseChild{SPI: spi})
	l.quiet()
	l.agree(0)
	if !slices.ContainsFunc(l.a.of(NewsChildDown), func(n News) bool { return n.Child.Name == "net" }) {
		l.failf("the end is not reported")
	}
}
