package sim

import (
	"fmt"
	"testing"
	"time"

	"culvert/ike"
)

// A node that restarts says so with INITIAL_CONTACT, and its peer lets go of what it has forgotten at once (RFC 7296,
// Section 2.4). Without it the new SA replaces the old one as soon as it has its children.
func TestRestartedPeerReplacesItsSA(t *testing.T) {
	for _, contact := range []bool{true, false} {
		t.Run(fmt.Sprintf("INITIAL_CONTACT %t", contact), func(t *testing.T) {
			l := newLab(t, 1)
			a, b, conn := pair(l, Terms{Children: 2, Change: func(c *ike.Connection) { c.InitialContact, c.DPDDelay = contact, 0 }})
			l.up(a, b, conn)
			old := b.SPIOf(conn)
			a.Crash()
			a.Start()
			l.up(a, b, conn)
			l.Run(time.Second)
			if b.Established(conn) != 1 || b.SPIOf(conn) == old {
				t.Errorf("b has %d IKE SAs, the old one among them: %t", b.Established(conn), b.SPIOf(conn) == old)
			}
			l.probe(a, b, false)
			l.finish(a, b, conn, false)
		})
	}
}

// What happens when a peer that has an IKE SA connects once more is configured.
func TestUniqueness(t *testing.T) {
	for _, tt := range []struct {
		name    string
		unique  ike.Uniqueness
		contact bool
		first   int // IKE SAs at b after a second one was begun
		refused bool
	}{
		{"replace", ike.UniqueReplace, false, 1, false},
		{"keep", ike.UniqueKeep, false, 0, true}, // the first one is asked for a sign of life, and found dead
		{"keep, initial contact", ike.UniqueKeep, true, 1, false},
		{"no", ike.UniqueNo, false, 2, false},
		{"no, initial contact", ike.UniqueNo, true, 1, false},
		{"never, initial contact", ike.UniqueNever, true, 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, 1)
			a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) {
				c.Unique, c.InitialContact, c.DPDDelay = tt.unique, tt.contact, 0
				c.Reconnect = ike.Reconnect{Tries: 1}
			}})
			l.up(a, b, conn)
			a.Crash() // it does not tell, and b cannot know
			a.Start()
			l.bringUp(a, conn)
			l.Run(45 * time.Second) // a Delete that nobody answers ends too
			if got := b.Established(conn); got != tt.first {
				t.Errorf("b has %d IKE SAs, want %d", got, tt.first)
			}
			if refused := a.Established(conn) == 0; refused != tt.refused {
				t.Errorf("the second IKE SA was refused: %t", refused)
			}
		})
	}
}

// A peer that does not answer any more is found dead (RFC 7296, Section 2.4), and what is configured for that follows; a peer
// that closes a child has what is configured for that.
func TestWhatFollowsAnEnd(t *testing.T) {
	for _, tt := range []struct {
		name          string
		close, dead   ike.StartAction
		end           func(l *Lab, b *Node, conn string)
		wantUp, asked bool // up again by itself; up again by a packet
	}{
		{"dead, nothing", ike.StartUp, ike.StartNone, crashAndReturn, false, false},
		{"dead, trap", ike.StartNone, ike.StartTrap, crashAndReturn, false, true},
		{"dead, start", ike.StartNone, ike.StartUp, crashAndReturn, true, true},
		{"closed, nothing", ike.StartNone, ike.StartUp, closeAsPeer, false, false},
		{"closed, trap", ike.StartTrap, ike.StartNone, closeAsPeer, false, true},
		{"closed, start", ike.StartUp, ike.StartNone, closeAsPeer, true, true},
		{"child closed, nothing", ike.StartNone, ike.StartUp, closeChildAsPeer, false, false},
		{"child closed, trap", ike.StartTrap, ike.StartNone, closeChildAsPeer, false, true},
		{"child closed, start", ike.StartUp, ike.StartNone, closeChildAsPeer, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, 1)
			a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) { c.Reconnect = ike.Reconnect{Tries: 3, Delay: time.Second} },
				Child: func(c *ike.ChildConfig) { c.OnClose, c.OnDead = tt.close, tt.dead }})
			l.up(a, b, conn)
			tt.end(l, b, conn)
			l.Run(2 * time.Minute)
			if up := len(a.Children(conn)) > 0; up != tt.wantUp {
				t.Errorf("up again: %t", up)
			}
			l.Ledger.Send(a, b, l.Host(a, 0, false), l.Host(b, 0, false))
			l.Run(10 * time.Second)
			if up := len(a.Children(conn)) > 0; up != tt.asked {
				t.Errorf("up again after a packet: %t", up)
			}
		})
	}
}

func crashAndReturn(_ *Lab, b *Node, _ string)      { b.Restart(time.Second) }
func closeAsPeer(_ *Lab, b *Node, conn string)      { b.Handle(b.SPIOf(conn), ike.Close{}) }
func closeChildAsPeer(_ *Lab, b *Node, conn string) { deleteChild(b, conn) }
