package ike

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"culvert/wire"
)

// The cases of RFC 7296, Sections 2.8.2 and 2.25.2, and those of 2.25.1 that are about the IKE SA.

// bothRekeyIKE has both sides begin to rekey the IKE SA; nothing is delivered yet.
func bothRekeyIKE(t *testing.T, seed byte) *childLab {
	l := oneChild(t, nil)
	l.a.env.Rand, l.b.env.Rand = testRand(2*seed), testRand(2*seed+1)
	l.holding = true
	l.command(l.a, RekeyIKE{})
	l.command(l.b, RekeyIKE{})
	return l
}

// rival returns what a node knows about the peer's rekeying while its own is under way.
func (l *childLab) rival(at *testNode) *rekeyIKE {
	l.t.Helper()
	for _, sl := range at.shard.slots.list {
		if sl.sa != nil && sl.sa.exchanges.rekey != nil && sl.sa.exchanges.rekey.rival != nil {
			return sl.sa.exchanges.rekey
		}
	}
	l.failf("%s does not notice the collision", at.name)
	return nil
}

func TestCollisionBothRekeyTheIKESAAndTheLowestNonceLoses(t *testing.T) {
	won := map[string]int{}
	for seed := range byte(12) {
		l := bothRekeyIKE(t, seed)
		l.deliver(l.a)
		l.deliver(l.b)
		ofB, ofA := l.rival(l.a), l.rival(l.b) // the exchanges of b and of a
		winner, stays := l.a, ofA.rival.spiI
		if bytes.Compare(ofA.rivalLowest, ofB.rivalLowest) < 0 {
			winner, stays = l.b, ofB.rival.spiI
		}
		won[winner.name]++
		child := l.child(l.a).inSPI
		l.quiet()
		l.agree(1)
		if got := l.sa(l.a).spiI; got != stays {
			l.failf("IKE SA %v survives instead of %v", got, stays)
		}
		if l.sa(winner).initiator != true || l.child(l.a).inSPI != child {
			l.failf("the survivor did not inherit the child, or has the wrong initiator")
		}
		for _, node := range []*testNode{l.a, l.b} {
			if len(node.of(NewsRekeyed)) != 1 || len(node.of(NewsClosed)) != 0 {
				l.failf("%s: %d rekeyed, %d closed", node.name, len(node.of(NewsRekeyed)), len(node.of(NewsClosed)))
			}
		}
	}
	if won["a"] == 0 || won["b"] == 0 {
		t.Errorf("one side always wins: %v", won)
	}
}

func TestCollisionBothRekeyTheIKESAWithLostAnswers(t *testing.T) {
	for seed := range byte(8) {
		l := bothRekeyIKE(t, seed)
		l.deliver(l.a)
		l.deliver(l.b)
		l.lose(l.a)
		l.quiet()
		l.agree(1)
	}
}

func TestCollisionOnlyOneNoticesThatBothRekeyTheIKESA(t *testing.T) {
	l := bothRekeyIKE(t, 1)
	req1 := l.take(l.a)
	l.deliver(l.b)         // a answers req2 while its own is under way
	l.deliver(l.a)         // b completes, and begins to delete the old IKE SA
	l.do(req1.to, req1.ev) // only now b sees req1
	if got := notifyAnswered(l, l.b); got != "TEMPORARY_FAILURE" {
		l.failf("b answers %s", got)
	}
	stays := l.sa(l.b).spiI
	l.quiet()
	l.agree(1)
	if l.sa(l.a).spiI != stays {
		l.failf("another IKE SA survives")
	}
}

func TestCollisionOldIKESAIsDeletedBeforeTheCollisionIsDecided(t *testing.T) {
	l := bothRekeyIKE(t, 1)
	l.lose(l.a) // req1
	l.deliver(l.b)
	l.deliver(l.a) // b completes
	l.deliver(l.b) // b's Delete of the old IKE SA: a forgets its own rekeying (RFC 7296, Section 2.8.2)
	before := l.sent(l.a, "CREATE_CHILD_SA request")
	l.elapse(10 * wait)
	if l.sent(l.a, "CREATE_CHILD_SA request") != before || len(l.a.of(NewsRetransmitted)) != 0 {
		l.failf("a goes on with its own rekeying")
	}
	l.quiet()
	l.agree(1)
}

func TestCollisionRekeyOfAnIKESAThatThePeerCloses(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyIKE{})
	l.command(l.b, Close{})
	l.deliver(l.a)
	if got := notifyAnswered(l, l.b); got != "TEMPORARY_FAILURE" {
		l.failf("b answers %s", got)
	}
	l.deliver(l.b) // b's Delete: a answers and forgets its own rekeying
	if got := l.a.lastMessage(); got != "INFORMATIONAL response 0 [ ]" {
		l.failf("a answers %s", got)
	}
	l.quiet()
	l.agree(0)
	if l.a.shard.Len() != 0 || l.b.shard.Len() != 0 {
		l.failf("%d and %d IKE SAs are left", l.a.shard.Len(), l.b.shard.Len())
	}
}

func TestCollisionBothCloseTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, Close{})
	l.command(l.b, Close{})
	l.deliver(l.a)
	l.deliver(l.b)
	for _, node := range []*testNode{l.a, l.b} {
		if l.sent(node, "response") != 1 || len(node.of(NewsClosed)) != 1 {
			l.failf("%s does not answer as usual and forget its own Delete", node.name)
		}
	}
	l.quiet()
	l.agree(0)
	if len(l.a.of(NewsRetransmitted))+len(l.b.of(NewsRetransmitted)) != 0 {
		l.failf("a forgotten Delete is repeated")
	}
}

func TestCollisionIKERekeyWhileThePeerCreatesAChild(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.b, CreateChild{Child: l.sa(l.b).conn.Children[0]})
	l.command(l.a, RekeyIKE{})
	l.checkIKERekeyRefusedOnce(2)
}

func TestCollisionIKERekeyWhileThePeerRekeysAChild(t *testing.T) {
	l := oneChild(t, nil)
	l.holding = true
	l.command(l.b, RekeyChild{SPI: l.child(l.b).inSPI})
	l.command(l.a, RekeyIKE{})
	l.checkIKERekeyRefusedOnce(1)
}

func TestCollisionIKERekeyWhileThePeerDeletesAChild(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.b, CloseChild{SPI: l.child(l.b).inSPI})
	l.command(l.a, RekeyIKE{})
	l.checkIKERekeyRefusedOnce(0)
}

// checkIKERekeyRefusedOnce has b, which is busy with a child, answer a's rekeying with TEMPORARY_FAILURE; later it works.
func (l *childLab) checkIKERekeyRefusedOnce(children int) {
	l.t.Helper()
	old := l.sa(l.a).spiI
	l.deliver(l.a)
	if got := notifyAnswered(l, l.b); got != "TEMPORARY_FAILURE" {
		l.failf("b answers %s", got)
	}
	// The request of b is answered with the same: a is rekeying the IKE SA. Deletes are answered as usual.
	l.deliver(l.b)
	l.deliver(l.b)
	l.letGo()
	if l.sa(l.a).spiI != old {
		l.failf("the IKE SA is rekeyed again at once")
	}
	l.quiet()
	l.agree(children)
	if l.sa(l.a).spiI == old {
		l.failf("the IKE SA is not rekeyed in the end")
	}
}

func TestCollisionChildIsCreatedWhileThePeerRekeysTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.holding = true
	l.command(l.a, RekeyIKE{})
	answer := l.ask(l.b, wire.ExchangeCreateChildSA, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)
	if got := notifyOf(answer); got != wire.NotifyTemporaryFailure {
		l.failf("answer %v", got)
	}
}

func TestCollisionChildIsRekeyedWhileThePeerRekeysTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.holding = true
	l.command(l.a, RekeyIKE{})
	l.command(l.b, RekeyChild{SPI: l.child(l.b).inSPI})
	l.deliver(l.b)
	if got := notifyAnswered(l, l.a); got != "TEMPORARY_FAILURE" {
		l.failf("a answers %s", got)
	}
	old := l.child(l.a).inSPI
	l.quiet()
	l.agree(1)
	if l.child(l.a).inSPI == old || l.sa(l.a).spiI == l.a.of(NewsEstablished)[0].SA {
		l.failf("not both were rekeyed in the end")
	}
}

func TestCollisionChildIsDeletedWhileThePeerRekeysTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyIKE{})
	l.command(l.b, CloseChild{SPI: l.child(l.b).inSPI})
	l.deliver(l.b)
	if got := l.a.lastMessage(); got != "INFORMATIONAL response 0 [ D(ESP 1) ]" {
		l.failf("a answers %s", got)
	}
	l.quiet()
	l.agree(0)
}

func TestCollisionChildIsDeletedOnTheOldIKESAAfterItMoved(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	old, spi := l.sa(l.a), l.child(l.a).inSPI
	l.command(l.a, RekeyIKE{})
	l.deliver(l.a) // b has moved its children to the new IKE SA, a has not
	answer := l.askOn(l.a, old, wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{spi}})
	if d, ok := wire.Find[*wire.Delete](answer); !ok || len(d.SPIs) != 1 {
		l.failf("answer %v", answer)
	}
	if len(l.live(l.b)) != 0 {
		l.failf("b still has the child")
	}
}

func TestCollisionChildIsCreatedWhileThePeerClosesTheIKESA(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	sa := l.sa(l.b)
	l.command(l.a, Close{})
	answer := l.askOn(l.b, sa, wire.ExchangeCreateChildSA, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)
	if got := notifyOf(answer); got != wire.NotifyTemporaryFailure {
		l.failf("answer %v", got)
	}
}

func TestCollisionCloseWaitsForOurOwnIKERekey(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless, l.holding = false, true
	l.command(l.a, RekeyIKE{})
	l.deliver(l.a)
	l.command(l.a, Close{}) // the peer has a new IKE SA already, which has to go as well
	l.quiet()
	l.agree(0)
	if l.a.shard.Len() != 0 || l.b.shard.Len() != 0 {
		l.failf("%d and %d IKE SAs are left", l.a.shard.Len(), l.b.shard.Len())
	}
}

func TestCollisionOurIKERekeyIsNeverAnswered(t *testing.T) {
	l := bothRekeyIKE(t, 1)
	l.lose(l.a)    // req1, now and ever
	l.deliver(l.b) // a answers req2 and holds the new IKE SA
	l.deliver(l.a) // b completes, and everything is on the new IKE SA
	stays, child := l.sa(l.b).spiI, l.child(l.a).inSPI
	l.letGo() // the Delete of the old one
	l.lossless = false
	l.quiet()
	l.agree(1)
	if l.sa(l.a).spiI != stays || l.child(l.a).inSPI != child {
		l.failf("the new IKE SA did not get the child")
	}
}

func TestCollisionOldIKESADiesBeforeItIsDecided(t *testing.T) {
	l := bothRekeyIKE(t, 1)
	old := l.sa(l.a)
	l.lose(l.a)
	l.deliver(l.b)
	l.deliver(l.a) // b has everything on the new IKE SA, but its Delete never comes
	l.lossless = false
	l.loseAll(old)
	l.letGo()
	l.elapse(time.Hour)
	l.agree(1)
	if l.sa(l.a).spiI == old.spiI {
		l.failf("the old IKE SA is still there")
	}
}

// loseAll loses every message of one IKE SA.
func (l *childLab) loseAll(sa *SA) {
	through := l.testNet.tap
	l.testNet.tap = func(from, to *testNode, datagram []byte) [][]byte {
		if h, err := wire.ParseHeader(datagram); err == nil && h.InitiatorSPI == sa.spiI {
			return nil
		}
		return through(from, to, datagram)
	}
	l.held = slices.DeleteFunc(l.held, func(d heldDatagram) bool {
		h, err := wire.ParseHeader(d.ev.(MessageReceived).Datagram)
		return err == nil && h.InitiatorSPI == sa.spiI
	})
}

func TestCollisionAbandonedIKESALeavesNoRivalBehind(t *testing.T) {
	l := bothRekeyIKE(t, 1)
	l.lossless = false
	old := l.sa(l.a).LocalSPI()
	l.lose(l.a)
	l.deliver(l.b)
	l.do(l.a, Command{SA: old, Event: Close{Abandon: true}})
	if n := len(l.planes[l.a].in); n != 0 {
		l.failf("%d SAs are left", n)
	}
	l.quiet()
	for _, sl := range l.a.shard.slots.list {
		if sl.sa != nil && sl.sa.state != StateClosed {
			l.failf("an IKE SA is %v", sl.sa.state)
		}
	}
}
