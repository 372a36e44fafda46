package conformance

import (
	"bytes"
	"testing"

	"culvert/wire"
)

// Messages for IKE SAs that are not there are refused, if answered at all (RFC 7296, Sections 1.5 and 2.21.4).
func TestStrayRequest(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, of := range roles() {
			t.Run(of.name+" another SPI of the initiator", func(t *testing.T) {
				l := newLab(t, s)
				se, c := of.establish(l)
				stray := *se
				stray.spiI ^= 0xff
				l.refuses(&stray)
				se.alive()
				c.carries()
			})
			t.Run(of.name+" another SPI of the responder", func(t *testing.T) {
				l := newLab(t, s)
				se, c := of.establish(l)
				stray := *se
				stray.spiR ^= 0xff
				l.refuses(&stray)
				se.alive()
				c.carries()
			})
		}
	})
}

// refuses checks that the node does nothing with a protected request that has another SPI than its own. When it is the node's
// SPI that is wrong there is no IKE SA that the message is for, and it says so.
func (l *lab) refuses(s *session) {
	l.Helper()
	known := l.nut.news[0].SA == s.theirs()
	s.send(wire.ExchangeInformational)
	if known {
		l.silent()
		return
	}
	m := l.receivePlain()
	if l.only(m.Payloads, wire.NotifyInvalidIKESPI); !m.IsResponse() || m.InitiatorSPI != s.spiI || m.ResponderSPI != s.spiR {
		l.Errorf("header %+v", m.Header)
	}
}

// An authentic request that breaks the rules ends the IKE SA (RFC 7296, Section 2.21.3).
func TestInvalidSyntax(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		l := newLab(t, s)
		se, _ := l.connected()
		octets := se.sealOctets(se.header(wire.ExchangeInformational, se.next, 0), wire.PayloadNotify, []byte{0, 0, 0, 200, 1, 2, 3, 4})
		se.next++
		l.deliver(octets)
		l.only(se.response(wire.ExchangeInformational).Payloads, wire.NotifyInvalidSyntax)
		l.sends(nil)
		l.gone()
	})
}

// A packet that the selectors of its SA do not allow is dropped, and the peer is told (RFC 7296, Section 2.21.4).
func TestInvalidSelectors(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		s.protocol = 6 // TCP, which an echo request is not
		for _, of := range roles() {
			t.Run(of.name, func(t *testing.T) {
				l := newLab(t, s)
				se, c := of.establish(l)
				c.carriesNothing()
				request := se.request(wire.ExchangeInformational)
				n := l.only(request.Payloads, wire.NotifyInvalidSelectors)
				if n.Protocol != wire.ProtocolESP || !bytes.Equal(n.SPI, c.inSPI()) || len(n.Data) == 0 {
					t.Errorf("notify %+v", n)
				}
				se.answer(request)
				se.alive()
				l.installed(1)
			})
		}
	})
}

// A packet with an unknown SPI is dropped, and the peer is told (RFC 7296, Section 1.5).
func TestInvalidSPI(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		for _, of := range roles() {
			t.Run(of.name, func(t *testing.T) {
				l := newLab(t, s)
				se, c := of.establish(l)
				lost := *c
				lost.out = se.foreignSA()
				lost.carriesNothing()
				request := se.request(wire.ExchangeInformational)
				n := l.only(request.Payloads, wire.NotifyInvalidSPI)
				if !bytes.Equal(n.Data, lost.outSPI()) || len(n.SPI) != 0 {
					t.Errorf("notify %+v", n)
				}
				se.answer(request)
				c.carries()
			})
		}
	})
}
