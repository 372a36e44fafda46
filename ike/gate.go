package ike

import (
	"encoding/binary"
	"errors"

	"culvert/dataplane"
	"culvert/wire"
)

// maxInitSize bounds an IKE_SA_INIT request; large key exchanges and long offers fit several times.
const maxInitSize = 8 << 10

// A firstMessage is an IKE_SA_INIT request that belongs to no IKE SA. Its payloads are there once gateParse has passed.
type firstMessage struct {
	wire.Header
	ev       MessageReceived
	payloads []wire.Payload
}

// A ruling is what a gate says: nothing, a quiet drop, or a drop with an answer.
type ruling struct {
	drop   DropReason
	answer *Failure
}

// A gate is one small check on a first message. It keeps no state for it.
type gate func(*Shard, *firstMessage) ruling

// gates are passed in order, the cheapest first; whoever stops a message decides about its answer.
func gates() []gate {
	return []gate{gateLength, gateHeader, gateReflected, gateAddress, gateHalfOpen, gateParse, gatePayloads, gateCookie}
}

// pass takes a message through the gates.
func (s *Shard) pass(m *firstMessage) ruling {
	for _, g := range s.gates {
		if r := g(s, m); r.drop != DropNone {
			return r
		}
	}
	return ruling{}
}

func gateLength(_ *Shard, m *firstMessage) ruling {
	if int64(m.Length) != int64(len(m.ev.Datagram)) || m.Length > maxInitSize {
		return ruling{drop: DropLength}
	}
	return ruling{}
}

// gateHeader demands the header of a first request (RFC 7296, Sections 2.2 and 3.1).
func gateHeader(_ *Shard, m *firstMessage) ruling {
	switch {
	case !m.FromInitiator() || m.IsResponse() || m.InitiatorSPI == 0:
		return ruling{drop: DropFlags}
	case m.MessageID != 0:
		return ruling{drop: DropMessageID}
	}
	return ruling{}
}

// gateReflected refuses our own requests when they are thrown back.
func gateReflected(s *Shard, m *firstMessage) ruling {
	if sl := s.slots.find(m.InitiatorSPI); sl != nil && sl.sa != nil && sl.sa.initiator {
		return ruling{drop: DropReflected}
	}
	return ruling{}
}

// gateAddress stops addresses for which there is no connection.
func gateAddress(s *Shard, m *firstMessage) ruling {
	for range s.env.Connections.ForPath(m.ev.Path) {
		return ruling{}
	}
	_, f := chooseInit(s.env.Connections, m.ev.Path, []wire.Payload{&wire.SA{}})
	return ruling{DropNoConnection, f}
}

// gateHalfOpen bounds the SAs that have not authenticated, in total and for a network. Whoever gets further may take the place of a
// silent one.
func gateHalfOpen(s *Shard, m *firstMessage) ruling {
	switch limits := s.env.Gateway.HalfOpen.withDefaults(); {
	case s.full():
		return ruling{drop: DropHalfOpenTotal}
	case s.half.byPrefix[networkOf(m.ev.Path.Remote.Addr())] >= limits.Prefix:
		return ruling{drop: DropHalfOpenPrefix}
	}
	return ruling{}
}

// gateParse decodes the payloads.
func gateParse(_ *Shard, m *firstMessage) ruling {
	parsed, err := wire.Parse(m.ev.Datagram)
	var malformed *wire.Error
	switch {
	case err == nil:
		m.payloads = parsed.Payloads
		return ruling{}
	case errors.As(err, &malformed) && malformed.Notify != wire.NotifyNone:
		return ruling{DropMalformed, malformedFailure(malformed)}
	}
	return ruling{drop: DropMalformed}
}

// gatePayloads holds the payloads against the exchange table.
func gatePayloads(_ *Shard, m *firstMessage) ruling {
	err := check(exchangeRow("IKE_SA_INIT").request, m.payloads)
	if err == nil {
		_, err = checkNonce(m.payloads, nil)
	}
	if err != nil {
		return ruling{DropMalformed, asFailure(err)}
	}
	return ruling{}
}

// gateCookie demands a cookie when there are many half-open SAs, in total or of one network: who forges the addresses of
// another must not use up what that one may have. A wrong cookie counts as none (RFC 7296, Section 2.6).
func gateCookie(s *Shard, m *firstMessage) ruling {
	if m.ev.Path.Transport == dataplane.TransportTCP {
		return ruling{} // the handshake of TCP has proven the address (RFC 9329, Section 6.3)
	}
	limits := s.env.Gateway.HalfOpen.withDefaults()
	if s.half.total < limits.Cookie && s.half.byPrefix[networkOf(m.ev.Path.Remote.Addr())] < (limits.Prefix+1)/2 {
		return ruling{}
	}
	if err := s.cookies.rotate(s.now, s.env.Rand); err != nil {
		return ruling{drop: DropCookie}
	}
	nonce, _ := wire.Find[*wire.Nonce](m.payloads)
	from := m.ev.Path.Remote.Addr()
	if n, ok := wire.FindNotify(m.payloads, wire.NotifyCookie); ok && s.cookies.valid(n.Data, from, m.InitiatorSPI, nonce.Data) {
		return ruling{}
	}
	return ruling{DropCookie, &Failure{Notify: wire.NotifyCookie, Data: s.cookies.make(from, m.InitiatorSPI, nonce.Data)}}
}

// keyOf makes the key of a first request. One that comes again in another stream is the same from any port (RFC 9329, Section 6.2).
func keyOf(m *firstMessage) initKey {
	port := m.ev.Path.Remote.Port()
	if m.ev.Path.Transport == dataplane.TransportTCP {
		port = 0
	}
	h := sha256Sum(m.ev.Datagram, m.ev.Path.Remote.Addr().Unmap().AsSlice(), binary.BigEndian.AppendUint16(nil, port))
	return initKey(h[:16])
}
