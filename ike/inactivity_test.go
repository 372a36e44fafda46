package ike

import (
	"context"
	"testing"
	"time"

	"culvert/explain"
)

// passing answers when something passed through children, and notes what was asked for.
type passing struct {
	at    *time.Time
	asked *[]ChildRef
	refs  []ChildRef
}

func (w passing) Run(context.Context) any {
	*w.asked = append(*w.asked, w.refs...)
	return *w.at
}

// idle is a pair whose child may be idle for ten minutes at a.
func idle(t *testing.T) (l *childLab, last *time.Time, asked *[]ChildRef) {
	t.Helper()
	last, asked = new(time.Time), new([]ChildRef)
	l = oneChild(t, func(a, _ *Connection) { a.Children[0].Inactivity = 10 * time.Minute })
	l.lossless = false
	l.a.env.LastInbound = func(refs []ChildRef) Work { return passing{last, asked, refs} }
	return l, last, asked
}

func TestIdleChildIsClosedAndTheIKESAStays(t *testing.T) {
	l, _, asked := idle(t)
	l.elapse(10*time.Minute - time.Second)
	if len(l.a.only(t).children) != 1 || len(*asked) != 0 {
		t.Fatalf("closed too early, or asked %v", *asked)
	}
	l.elapse(time.Second)
	if sa := l.a.only(t); len(sa.children) != 0 || len(l.b.only(t).children) != 0 {
		t.Error("an idle child is still there")
	}
	if f := l.a.failure(t, NewsChildDown); f.Code != explain.IKEInactive {
		t.Errorf("closed as %v", f)
	}
	if len(*asked) != 1 || (*asked)[0].OutSPI == 0 {
		t.Errorf("asked about %v, both directions count", *asked)
	}
}

func TestTrafficKeepsAChildThatMayNotBeIdle(t *testing.T) {
	l, last, asked := idle(t)
	*last = l.now.Add(9 * time.Minute)
	l.elapse(19*time.Minute - time.Second)
	if len(l.a.only(t).children) != 1 || len(*asked) != 1 {
		t.Fatalf("%d children, asked %v", len(l.a.only(t).children), *asked)
	}
	l.elapse(time.Second)
	if len(l.a.only(t).children) != 0 {
		t.Error("idle for ten minutes, and still there")
	}
}

func TestNewKeysKeepWatchingAnIdleChild(t *testing.T) {
	l, _, _ := idle(t)
	l.elapse(5 * time.Minute)
	sa := l.a.only(t)
	l.do(l.a, Command{SA: sa.LocalSPI(), Event: RekeyChild{SPI: sa.children[0].inSPI}})
	l.do(l.a, Command{SA: l.a.only(t).LocalSPI(), Event: RekeyIKE{}})
	l.elapse(10*time.Minute + time.Minute)
	for _, n := range l.a.of(NewsChildDown) {
		if n.Failure.Code == explain.IKEInactive {
			return
		}
	}
	t.Errorf("still there: %v", l.a.digest())
}
