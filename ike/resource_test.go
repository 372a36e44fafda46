package ike

import (
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// perCPU gives both gateways a data plane with four workers, and Child SAs for each (RFC 9611).
func perCPU(t *testing.T, change func(a, b *Connection)) *childLab {
	l := oneChild(t, func(a, b *Connection) {
		a.Children[0].PerResource, b.Children[0].PerResource = true, true
		if change != nil {
			change(a, b)
		}
	})
	l.a.env.Resources, l.b.env.Resources = 4, 4
	return l
}

// busy tells a node that one of its workers has traffic and no Child SA.
func (l *childLab) busy(at *testNode, worker int) {
	l.t.Helper()
	l.notice(at, dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: l.first(at).policy, Resource: worker})
}

// first returns the child of all workers.
func (l *childLab) first(at *testNode) *Child {
	l.t.Helper()
	for _, c := range l.live(at) {
		if !c.forResource() {
			return c
		}
	}
	l.failf("%s has no child of all workers", at.name)
	return nil
}

// resourceRequest asks for one more Child SA of a single resource.
func (l *childLab) resourceRequest(spi uint32) []wire.Payload {
	return append(l.childRequest(l.espProposal("aes128gcm16-noesn", spi)), &wire.Notify{NotifyType: wire.NotifySAResourceInfo})
}

func TestChildOfAWorkerIsLikeTheFirst(t *testing.T) {
	l := perCPU(t, nil)
	l.busy(l.a, 3)
	l.busy(l.a, 3) // is on its way or there
	for _, n := range []*testNode{l.a, l.b} {
		list := l.live(n)
		if len(list) != 2 || len(l.planes[n].policies) != 1 {
			l.failf("%s has %d children and %d policies, want two children of one policy", n.name, len(list), len(l.planes[n].policies))
		}
		first, second := list[0], list[1]
		if second.policy != first.policy || suite.ESPFromSelection(second.suite) != suite.ESPFromSelection(first.suite) || second.mode != first.mode {
			t.Errorf("%s: the second child is %v %v, the first %v %v", n.name, second.suite, second.mode, first.suite, first.mode)
		}
	}
	if got := l.live(l.a)[1].resource; got != 3 {
		t.Errorf("the child is bound to worker %d, want the one that has traffic", got)
	}
	if got := l.live(l.b)[1].resource; got != 1 {
		t.Errorf("the responder binds it to worker %d, want the first of its idle ones", got)
	}
}

func TestChildOfAWorkerKeepsToTheAlgorithmsOfTheFirst(t *testing.T) {
	both := espOf(t, "aes128gcm16-noesn", "aes256gcm16-noesn")
	l := perCPU(t, withESP(t, both, both))
	request := append(l.childRequest(l.espProposal("aes256gcm16-noesn", 0x7000)), &wire.Notify{NotifyType: wire.NotifySAResourceInfo})
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, request...)); got != wire.NotifyNoProposalChosen {
		t.Errorf("other algorithms than the first child has are answered with %v", got)
	}
}

// An implementation that takes no more of them says so without closing the door on other Child SAs (RFC 9611, Section 6).
func TestTooManyChildrenOfWorkersAreRefused(t *testing.T) {
	l := perCPU(t, func(a, b *Connection) { b.Limits.Children = 2 })
	for i := range uint32(leastResourceSAs) {
		if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, l.resourceRequest(0x7000+i)...)); got != 0 {
			t.Fatalf("number %d is refused with %v", i, got)
		}
	}
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, l.resourceRequest(0x8000)...)); got != wire.NotifyTSMaxQueue {
		t.Errorf("one too many is answered with %v", got)
	}
	l.ask(l.a, wire.ExchangeCreateChildSA, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x9000))...) // the last that may be
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, l.resourceRequest(0x9001)...)); got != wire.NotifyTSMaxQueue {
		t.Errorf("one for a single resource when there may be no more at all is answered with %v", got)
	}
	if got := notifyOf(l.ask(l.a, wire.ExchangeCreateChildSA, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x9002))...)); got != wire.NotifyNoAdditionalSAs {
		t.Errorf("another one is answered with %v", got)
	}
}

func TestRefusedWorkerAsksAgainLater(t *testing.T) {
	for _, refusal := range []wire.NotifyType{wire.NotifyTSMaxQueue, wire.NotifyNoAdditionalSAs, wire.NotifyNoProposalChosen} {
		l := perCPU(t, nil)
		l.holding = true
		l.busy(l.a, 1)
		l.intercept(l.b, errorAnswer(refusal))
		l.busy(l.a, 1)
		if len(l.held) != 0 || len(l.a.of(NewsFailure)) != 0 || len(l.a.of(NewsWarning)) != 1 {
			l.failf("%v: asks again at once, or does not warn: %q", refusal, l.a.digest())
		}
		l.elapse(resourceRest)
		l.busy(l.a, 1)
		l.letGo()
		if len(l.live(l.a)) != 2 {
			l.failf("%v: does not ask again after a while", refusal)
		}
	}
}

func TestDeletedChildOfAWorkerIsNotMadeAgainAtOnce(t *testing.T) {
	l := perCPU(t, nil)
	l.busy(l.a, 1)
	l.notice(l.b, dataplane.Notice{Kind: dataplane.NoticeFirstPacket, Direction: dataplane.Inbound, SPI: l.live(l.b)[1].inSPI})
	l.do(l.b, Command{SA: l.sa(l.b).LocalSPI(), Event: CloseChild{SPI: l.live(l.b)[1].inSPI}})
	l.busy(l.a, 1)
	if len(l.live(l.a)) != 1 {
		l.failf("made again at once")
	}
	l.elapse(resourceRest)
	l.busy(l.a, 1)
	if len(l.live(l.a)) != 2 {
		l.failf("not made again after a while")
	}
}

func TestChildrenOfWorkersEndWithTheFirst(t *testing.T) {
	for name, end := range map[string]func(l *childLab){
		"by us":   func(l *childLab) { l.command(l.a, CloseChild{SPI: l.first(l.a).inSPI}) },
		"by them": func(l *childLab) { l.command(l.b, CloseChild{SPI: l.first(l.b).inSPI}) },
		"by a Delete of the first alone": func(l *childLab) {
			sa := l.sa(l.b)
			h := sa.header(wire.ExchangeInformational, sa.requests.next, 0)
			sa.requests.next++
			l.inject(l.b, sa, h, []wire.Payload{&wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{l.first(l.b).inSPI}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := perCPU(t, nil)
			for worker := 1; worker <= 3; worker++ {
				l.busy(l.a, worker)
			}
			l.lossless = false
			end(l)
			l.elapse(time.Minute)
			if len(l.live(l.a)) != 0 || len(l.planes[l.a].policies) != 0 {
				l.failf("%d children and %d policies are left", len(l.live(l.a)), len(l.planes[l.a].policies))
			}
		})
	}
}

func TestAnswerForAWorkerMustFitTheFirst(t *testing.T) {
	for name, change := range map[string]func(*childMessage){
		"without SA_RESOURCE_INFO": func(m *childMessage) { m.perResource = false },
		"with other traffic":       func(m *childMessage) { m.tsr = selectors(t, "10.2.7.0/24") },
	} {
		t.Run(name, func(t *testing.T) {
			l := perCPU(t, nil)
			l.holding, l.lossless = true, false
			l.busy(l.a, 1)
			l.intercept(l.b, func(request []wire.Payload) []wire.Payload {
				m := childMessageOf(request)
				m.proposals = []wire.Proposal{numbered(l.espProposal("aes128gcm16-noesn", 0x7000))}
				m.nonce, m.ke = nonceOf(9).Data, nil
				change(&m)
				return m.payloads()
			})
			if w := l.a.failure(t, NewsWarning); w.Code != explain.IKEBadProposal && w.Code != explain.IKETSUnacceptable {
				t.Errorf("warning %v", w)
			}
			if len(l.held) != 1 || len(l.live(l.a)) != 1 {
				l.failf("the Child SA of the peer is not deleted")
			}
		})
	}
}

func TestRekeyedChildOfAWorkerStaysWithIt(t *testing.T) {
	l := perCPU(t, nil)
	l.busy(l.a, 2)
	for range 3 {
		l.command(l.a, RekeyChild{SPI: l.live(l.a)[1].inSPI})
		l.quiet()
		l.command(l.b, RekeyChild{SPI: l.live(l.b)[1].inSPI})
		l.quiet()
	}
	worker := map[int]bool{}
	for _, c := range l.live(l.a) {
		worker[c.resource] = true
	}
	if len(l.live(l.a)) != 2 || !worker[0] || !worker[2] {
		l.failf("children of the workers %v are left, want those of all and of the second", worker)
	}
}
