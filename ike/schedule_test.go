package ike

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"culvert/wire"
)

// A schedule has both sides rekey whatever they have, in any order, over a network that loses, repeats and reorders, with work
// that takes any time.
type schedule struct {
	*childLab
	roughNetwork
	rand  *rand.Rand
	churn bool // children come and go
}

// A rough network loses and repeats a part of the datagrams.
type roughNetwork struct {
	name      string
	loss, dup float64
	window    int
	keys      func(t testing.TB, a, b *Connection) // changes what key exchanges there are
}

func roughNetworks() []roughNetwork {
	return []roughNetwork{{"reordering", 0, 0, 1, oneKeyExchange}, {"repeating", 0, 0.3, 1, oneKeyExchange},
		{"losing", 0.3, 0.1, 1, oneKeyExchange}, {"window of four", 0.1, 0.1, 4, oneKeyExchange},
		{"several key exchanges", 0, 0.1, 1, severalKeyExchanges}, {"several key exchanges, losing", 0.2, 0.1, 1, severalKeyExchanges},
		{"several key exchanges, window of four", 0.1, 0.1, 4, severalKeyExchanges},
		{"several key exchanges for one side", 0.1, 0.1, 1, keyExchangesByTheAnswer}}
}

func oneKeyExchange(testing.TB, *Connection, *Connection) {}

// severalKeyExchanges has both sides want additional key exchanges.
func severalKeyExchanges(t testing.TB, a, b *Connection) {
	for _, c := range []*Connection{a, b} {
		esp, ike := mustProposal(t, wire.ProtocolESP, twoKE+"-noesn"), mustProposal(t, wire.ProtocolIKE, twoKE+"-prfsha256")
		c.Children[0].Proposals = counted(append([]wire.Proposal{esp}, c.Children[0].Proposals...))
		c.Proposals = counted(append([]wire.Proposal{ike}, c.Proposals...))
	}
}

// keyExchangesByTheAnswer has b choose to go without the additional key exchanges that a offers; a, when asked, does not.
func keyExchangesByTheAnswer(t testing.TB, a, b *Connection) {
	severalKeyExchanges(t, a, b)
	slices.Reverse(b.Children[0].Proposals)
	slices.Reverse(b.Proposals)
	counted(b.Children[0].Proposals)
	counted(b.Proposals)
}

// counted numbers proposals from 1.
func counted(list []wire.Proposal) []wire.Proposal {
	for i := range list {
		list[i].Number = uint8(i + 1)
	}
	return list
}

func newSchedule(t testing.TB, seed uint64, network roughNetwork) *schedule {
	l := oneChild(t, func(a, b *Connection) {
		a.WindowSize, b.WindowSize = network.window, network.window
		network.keys(t, a, b)
	})
	l.a.env.Rand, l.b.env.Rand = testRand(byte(seed)|0x80), testRand(byte(seed)&0x7f)
	l.holding = true
	l.postpone = func(done flight) bool {
		if l.holding {
			l.held = append(l.held, heldDatagram{done.to, done})
		}
		return l.holding
	}
	return &schedule{childLab: l, rand: rand.New(rand.NewPCG(seed, 1)), roughNetwork: network}
}

// step does one thing at random.
func (s *schedule) step() {
	switch n := s.rand.IntN(16); {
	case n < 2:
		s.rekeyChild(s.anyNode())
	case n < 3:
		s.rekeyIKE(s.anyNode())
	case n < 4:
		s.elapse(time.Duration(s.rand.IntN(4000)) * time.Millisecond)
	case n < 5 && s.churn:
		s.createChild(s.anyNode())
	case n < 6 && s.churn:
		s.closeChild(s.anyNode())
	default:
		s.move()
	}
}

func (s *schedule) anyNode() *testNode { return []*testNode{s.a, s.b}[s.rand.IntN(2)] }

func (s *schedule) rekeyChild(at *testNode) {
	s.anyChild(at, func(c *Child) Event { return RekeyChild{SPI: c.inSPI} })
}

func (s *schedule) closeChild(at *testNode) {
	s.anyChild(at, func(c *Child) Event { return CloseChild{SPI: c.inSPI} })
}

// anyChild gives a command about a live child of a node.
func (s *schedule) anyChild(at *testNode, command func(*Child) Event) {
	live := s.live(at)
	if len(live) == 0 {
		return
	}
	c := live[s.rand.IntN(len(live))]
	for _, sl := range at.shard.slots.list {
		if sl.sa != nil && slices.Contains(sl.sa.children, c) {
			s.do(at, Command{SA: sl.spi, Event: command(c)})
			return
		}
	}
}

// createChild asks for one more child.
func (s *schedule) createChild(at *testNode) {
	if len(s.live(at)) > 6 {
		return
	}
	for _, sl := range at.shard.slots.list {
		if sl.sa != nil && sl.sa.state == StateEstablished && !sl.sa.exchanges.superseded {
			s.do(at, Command{SA: sl.spi, Event: CreateChild{Child: sl.sa.conn.Children[0]}})
			return
		}
	}
}

func (s *schedule) rekeyIKE(at *testNode) {
	for _, sl := range at.shard.slots.list {
		if sl.sa != nil && sl.sa.state == StateEstablished && !sl.sa.exchanges.superseded {
			s.do(at, Command{SA: sl.spi, Event: RekeyIKE{}})
			return
		}
	}
}

// move delivers, loses or repeats one datagram, or ends some work.
func (s *schedule) move() {
	if len(s.held) == 0 {
		return
	}
	i := s.rand.IntN(len(s.held))
	d := s.held[i]
	_, work := d.ev.(WorkFinished)
	switch p := s.rand.Float64(); {
	case work:
		s.held = append(s.held[:i], s.held[i+1:]...)
		s.do(d.to, d.ev)
	case p < s.loss:
		s.held = append(s.held[:i], s.held[i+1:]...)
	case p < s.loss+s.dup:
		s.do(d.to, d.ev)
	default:
		s.held = append(s.held[:i], s.held[i+1:]...)
		s.do(d.to, d.ev)
	}
}

func TestAnyScheduleOfRekeyingLosesNothing(t *testing.T) {
	for _, network := range roughNetworks() {
		t.Run(network.name, func(t *testing.T) {
			for seed := range uint64(60) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					s := newSchedule(t, seed, network)
					for range 150 {
						s.step()
					}
					s.quiet()
					s.agree(1)
					checkStandIns(s.childLab)
				})
			}
		})
	}
}

func TestAnyScheduleOfChildrenEndsInAgreement(t *testing.T) {
	for _, network := range roughNetworks() {
		t.Run(network.name, func(t *testing.T) {
			for seed := range uint64(60) {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					s := newSchedule(t, seed, network)
					s.churn, s.lossless = true, false
					for range 150 {
						s.step()
					}
					s.quiet()
					s.agree(len(s.live(s.a)))
					checkStandIns(s.childLab)
				})
			}
		})
	}
}
