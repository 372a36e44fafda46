package sim

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/wire"
)

// An Attacker sits in the middle of the network. It sees every packet, cannot stop any, and sends what it likes under any
// address: copies, changed copies, reflections, forgeries and floods. It is never faster than the packet that it has seen.
type Attacker struct {
	Targets []Address // none: nobody
	Floods  bool      // sends first messages from everywhere, too

	lab  *Lab
	seen []Packet // the latest
	sent int
}

// memory is how many packets an attacker remembers.
const memory = 64

// NewAttacker adds an attacker that sees what the network carries from now on.
func (l *Lab) NewAttacker(targets ...Address) *Attacker {
	a := &Attacker{lab: l, Targets: targets}
	before := l.Network.Intercept
	l.Network.Intercept = func(p Packet, pass func(Packet)) {
		a.see(p)
		if before != nil {
			before(p, pass)
			return
		}
		pass(p)
	}
	return a
}

func (a *Attacker) see(p Packet) {
	p.parcel = 0
	if len(a.seen) == memory {
		a.seen = a.seen[1:]
	}
	a.seen = append(a.seen, p)
}

// Attack sends packets at an average interval until a time.
func (a *Attacker) Attack(interval, until time.Duration) {
	if a.lab.Elapsed() > until {
		return
	}
	a.strike()
	a.lab.After(a.lab.upTo(2*interval), func() { a.Attack(interval, until) })
}

// strike sends one packet, a moment later than anything it was made of.
func (a *Attacker) strike() {
	p, ok := a.draw()
	if !ok {
		return
	}
	a.sent++
	a.lab.After(time.Millisecond, func() { a.lab.Network.forward(p) })
}

// draw makes a packet.
func (a *Attacker) draw() (Packet, bool) {
	r := a.lab.chance
	choices := []func() (Packet, bool){a.garbage, a.copied, a.moved, a.reflected, a.flipped, a.shortened, a.lengthened, a.forged, a.notified, a.fragmented}
	if a.Floods {
		choices = append(choices, a.flood, a.flood)
	}
	return choices[r.IntN(len(choices))]()
}

// recent picks a packet that was seen.
func (a *Attacker) recent() (Packet, bool) {
	if len(a.seen) == 0 {
		return Packet{}, false
	}
	return a.seen[a.lab.chance.IntN(len(a.seen))], true
}

func (a *Attacker) copied() (Packet, bool) { return a.recent() }

// moved is a copy from somewhere else.
func (a *Attacker) moved() (Packet, bool) {
	p, ok := a.recent()
	p.Source = a.anywhere(p.Source.Addr())
	return p, ok
}

// anywhere is an address of the family of another.
func (a *Attacker) anywhere(like Address) netip.AddrPort {
	r := a.lab.chance
	octets := []byte{203, 0, 113, byte(r.UintN(256))}
	if like.Is6() {
		octets = binary.BigEndian.AppendUint64([]byte{0x20, 1, 0xd, 0xb8, 0xbad & 0xff, 0, 0, 0}, r.Uint64())
	}
	addr, _ := netip.AddrFromSlice(octets)
	return at(addr, uint16(r.UintN(65536)))
}

// reflected is thrown back to its sender.
func (a *Attacker) reflected() (Packet, bool) {
	p, ok := a.recent()
	p.Source, p.Destination = p.Destination, p.Source
	return p, ok
}

func (a *Attacker) flipped() (Packet, bool) {
	p, ok := a.recent()
	return p.flip(a.lab.chance), ok
}

func (a *Attacker) shortened() (Packet, bool) {
	p, ok := a.recent()
	return p.cut(a.lab.chance), ok
}

func (a *Attacker) lengthened() (Packet, bool) {
	p, ok := a.recent()
	p.Data = append(bytes.Clone(p.Data), a.noise(1+a.lab.chance.IntN(64))...)
	return p, ok
}

// noise returns random octets.
func (a *Attacker) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(a.lab.chance.UintN(256))
	}
	return b
}

// garbage is random octets to a port, or as ESP.
func (a *Attacker) garbage() (Packet, bool) {
	to, ok := a.target()
	p := Packet{Source: a.anywhere(to), Destination: at(to, portIKE), Data: a.noise(a.lab.chance.IntN(300))}
	switch a.lab.chance.IntN(3) {
	case 1:
		p.Destination = at(to, portNATT)
	case 2:
		p.Transport = dataplane.TransportRaw
	}
	return p, ok
}

func (a *Attacker) target() (Address, bool) {
	if len(a.Targets) == 0 {
		return Address{}, false
	}
	return a.Targets[a.lab.chance.IntN(len(a.Targets))], true
}

// message is an IKE message that was seen, parsed as far as its header goes.
func (a *Attacker) message() (Packet, wire.Header, bool) {
	p, ok := a.recent()
	what, data := p.content()
	if !ok || what != kindIKE {
		return p, wire.Header{}, false
	}
	h, err := wire.ParseHeader(data)
	return p, h, err == nil
}

// with replaces the message in a packet.
func (p Packet) with(message []byte) Packet {
	if what, data := p.content(); what == kindIKE && len(data) < len(p.Data) {
		message = append(make([]byte, markerLen), message...)
	}
	p.Data = message
	return p
}

// forged is a message with another header around its encrypted part.
func (a *Attacker) forged() (Packet, bool) {
	p, _, ok := a.message()
	if !ok {
		return p, false
	}
	r := a.lab.chance
	_, data := p.content()
	b := bytes.Clone(data)
	const exchange, flags, messageID = 18, 19, 23
	switch r.IntN(5) {
	case 0:
		b[exchange] = byte(34 + r.IntN(10))
	case 1:
		b[flags] ^= byte(wire.FlagResponse)
	case 2:
		b[flags] ^= byte(wire.FlagInitiator)
	case 3:
		b[messageID] += byte(r.IntN(4))
	case 4:
		b[17] = byte(r.UintN(256)) // version
	}
	return p.with(b), true
}

// notified is an unprotected error in the name of the peer (RFC 7296, Section 2.21.4).
func (a *Attacker) notified() (Packet, bool) {
	p, h, ok := a.message()
	if !ok {
		return p, false
	}
	errors := []wire.NotifyType{wire.NotifyInvalidIKESPI, wire.NotifyInvalidSPI, wire.NotifyAuthenticationFailed, wire.NotifyNoProposalChosen,
		wire.NotifyInvalidSyntax, wire.NotifyInvalidMajorVersion, wire.NotifyCookie, wire.NotifyInvalidKEPayload}
	exchanges := []wire.ExchangeType{wire.ExchangeInformational, wire.ExchangeAuth, wire.ExchangeSAInit, wire.ExchangeCreateChildSA}
	n := &wire.Notify{NotifyType: errors[a.lab.chance.IntN(len(errors))], Data: a.noise(a.lab.chance.IntN(5))}
	h.Exchange = exchanges[a.lab.chance.IntN(len(exchanges))]
	h.Flags ^= wire.Flags(a.lab.chance.IntN(2)) * wire.FlagResponse
	m := wire.Message{Header: h, Payloads: []wire.Payload{n}}
	return p.with(m.Append(nil)), true
}

// fragmented is a fragment of nothing (RFC 7383, Section 2.6).
func (a *Attacker) fragmented() (Packet, bool) {
	p, h, ok := a.message()
	if !ok {
		return p, false
	}
	r := a.lab.chance
	f := &wire.EncryptedFragment{First: wire.PayloadSA, Number: uint16(r.UintN(5)), Total: uint16(r.UintN(5)), Body: a.noise(32 + r.IntN(64))}
	h.MessageID += uint32(r.IntN(2))
	m := wire.Message{Header: h, Payloads: []wire.Payload{f}}
	return p.with(m.Append(nil)), true
}

// flood is the first message of a peer that there is not.
func (a *Attacker) flood() (Packet, bool) {
	to, ok := a.target()
	offer := proposal(wire.ProtocolIKE, fastIKE, "")
	m := wire.Message{
		Header: wire.Header{InitiatorSPI: wire.SPI(a.lab.chance.Uint64() | 1), Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{&wire.SA{Proposals: []wire.Proposal{offer}}, &wire.KE{Method: wire.KECurve25519, Data: a.noise(32)},
			&wire.Nonce{Data: a.noise(32)}},
	}
	return Packet{Source: a.anywhere(to), Destination: at(to, portIKE), Data: m.Append(nil)}, ok
}
