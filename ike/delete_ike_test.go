package ike

import (
	"testing"
	"time"
)

// Packets may arrive after a Delete that was sent after them: neither side forgets its inbound SAs while there may be any.
func TestTrafficThatGoesOnElsewhereIsDrained(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless = false // there is no other IKE SA
	l.command(l.a, Close{Drain: true})
	expect := func(when string, ours, theirs int) {
		t.Helper()
		a, b := l.planes[l.a], l.planes[l.b]
		if len(a.out) != 0 || len(a.in) != ours || len(b.in) != theirs || len(b.out) != theirs {
			t.Errorf("%s: %d out and %d in, the peer has %d and %d", when, len(a.out), len(a.in), len(b.out), len(b.in))
		}
	}
	l.elapse(drainTime / 2)
	expect("before we ask", 1, 1)
	l.elapse(drainTime)
	expect("after the answer", 1, 0)
	l.elapse(drainTime)
	l.quiet()
	l.agree(0)
	if n := len(l.a.of(NewsClosed)); n != 1 {
		t.Errorf("closed %d times", n)
	}
}

func TestPeerThatClosesWhatIsDrained(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless = false // there is no other IKE SA
	l.command(l.a, Close{Drain: true})
	l.command(l.b, Close{})
	l.elapse(3 * drainTime)
	l.quiet()
	l.agree(0)
}

func TestPeerThatDoesNotAnswerWhileItIsDrained(t *testing.T) {
	l := oneChild(t, nil)
	l.lossless = false
	l.onlyFrom(l.a)
	l.command(l.a, Close{Drain: true})
	l.elapse(10 * time.Minute)
	if l.a.shard.Len() != 0 || len(l.a.of(NewsClosed)) != 1 {
		l.failf("the IKE SA is still there")
	}
}
