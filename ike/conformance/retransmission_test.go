package conformance

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// A requester brings the node to send a request, and has it answered. The first datagram of the request waits to be received.
type requester struct {
	name   string
	config change
	begin  func(l *lab) (answer func(octets []byte))
}

func requesters() []requester {
	return []requester{
		{"IKE_SA_INIT", nil, func(l *lab) func([]byte) {
			l.initiate()
			return func(octets []byte) {
				m, err := wire.Parse(bytes.Clone(octets))
				if err != nil {
					l.Fatal(err)
				}
				s, answer := l.accept(message{m, octets})
				s.answerInit(answer)
				s.request(wire.ExchangeAuth)
			}
		}},
		{"IKE_AUTH", nil, func(l *lab) func([]byte) {
			l.initiate()
			s, answer := l.accept(l.receivePlain())
			s.answerInit(answer)
			return func(octets []byte) {
				request := s.reread(octets, wire.ExchangeAuth)
				child, _ := s.acceptChild(request.Payloads)
				s.answer(request, append(s.proof(), child...)...)
			}
		}},
		{"CREATE_CHILD_SA", childLifetime(30*time.Second, 0), func(l *lab) func([]byte) {
			s, _ := l.answered()
			l.wait(30 * time.Second)
			return func(octets []byte) {
				request := s.reread(octets, wire.ExchangeCreateChildSA)
				child, _ := s.acceptChild(request.Payloads)
				s.answer(request, child...)
				s.answer(s.request(wire.ExchangeInformational)) // the Delete of the old one
			}
		}},
		{"INFORMATIONAL", func(c *ike.Connection) { c.DPDDelay = 30 * time.Second }, func(l *lab) func([]byte) {
			s, _ := l.answered()
			l.wait(30 * time.Second)
			return func(octets []byte) { s.answer(s.reread(octets, wire.ExchangeInformational)) }
		}},
	}
}

// reread opens a request of the node whose octets were received before.
func (s *session) reread(octets []byte, exchange wire.ExchangeType) message {
	s.Helper()
	s.datagrams = slices.Insert(s.datagrams, 0, octets)
	return s.request(exchange)
}

// childLifetime and ikeLifetime configure when the node rekeys and when it gives up.
func childLifetime(rekey, hard time.Duration) change {
	return func(c *ike.Connection) { c.Children[0].Lifetime = ike.Lifetime{Rekey: rekey, Hard: hard} }
}

func ikeLifetime(rekey, hard time.Duration) change {
	return func(c *ike.Connection) { c.Lifetime = ike.Lifetime{Rekey: rekey, Hard: hard} }
}

func (r requester) lab(t *testing.T, s scene) *lab {
	if r.config == nil {
		return newLab(t, s)
	}
	return newLab(t, s, r.config)
}

// A request that is not answered is sent again, bitwise identical and ever more seldom (RFC 7296, Section 2.1).
func TestRetransmission(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, r := range requesters() {
			t.Run(r.name, func(t *testing.T) {
				l := r.lab(t, s)
				r.begin(l)
				first := l.receive()
				for _, after := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
					l.wait(after - time.Millisecond)
					l.silent()
					l.wait(time.Millisecond)
					if again := l.receive(); !bytes.Equal(again, first) {
						t.Errorf("after %v the request is another one", after)
					}
				}
			})
		}
	})
}

// The answer ends the retransmissions.
func TestStopOfRetransmission(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, r := range requesters() {
			t.Run(r.name, func(t *testing.T) {
				l := r.lab(t, s)
				answer := r.begin(l)
				first := l.receive()
				l.wait(time.Second)
				again := l.receive()
				if !bytes.Equal(again, first) {
					t.Fatal("the request was not sent again")
				}
				answer(again)
				l.wait(20 * time.Second)
				for _, d := range l.datagrams {
					if bytes.Equal(d, first) {
						t.Error("an answered request is sent again")
					}
				}
			})
		}
	})
}

// A request that is never answered ends everything about the peer (RFC 7296, Section 2.4).
func TestRepeatedAttemptsFail(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, r := range requesters() {
			t.Run(r.name, func(t *testing.T) {
				l := r.lab(t, s)
				r.begin(l)
				l.wait(10 * time.Minute)
				n := len(l.datagrams)
				if n != 4 {
					t.Errorf("the request is sent %d times", n)
				}
				l.datagrams = nil
				l.gone()
				l.silent()
				if closed := l.of(ike.NewsClosed); len(closed) != 1 || closed[0].Failure == nil {
					t.Errorf("closed %d times, or without saying why", len(closed))
				}
				l.nut.news = nil
				l.initiate()
				l.receiveInit() // it can begin anew
			})
		}
	})
}

// A retransmitted request is answered again, with the same octets, and acted upon once (RFC 7296, Section 2.1).
func TestReceiptOfRetransmission(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		twice := func(l *lab, octets []byte) {
			first := l.receive()
			l.wait(time.Second)
			l.deliver(octets)
			if again := l.receive(); !bytes.Equal(first, again) {
				t.Error("the same request is answered in another way")
			}
			l.silent()
			l.datagrams = append(l.datagrams, first)
		}
		t.Run("IKE_SA_INIT", func(t *testing.T) {
			l := newLab(t, s)
			se, payloads := l.open()
			se.askInit(payloads)
			twice(l, se.firstRequest)
			se.takeInit()
			o := se.offerChild()
			o.complete(se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)).carries()
		})
		t.Run("IKE_AUTH", func(t *testing.T) {
			l := newLab(t, s)
			se := l.opened()
			o := se.offerChild()
			twice(l, se.send(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...))
			o.complete(se.response(wire.ExchangeAuth).Payloads).carries()
			l.installed(1)
		})
		t.Run("CREATE_CHILD_SA", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			o := c.offerRekey()
			twice(l, se.send(wire.ExchangeCreateChildSA, o.payloads()...))
			o.complete(se.response(wire.ExchangeCreateChildSA).Payloads)
			l.installed(2)
		})
		t.Run("INFORMATIONAL", func(t *testing.T) {
			l := newLab(t, s)
			se, c := l.connected()
			twice(l, se.send(wire.ExchangeInformational))
			l.want(se.response(wire.ExchangeInformational).Payloads)
			c.carries()
		})
	})
}

// installed checks how many inbound SAs the node has.
func (l *lab) installed(want int) {
	l.Helper()
	if n := l.nut.plane.Census().Inbound; n != want {
		l.Errorf("the node has %d Child SAs, want %d", n, want)
	}
}
