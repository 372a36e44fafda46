package ike

import (
	"bytes"
	"testing"
)

// Collisions of exchanges with additional key exchanges (RFC 9370, Section 2.2.4).

// bothWithSeveralKE has both sides begin the same; nothing is delivered yet.
func bothWithSeveralKE(t *testing.T, seed byte, ev func(l *childLab, at *testNode) Event) *childLab {
	l := severalKE(t, twoKE, nil)
	l.a.env.Rand, l.b.env.Rand = testRand(2*seed), testRand(2*seed+1)
	l.holding = true
	l.command(l.a, ev(l, l.a))
	l.command(l.b, ev(l, l.b))
	return l
}

func rekeysChild(l *childLab, at *testNode) Event { return RekeyChild{SPI: l.child(at).inSPI} }

func rekeysIKE(*childLab, *testNode) Event { return RekeyIKE{} }

// lowestAsked returns the lower nonce of the exchange that a node has answered and not finished.
func (l *childLab) lowestAsked(at *testNode) []byte {
	l.t.Helper()
	pending := l.sa(at).exchanges.pending
	if len(pending) != 1 {
		l.failf("%s has %d pending SAs", at.name, len(pending))
	}
	return pending[0].from.lowest()
}

func TestCollisionIsDecidedBeforeTheAdditionalKeyExchanges(t *testing.T) {
	for name, ev := range map[string]func(*childLab, *testNode) Event{"child": rekeysChild, "IKE": rekeysIKE} {
		won := map[string]int{}
		for seed := range byte(12) {
			l := bothWithSeveralKE(t, seed, ev)
			l.deliver(l.a) // both notice: the requests cross
			l.deliver(l.b)
			winner, loser := l.a, l.b
			if bytes.Compare(l.lowestAsked(l.b), l.lowestAsked(l.a)) < 0 { // b was asked by a
				winner, loser = l.b, l.a
			}
			won[winner.name]++
			l.letGo()
			if l.sent(winner, "IKE_FOLLOWUP_KE request") != 1 || l.sent(loser, "IKE_FOLLOWUP_KE request") != 0 {
				l.failf("%s: %s has not won", name, winner.name)
			}
			if l.sent(winner, "INFORMATIONAL request") != 1 || l.sent(loser, "INFORMATIONAL request") != 0 {
				l.failf("%s: the loser has something to delete", name)
			}
			l.quiet()
			l.agree(1)
			if l.sent(l.a, "CREATE_CHILD_SA request")+l.sent(l.b, "CREATE_CHILD_SA request") != 2 {
				l.failf("%s: rekeyed again", name)
			}
		}
		if won["a"] == 0 || won["b"] == 0 {
			t.Errorf("%s: one side always wins: %v", name, won)
		}
	}
}

func TestCollisionWithLostAnswersAndAdditionalKeyExchanges(t *testing.T) {
	for _, ev := range []func(*childLab, *testNode) Event{rekeysChild, rekeysIKE} {
		for seed := range byte(8) {
			l := bothWithSeveralKE(t, seed, ev)
			l.deliver(l.a)
			l.deliver(l.b)
			l.lose(l.a) // b hears it by retransmission, when a may be at its key exchanges or done
			l.quiet()
			l.agree(1)
		}
	}
}

// One side has not heard of the other's request before its own CREATE_CHILD_SA exchange is over.
func TestCollisionThatComesLateIsATemporaryFailure(t *testing.T) {
	for name, ev := range map[string]func(*childLab, *testNode) Event{"child": rekeysChild, "IKE": rekeysIKE} {
		t.Run(name, func(t *testing.T) {
			l := bothWithSeveralKE(t, 1, ev)
			late := l.take(l.a)
			l.deliver(l.b)         // a answers while its own is under way
			l.deliver(l.a)         // b begins its key exchanges
			l.do(late.to, late.ev) // only now a's request comes
			if got := notifyAnswered(l, l.b); got != "TEMPORARY_FAILURE" {
				l.failf("b answers %s", got)
			}
			l.letGo()
			if l.sent(l.a, "IKE_FOLLOWUP_KE request") != 0 || l.sent(l.b, "IKE_FOLLOWUP_KE request") != 1 {
				l.failf("not b alone goes on")
			}
			l.quiet()
			l.agree(1)
			if l.sent(l.a, "CREATE_CHILD_SA request") != 1 {
				l.failf("a rekeys again")
			}
		})
	}
}

// The loser forgets what it has promised to the winner, who starts over.
func TestCollisionWhoseLoserForgets(t *testing.T) {
	for name, ev := range map[string]func(*childLab, *testNode) Event{"child": rekeysChild, "IKE": rekeysIKE} {
		t.Run(name, func(t *testing.T) {
			l := bothWithSeveralKE(t, 1, ev)
			late := l.take(l.a)
			l.deliver(l.b)
			l.deliver(l.a)
			l.do(late.to, late.ev)
			for _, node := range []*testNode{l.a, l.b} {
				l.renounceAt(node)
			}
			l.quiet()
			l.agree(1)
		})
	}
}

// renounceAt has a node forget what is pending.
func (l *childLab) renounceAt(at *testNode) {
	for _, sl := range at.shard.slots.list {
		if sl.sa != nil {
			sl.sa.renounceAll()
		}
	}
}

func TestDeletesInTheMiddleOfKeyExchanges(t *testing.T) {
	for name, ev := range map[string]func(*childLab, *testNode) Event{"child": rekeysChild, "IKE": rekeysIKE} {
		for _, who := range []string{"a", "b"} {
			for _, what := range []string{"child", "IKE"} {
				for step := range 4 {
					l := severalKE(t, twoKE, nil)
					l.lossless, l.holding = false, true
					l.command(l.a, ev(l, l.a))
					closes, at := map[string]*testNode{"a": l.a, "b": l.b}[who], l.a
					for range step {
						l.deliver(at)
						at = l.other(at)
					}
					if what == "child" {
						l.command(closes, CloseChild{SPI: l.child(closes).inSPI})
					} else {
						l.command(closes, Close{})
					}
					l.quiet()
					if n := len(l.live(l.a)) + len(l.live(l.b)); n != 0 {
						l.failf("rekey %s, %s closes %s at step %d: %d children left", name, who, what, step, n)
					}
					l.checkSPIs(l.a)
					l.checkSPIs(l.b)
				}
			}
		}
	}
}
