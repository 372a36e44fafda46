package user

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"

	"culvert/dataplane"
	"culvert/esp"
)

// A tap is what somebody sees packets through. Workers look for one at the beginning of each batch.
type tap struct{ dataplane.Tap }

// SetTap is that of dataplane.Tappable.
func (b *Backend) SetTap(t dataplane.Tap) error {
	if t == nil {
		b.tap.Store(nil)
		return nil
	}
	b.tap.Store(&tap{t})
	return nil
}

// watched is what becomes of a packet that is seen through a tap.
type watched struct {
	policy dataplane.PolicyID
	drop   esp.Drop
	inner  [][]byte // copies of what came out of it
}

// shown processes a packet at which somebody looks.
func (r *receiver) shown(p []byte, from *dataplane.Burst) {
	sealed := bytes.Clone(p) // opening changes it
	r.watched = watched{}
	r.packet(p, from)
	show := dataplane.TappedPacket{Direction: dataplane.Inbound, Data: sealed, Path: from.Path, TOS: from.TOS, Drop: r.watched.drop}
	if len(sealed) >= 4 {
		show.SPI = binary.BigEndian.Uint32(sealed)
	}
	if r.last != nil && r.last.spi == show.SPI {
		show.Policy = r.last.policy
	}
	r.tap.Tap.Tap(&show)
	for _, inner := range r.watched.inner {
		r.tap.Tap.Tap(&dataplane.TappedPacket{Inner: true, Direction: dataplane.Inbound, Data: inner, SPI: show.SPI, Policy: show.Policy, Drop: show.Drop})
	}
}

// see keeps a packet that came out of one. Inlined, it would take registers from packets at which nobody looks.
//
//go:noinline
func (r *receiver) see(inner []byte) { r.watched.inner = append(r.watched.inner, bytes.Clone(inner)) }

// take sends a packet from inside on its way, and shows it if somebody looks. It may be a super-packet.
func (t *transmitter) take(a *arrival) {
	if t.tap == nil {
		t.send(a, t.now)
		return
	}
	show := dataplane.TappedPacket{Inner: true, Direction: dataplane.Outbound, Data: bytes.Clone(a.pkt)} // sealing changes it
	t.watched = watched{}
	t.send(a, t.now)
	show.Policy, show.Drop = t.watched.policy, t.watched.drop
	t.tap.Tap.Tap(&show)
}

// show shows sealed packets that are about to leave.
func (t *tap) show(bursts []dataplane.Burst) {
	for i := range bursts {
		b := bursts[i]
		show := dataplane.TappedPacket{Direction: dataplane.Outbound, Path: b.Path, TOS: b.TOS}
		for p, ok := b.Next(); ok; p, ok = b.Next() {
			if show.Data = p; len(p) >= 4 {
				show.SPI = binary.BigEndian.Uint32(p)
			}
			t.Tap.Tap(&show)
		}
	}
}

// tapping is where an outbox finds the tap.
type tapping = *atomic.Pointer[tap]
