package ike

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"culvert/wire"
)

// The cases of RFC 7296, Sections 2.8.1 and 2.25.1.

// bothRekeyChild has both sides begin to rekey the same child; nothing is delivered yet.
func bothRekeyChild(t *testing.T, seed byte) *childLab {
	l := oneChild(t, nil)
	l.a.env.Rand, l.b.env.Rand = testRand(2*seed), testRand(2*seed+1)
	l.holding = true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.command(l.b, RekeyChild{SPI: l.child(l.b).inSPI})
	return l
}

// rivalOf returns the exchange of a node that collides with one of the peer.
func (l *childLab) rivalOf(at *testNode) *createChild {
	l.t.Helper()
	for _, c := range l.sa(at).children {
		if c.rekey != nil && c.rekey.rival != nil {
			return c.rekey
		}
	}
	l.failf("%s has no rival", at.name)
	return nil
}

func TestCollisionBothRekeyTheChildAndTheLowestNonceLoses(t *testing.T) {
	won := map[string]int{}
	for seed := range byte(12) {
		l := bothRekeyChild(t, seed)
		old := l.child(l.a).inSPI
		l.deliver(l.a) // both notice: the requests cross
		l.deliver(l.b)
		ofA, ofB := l.rivalOf(l.b), l.rivalOf(l.a) // what the exchanges of a and of b have made
		winner, loser := l.a, l.b
		stays := ofA.rival.outSPI // inbound SPI at a
		if bytes.Compare(ofA.rivalLowest, ofB.rivalLowest) < 0 {
			winner, loser, stays = l.b, l.a, ofB.rival.inSPI
		}
		won[winner.name]++
		l.deliver(l.a)
		l.deliver(l.b)
		l.child(l.a) // of the two new ones only one counts, before the Deletes are under way
		l.child(l.b)
		l.letGo()
		if got := l.child(l.a).inSPI; got != stays {
			l.failf("child %08x survives instead of %08x; old was %08x", got, stays, old)
		}
		// The winner deletes the old child, the loser its own redundant one (RFC 7296, Section 2.8.1).
		if l.sent(winner, "INFORMATIONAL request") != 1 || l.sent(loser, "INFORMATIONAL request") != 1 {
			l.failf("not one Delete of each side")
		}
		l.quiet()
		l.agree(1)
		checkStandIns(l)
	}
	if won["a"] == 0 || won["b"] == 0 {
		t.Errorf("one side always wins: %v", won)
	}
}

func TestCollisionBothRekeyTheChildWithLostAnswers(t *testing.T) {
	for seed := range byte(8) {
		l := bothRekeyChild(t, seed)
		l.deliver(l.a)
		l.deliver(l.b)
		l.lose(l.a) // a's answer; b gets it by retransmission, after the deletes of a
		l.quiet()
		l.agree(1)
	}
}

func TestCollisionOnlyOneNoticesThatBothRekeyTheChild(t *testing.T) {
	l := bothRekeyChild(t, 1)
	l.lose(l.a)    // req1
	l.deliver(l.b) // req2: a notices
	l.letGo()      // resp2; b completes, deletes the old child and never heard of a's request
	survivor := l.child(l.b).inSPI
	l.elapse(wait) // a repeats req1
	if got := notifyAnswered(l, l.b); got != "CHILD_SA_NOT_FOUND" {
		l.failf("b answers %s", got)
	}
	if l.child(l.b).inSPI != survivor {
		l.failf("the child was rekeyed again")
	}
	l.quiet()
	l.agree(1)
	if n := len(l.a.of(NewsChildRekeyed)); n != 1 {
		l.failf("a reports %d rekeyings", n)
	}
}

func TestCollisionPeerIsDeletingTheRekeyedChildWhenOurRequestComes(t *testing.T) {
	l := bothRekeyChild(t, 1)
	req1 := l.take(l.a)
	l.deliver(l.b)         // req2: a notices
	l.deliver(l.a)         // resp2: b completes and begins to delete
	l.do(req1.to, req1.ev) // only now req1 comes, while b's Delete is under way
	if got := notifyAnswered(l, l.b); got != "TEMPORARY_FAILURE" {
		l.failf("b answers %s", got)
	}
	l.quiet()
	l.agree(1)
}

func TestCollisionRekeyOfAChildThatThePeerDeletes(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.b, CloseChild{SPI: l.child(l.b).inSPI})
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.deliver(l.a)
	if got := notifyAnswered(l, l.b); got != "TEMPORARY_FAILURE" {
		l.failf("b answers %s", got)
	}
	l.deliver(l.b) // b's Delete comes to a, which is rekeying: answered as usual
	if got := l.a.lastMessage(); got != "INFORMATIONAL response 0 [ D(ESP 1) ]" {
		l.failf("a answers %s", got)
	}
	l.quiet()
	l.agree(0)
}

func TestCollisionRekeyAndItsAnswerCrossTheDelete(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	l.deliver(l.a) // b has answered with a new child ...
	old := l.sa(l.b).childOut(l.sa(l.a).children[0].inSPI)
	answer := l.take(l.b)
	l.lossless = false
	l.do(l.b, Command{SA: l.sa(l.b).LocalSPI(), Event: CloseChild{SPI: old.successor.inSPI}}) // ... and deletes it when it may
	l.do(answer.to, answer.ev)
	l.quiet()
	l.agree(0)
}

func TestCollisionRekeyOfAChildThatDoesNotExist(t *testing.T) {
	l := oneChild(t, nil)
	payloads := append([]wire.Payload{rekeyNotify(0xabcdef01)}, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, payloads...)
	n, _ := wire.FindNotify(answer, wire.NotifyChildSANotFound)
	if n == nil || n.Protocol != wire.ProtocolESP || !bytes.Equal(n.SPI, spiOctets(0xabcdef01)) {
		t.Errorf("answer %v; the SPI of REKEY_SA has to be in it (RFC 7296, Section 2.25)", answer)
	}
}

func TestCollisionOurChildIsUnknownToThePeer(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	old := l.child(l.a).inSPI
	l.command(l.a, RekeyChild{SPI: old})
	l.intercept(l.b, errorAnswer(wire.NotifyChildSANotFound))
	if got := l.a.lastMessage(); got != "CREATE_CHILD_SA request 3 [ SA Ni KE TSi TSr ]" {
		l.failf("a goes on with %s instead of a new child from scratch", got)
	}
	if down := l.a.of(NewsChildDown); len(down) != 1 || down[0].Child.InSPI != old {
		l.failf("the lost child is not reported")
	}
	if n := l.sent(l.a, "INFORMATIONAL"); n != 0 {
		l.failf("the lost child is deleted with %d messages instead of silently", n)
	}
}

func TestCollisionBothDeleteTheChild(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, CloseChild{SPI: l.child(l.a).inSPI})
	l.command(l.b, CloseChild{SPI: l.child(l.b).inSPI})
	l.deliver(l.a)
	l.deliver(l.b)
	for _, node := range []*testNode{l.a, l.b} {
		if l.sent(node, "[ ]") != 1 {
			l.failf("the answer of %s has a Delete payload", node.name)
		}
		if len(l.planes[node].out) != 0 || len(l.planes[node].in) != 1 {
			l.failf("%s has to delete the outbound SA with the request and the inbound one with the answer", node.name)
		}
	}
	l.quiet()
	l.agree(0)
}

func TestCollisionDeleteOfAChildThatDoesNotExist(t *testing.T) {
	l := oneChild(t, nil)
	answer := l.ask(l.a, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{0xabcdef01}})
	if len(answer) != 0 {
		t.Errorf("answer %v", answer)
	}
}

// wait is long enough for a first retransmission.
const wait = defaultTimeout

// notifyAnswered returns the notify that the last answer of a node with a notify had.
func notifyAnswered(l *childLab, at *testNode) string {
	sent := at.messages(NewsMessageSent)
	for _, m := range slices.Backward(sent) {
		if _, after, ok := strings.Cut(m, "[ N("); ok && strings.Contains(m, "response") {
			name, _, _ := strings.Cut(after, ")")
			return name
		}
	}
	return ""
}

// checkStandIns follows the news of both sides as the supervisor does: in the end they have to name the live children.
func checkStandIns(l *childLab) {
	l.t.Helper()
	for _, node := range []*testNode{l.a, l.b} {
		up := map[uint32]bool{}
		for _, n := range node.news {
			switch n.Kind {
			case NewsChildUp, NewsChildRekeyed:
				delete(up, n.Replaced)
				up[n.Child.InSPI] = true
			case NewsChildDown:
				delete(up, n.Child.InSPI)
			}
		}
		live := l.live(node)
		for _, c := range live {
			if !up[c.inSPI] {
				l.failf("%s did not report child %08x", node.name, c.inSPI)
			}
		}
		if len(up) != len(live) {
			l.failf("%s reported %d children and has %d", node.name, len(up), len(live))
		}
	}
}
