package sim

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// A mishap happens to one datagram of a life.
type mishap struct {
	name     string
	lossless bool
	strike   func(s *stage, p Packet, pass func(Packet))
}

func mishaps() []mishap {
	again := func(after time.Duration) func(*stage, Packet, func(Packet)) {
		return func(s *stage, p Packet, pass func(Packet)) {
			pass(p)
			s.After(after, func() { pass(p) })
		}
	}
	late := func(after time.Duration) func(*stage, Packet, func(Packet)) {
		return func(s *stage, p Packet, pass func(Packet)) { s.After(after, func() { pass(p) }) }
	}
	changed := func(change func(p Packet) Packet) func(*stage, Packet, func(Packet)) {
		return func(s *stage, p Packet, pass func(Packet)) {
			p.Data = bytes.Clone(p.Data)
			pass(change(p))
		}
	}
	return []mishap{
		{"lost", true, func(*stage, Packet, func(Packet)) {}},
		{"twice at once", true, again(0)},
		{"again after a while", true, again(700 * time.Millisecond)},
		{"again much later", true, again(35 * time.Second)},
		{"late, but before it is sent again", true, late(300 * time.Millisecond)},
		{"late, after it was sent again", true, late(2 * time.Second)},
		{"changed in its last octet", true, changed(func(p Packet) Packet { p.Data[len(p.Data)-1] ^= 1; return p })},
		{"changed in its Message ID", true, changed(func(p Packet) Packet { p.Data[23] ^= 1; return p })},
		{"changed in its sender's SPI", true, changed(func(p Packet) Packet { p.Data[7] ^= 1; return p })},
		{"cut in half", true, changed(func(p Packet) Packet { p.Data = p.Data[:len(p.Data)/2]; return p })},
		{"thrown back as well", true, func(s *stage, p Packet, pass func(Packet)) {
			back := p
			back.Source, back.Destination = p.Destination, p.Source
			pass(back)
			pass(p)
		}},
		{"followed by a restart of its receiver", false, func(s *stage, p Packet, pass func(Packet)) {
			pass(p)
			s.After(20*time.Millisecond, func() { s.receiver(p).Restart(time.Second) })
		}},
		{"lost in a restart of its receiver", false, func(s *stage, p Packet, _ func(Packet)) { s.receiver(p).Restart(100 * time.Millisecond) }},
		{"the last one of its sender", false, func(s *stage, p Packet, pass func(Packet)) {
			s.Network.hosts[p.Source.Addr()].(*Node).Restart(3 * time.Second)
			pass(p)
		}},
	}
}

// A stage is a laboratory with a play: a tunnel comes up, everything about it is rekeyed from either side, a child goes and
// comes again, authentication is renewed.
type stage struct {
	*Lab
	a, b  *Node
	conn  string
	seen  []wire.ExchangeType // of the datagrams of IKE so far
	first uint64
}

func newStage(l *Lab, terms Terms, window int) *stage {
	s := &stage{Lab: l}
	terms.Children, terms.Change = 2, func(c *ike.Connection) { c.WindowSize, c.DPDDelay = window, 0 }
	s.a, s.b, s.conn = pair(s.Lab, terms)
	return s
}

// play plays the whole play, with a mishap for datagram number victim, or without one.
func (s *stage) play(victim int, m *mishap) {
	s.Network.Intercept = func(p Packet, pass func(Packet)) {
		if what, b := p.content(); what == kindIKE {
			h, _ := wire.ParseHeader(b)
			if s.seen = append(s.seen, h.Exchange); m != nil && len(s.seen)-1 == victim {
				s.trace.note(s.Lab, nil, "* this one is "+m.name)
				m.strike(s, p, pass)
				return
			}
		}
		pass(p)
	}
	s.bringUp(s.a, s.conn)
	s.Run(6 * time.Second)
	s.first = s.Ledger.Next()
	s.chatter(s.a, s.b, 20*time.Millisecond, s.Elapsed()+25*time.Second)
	for _, act := range []func(){
		func() { rekeyChild(s.a, s.conn) },
		func() { rekeySA(s.b, s.conn) },
		func() { rekeyChild(s.b, s.conn) },
		func() { rekeySA(s.a, s.conn) },
		func() { _ = s.a.TakeDown(s.conn, "c1") },
		func() { _ = s.a.BringUp(s.conn, "c1") },
		func() { _ = s.a.Reauth(s.conn) },
	} {
		act()
		s.Run(3 * time.Second)
	}
}

// One thing goes wrong with one datagram: with each of them in turn. Whatever it is, the nodes find together again, and
// unless one of them restarts not a single packet of the tunnel is lost.
func TestEachMessage(t *testing.T) {
	whole := newStage(New(1), Terms{}, 1)
	whole.play(0, nil)
	if len(whole.seen) < 30 {
		t.Fatalf("the play has %d datagrams only", len(whole.seen))
	}
	var all []int
	for i := range whole.seen {
		all = append(all, i)
	}
	somethingHappens(t, Terms{}, all)
}

// The same with additional key exchanges: each datagram of the IKE_INTERMEDIATE and IKE_FOLLOWUP_KE exchanges.
func TestEachMessageOfAdditionalKeyExchanges(t *testing.T) {
	whole := newStage(New(1), severalKE(), 1)
	whole.play(0, nil)
	var additional []int
	found := map[wire.ExchangeType]int{}
	for i, exchange := range whole.seen {
		if exchange == wire.ExchangeIntermediate || exchange == wire.ExchangeFollowupKE {
			additional = append(additional, i)
			found[exchange]++
		}
	}
	if found[wire.ExchangeIntermediate] < 8 || found[wire.ExchangeFollowupKE] < 20 {
		t.Fatalf("the play has too few datagrams of these: %v", found)
	}
	somethingHappens(t, severalKE(), additional)
}

// somethingHappens has every mishap happen to each of the datagrams.
func somethingHappens(t *testing.T, terms Terms, victims []int) {
	for _, m := range mishaps() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for i, victim := range victims {
				if testing.Short() && i%5 != 0 {
					continue
				}
				m.happen(t, terms, 1, victim)
				m.happen(t, terms, 3, victim)
			}
		})
	}
}

func (m *mishap) happen(t *testing.T, terms Terms, window, victim int) {
	t.Helper()
	retell(t, uint64(victim), fmt.Sprintf("window %d, datagram %d is %s", window, victim, m.name), func(l *Lab) {
		s := newStage(l, terms, window)
		s.play(victim, m)
		if refused := s.Ledger.Refused(s.first); m.lossless && len(refused) > 0 {
			s.Problem("lost although it arrived: %d, such as %s", len(refused), refused[0])
		}
		s.Run(5 * time.Second)
		s.bringUp(s.a, s.conn)
		s.bringUp(s.b, s.conn)
		s.finish(s.a, s.b, s.conn, false)
	})
}
