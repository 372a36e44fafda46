package sim

import (
	"fmt"
	"testing"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// One node has an SA that the other does not know yet: the answer that tells of it is still on its way, or being worked on.
// Whatever is done with it, the nodes agree in the end, and rekeying loses nothing (RFC 7296, Sections 2.8 and 2.25).
func TestNewSAIsUsedBeforeThePeerKnowsIt(t *testing.T) {
	makes := map[string]act{"new child": createChild, "rekeyed child": rekeyChild, "rekeyed IKE SA": rekeySA}
	uses := map[string]struct {
		act
		lossless bool
	}{"rekeys the child": {rekeyLast, true}, "deletes the child": {deleteLast, false}, "rekeys the IKE SA": {rekeySA, true},
		"deletes the IKE SA": {deleteSA, false}, "checks liveness": {checkSA, true}}
	for made, make := range makes {
		for used, use := range uses {
			t.Run(made+", the peer "+used, func(t *testing.T) {
				t.Parallel()
				for _, hold := range []time.Duration{0, 300 * time.Millisecond, 2500 * time.Millisecond} {
					for wait := 20 * time.Millisecond; wait < 500*time.Millisecond; wait += 40 * time.Millisecond {
						for _, window := range []int{1, 3} {
							retell(t, uint64(wait), fmt.Sprintf("answer held for %v, peer acts after %v, window %d", hold, wait, window), func(l *Lab) {
								overtake(l, make, use.act, hold, wait, window, use.lossless)
							})
						}
					}
				}
			})
		}
	}
}

// overtake has a make something, holds the answer back or the work on it, and has b use what it has made.
func overtake(l *Lab, make, use act, hold, wait time.Duration, window int, lossless bool) {
	a, b, conn := pair(l, Terms{Children: 2, ESP: FastPFS, Change: func(c *ike.Connection) { c.WindowSize = window }})
	l.up(a, b, conn)
	for _, n := range l.Nodes() {
		if err := n.TakeDown(conn, "c1"); err != nil {
			l.Problem("%v", err)
		}
	}
	l.Run(20 * time.Second)
	first := l.Ledger.Next()
	l.chatter(a, b, 10*time.Millisecond, l.Elapsed()+4*time.Second)
	a.WorkTime = 400 * time.Millisecond
	if hold > 0 {
		a.WorkTime = 0
		l.holdAnswers(b, hold)
	}
	make(a, conn)
	l.After(wait, func() { use(b, conn) })
	l.Run(20 * time.Second)
	if refused := l.Ledger.Refused(first); lossless && len(refused) > 0 {
		l.Problem("lost although they arrived: %d, such as %s", len(refused), refused[0])
	}
	l.bringUp(a, conn)
	l.bringUp(b, conn)
	l.finish(a, b, conn, false)
}

// holdAnswers keeps back what a node sends for IKE, for a while.
func (l *Lab) holdAnswers(n *Node, hold time.Duration) {
	end := l.Elapsed() + hold
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		what, _ := p.content()
		if late := end - l.Elapsed(); what == kindIKE && p.Source.Addr() == n.addrs[0] && late > 0 {
			l.After(late, func() { pass(p) })
			return
		}
		pass(p)
	}
}

// rekeyLast and deleteLast act on the child that the node has made last.
func rekeyLast(n *Node, conn string) {
	if c := n.Children(conn); len(c) > 0 {
		n.Handle(n.SPIOf(conn), ike.RekeyChild{SPI: c[len(c)-1].InSPI})
	}
}

func deleteLast(n *Node, conn string) {
	if c := n.Children(conn); len(c) > 0 {
		n.Handle(n.SPIOf(conn), ike.CloseChild{SPI: c[len(c)-1].InSPI})
	}
}

func checkSA(n *Node, conn string) { n.Handle(n.SPIOf(conn), ike.CheckLiveness{}) }

// Both rekey, and what one of them asks never arrives. It gives its own up, and goes on with what the other has made.
func TestOtherRekeyingStaysWhenOursHasNoAnswer(t *testing.T) {
	for name, rekey := range map[string]act{"IKE SA": rekeySA, "child": rekeyChild} {
		t.Run(name, func(t *testing.T) {
			for _, late := range []time.Duration{0, 10 * time.Second, 27 * time.Second} {
				retell(t, 1, fmt.Sprintf("the other one begins after %v", late), func(l *Lab) {
					a, b, conn := pair(l, Terms{Children: 2, Change: noLiveness})
					l.up(a, b, conn)
					l.dropRequests(b)
					rekey(b, conn)
					l.After(late, func() { rekey(a, conn) })
					l.Run(time.Minute)
					l.Network.Intercept = nil
					l.bringUp(a, conn)
					l.bringUp(b, conn)
					l.finish(a, b, conn, false)
				})
			}
		})
	}
}

// dropRequests loses every request of a node.
func (l *Lab) dropRequests(n *Node) {
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		what, message := p.content()
		h, err := wire.ParseHeader(message)
		if what == kindIKE && err == nil && p.Source.Addr() == n.addrs[0] && !h.IsResponse() {
			return
		}
		pass(p)
	}
}
