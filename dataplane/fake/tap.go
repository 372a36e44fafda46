package fake

import (
	"encoding/binary"

	"culvert/dataplane"
	"culvert/esp"
)

// SetTap is that of dataplane.Tappable.
func (b *Backend) SetTap(t dataplane.Tap) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tap = t
	return nil
}

// show shows a packet, without the lock.
func (b *Backend) show(p dataplane.TappedPacket, err error) {
	b.mu.Lock()
	t := b.tap
	b.mu.Unlock()
	if t == nil {
		return
	}
	p.Drop = esp.DropOf(err)
	if !p.Inner && len(p.Data) >= 4 {
		p.SPI = binary.BigEndian.Uint32(p.Data)
	}
	t.Tap(&p)
}

// policyOf returns that of the SA of an ESP packet, 0 if there is none. The caller holds the lock.
func (b *Backend) policyOf(pkt []byte) dataplane.PolicyID {
	if len(pkt) < 4 {
		return 0
	}
	if in := b.spis[binary.BigEndian.Uint32(pkt)]; in != nil {
		return in.policy
	}
	return 0
}
