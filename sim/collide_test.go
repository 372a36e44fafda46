package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"culvert/ike"
)

// A collision is two exchanges that cross (RFC 7296, Sections 2.8 and 2.25): each node does something, at about the same time.
type collision struct {
	name     string
	a, b     act
	lossless bool   // only rekeying: no packet may be lost
	sent     string // a message that somebody sends when both act at the same moment
}

// An act is something that a node does with its IKE SA or the first child of it.
type act func(n *Node, conn string)

func rekeyChild(n *Node, conn string) {
	if c := n.Children(conn); len(c) > 0 {
		n.Handle(n.SPIOf(conn), ike.RekeyChild{SPI: c[0].InSPI})
	}
}

func deleteChild(n *Node, conn string) {
	if c := n.Children(conn); len(c) > 0 {
		n.Handle(n.SPIOf(conn), ike.CloseChild{SPI: c[0].InSPI})
	}
}

func rekeySA(n *Node, conn string)  { n.Handle(n.SPIOf(conn), ike.RekeyIKE{}) }
func deleteSA(n *Node, conn string) { n.Handle(n.SPIOf(conn), ike.Close{}) }

// createChild asks for the second child, which is configured and was taken down.
func createChild(n *Node, conn string) {
	if err := n.BringUp(conn, "c1"); err != nil {
		panic(err)
	}
}

func collisions() []collision {
	const temporary = "N(TEMPORARY_FAILURE)"
	return []collision{
		{"rekey child, rekey child", rekeyChild, rekeyChild, true, "N(REKEY_SA)"},
		{"rekey child, delete child", rekeyChild, deleteChild, false, temporary},
		{"delete child, delete child", deleteChild, deleteChild, false, "D(ESP 1)"},
		{"rekey IKE SA, rekey IKE SA", rekeySA, rekeySA, true, "D(IKE)"},
		{"rekey IKE SA, delete IKE SA", rekeySA, deleteSA, false, temporary},
		{"delete IKE SA, delete IKE SA", deleteSA, deleteSA, false, "D(IKE)"},
		{"rekey IKE SA, rekey child", rekeySA, rekeyChild, true, temporary},
		{"rekey IKE SA, create child", rekeySA, createChild, true, temporary},
		{"rekey IKE SA, delete child", rekeySA, deleteChild, false, temporary},
		{"create child, create child", createChild, createChild, true, "SA Ni"},
		{"create child, delete IKE SA", createChild, deleteSA, false, temporary},
		{"create child, rekey child", createChild, rekeyChild, true, "N(REKEY_SA)"},
		{"create child, delete child", createChild, deleteChild, false, "D(ESP 1)"},
		{"rekey child, delete IKE SA", rekeyChild, deleteSA, false, temporary},
		{"delete child, delete IKE SA", deleteChild, deleteSA, false, "D(IKE)"},
	}
}

// Every collision, with every offset between the two requests at which their exchanges overlap, with the original initiator in
// either role, with windows of one and more, and with slow work.
func TestCollisions(t *testing.T) {
	for _, c := range collisions() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			step := 5 * time.Millisecond
			if testing.Short() {
				step = 20 * time.Millisecond
			}
			for _, window := range []int{1, 4} {
				for _, work := range []time.Duration{0, 15 * time.Millisecond} {
					for offset := -60 * time.Millisecond; offset <= 60*time.Millisecond; offset += step {
						c.collideBothWays(t, Terms{ESP: FastPFS}, window, work, offset)
					}
				}
			}
		})
	}
}

// The same with additional key exchanges, whose exchanges are under way for longer (RFC 9370, Section 2.2.4).
func TestCollisionsWithSeveralKeyExchanges(t *testing.T) {
	for _, c := range collisions() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			step := 15 * time.Millisecond
			if testing.Short() {
				step = 60 * time.Millisecond
			}
			for _, window := range []int{1, 4} {
				for _, work := range []time.Duration{0, 15 * time.Millisecond} {
					for offset := -120 * time.Millisecond; offset <= 120*time.Millisecond; offset += step {
						c.collideBothWays(t, severalKE(), window, work, offset)
					}
				}
			}
		})
	}
}

// severalKE are terms with two additional key exchanges.
func severalKE() Terms {
	return Terms{IKE: fastIKE + "-ke1_ecp256-ke2_mlkem512", ESP: FastPFS + "-ke1_ecp256-ke3_mlkem512"}
}

func (c collision) collideBothWays(t *testing.T, terms Terms, window int, work, offset time.Duration) {
	t.Helper()
	c.collide(t, terms, window, work, offset)
	c.a, c.b = c.b, c.a
	c.collide(t, terms, window, work, offset)
}

// collide lets a and b act, b by an offset later, and sees that everything is well afterwards.
func (c collision) collide(t *testing.T, terms Terms, window int, work, offset time.Duration) {
	t.Helper()
	terms.Children, terms.Change = 2, func(c *ike.Connection) { c.WindowSize = window }
	what := fmt.Sprintf("window %d, work %v, offset %v", window, work, offset)
	retell(t, uint64(window)<<32|uint64(offset+time.Second), what, func(l *Lab) {
		a, b, conn := pair(l, terms)
		a.WorkTime, b.WorkTime = work, work
		l.up(a, b, conn)
		if c.uses(createChild) {
			a.TakeDown(conn, "c1")
			b.TakeDown(conn, "c1")
		}
		l.Run(30 * time.Second)
		first := l.Ledger.Next()
		l.chatter(a, b, 3*time.Millisecond, l.Elapsed()+400*time.Millisecond)
		l.After(100*time.Millisecond, func() { c.a(a, conn) })
		l.After(100*time.Millisecond+offset, func() { c.b(b, conn) })
		l.Run(10 * time.Second)
		if refused := l.Ledger.Refused(first); c.lossless && len(refused) > 0 {
			l.Problem("lost although it arrived: %q", refused)
		}
		l.bringUp(a, conn)
		l.bringUp(b, conn)
		l.finish(a, b, conn, false)
	})
}

// Both act at the same moment: the answers are those of RFC 7296, Section 2.25.
func TestCollisionsAreAnsweredByTheBook(t *testing.T) {
	for _, c := range collisions() {
		t.Run(c.name, func(t *testing.T) {
			l := New(1)
			var drawing strings.Builder
			l.TraceTo(&drawing)
			a, b, conn := pair(l, Terms{Children: 2})
			l.up(a, b, conn)
			if c.uses(createChild) {
				a.TakeDown(conn, "c1")
				b.TakeDown(conn, "c1")
			}
			l.Run(30 * time.Second)
			c.a(a, conn)
			c.b(b, conn)
			l.Run(time.Second)
			if !strings.Contains(drawing.String(), c.sent) {
				t.Errorf("nobody sends %s:\n%s", c.sent, drawing.String())
			}
		})
	}
}

func (c collision) uses(x act) bool {
	return fmt.Sprintf("%p", c.a) == fmt.Sprintf("%p", x) || fmt.Sprintf("%p", c.b) == fmt.Sprintf("%p", x)
}

// chatter sends packets in both directions of the first child at an interval.
func (l *Lab) chatter(a, b *Node, interval, until time.Duration) {
	if l.Elapsed() > until {
		return
	}
	x, y := l.Host(a, 0, false), l.Host(b, 0, false)
	l.Ledger.Send(a, b, x, y)
	l.Ledger.Send(b, a, y, x)
	l.After(interval, func() { l.chatter(a, b, interval, until) })
}
