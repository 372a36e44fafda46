package ike

import (
	"culvert/explain"
)

// childCommand obeys commands about children, rekeying and closing. An IKE SA that was rekeyed passes them on.
func (sa *SA) childCommand(ev Event) {
	if next := sa.exchanges.successor; next != nil {
		sa.within(next, func() { next.childCommand(ev) })
		return
	}
	switch ev := ev.(type) {
	case CreateChild:
		sa.createChild(ev)
	case RekeyChild:
		if c := sa.commanded(ev.SPI); c != nil {
			sa.startRekeyChild(c)
		}
	case RekeyIKE:
		sa.startRekeyIKE()
	case CloseChild:
		if c := sa.commanded(ev.SPI); c != nil {
			sa.deleteChild(c, nil)
		}
	case EndRevoked:
		sa.endRevoked(ev)
	case Close:
		sa.closeWith(&deleteIKE{drain: ev.Drain})
	}
}

// createChild asks the peer for a child.
func (sa *SA) createChild(ev CreateChild) {
	if sa.state != StateEstablished {
		sa.childFailed(ev.Child, refuse(explain.IKENoSuchSA, 0, "the IKE SA is %v: child %q needs an established one", sa.state, ev.Child.Name))
		return
	}
	sa.enqueue(&createChild{config: ev.Child, trigger: ev.Trigger})
}

// commanded finds the child of a command, or its successor when it was rekeyed meanwhile.
func (sa *SA) commanded(spi uint32) *Child {
	c := sa.childIn(spi)
	for c != nil && c.successor != nil {
		c = c.successor
	}
	if c == nil || c.state == childLingering {
		sa.fail(refuse(explain.IKENoSuchSA, 0, "no Child SA with inbound SPI %08x", spi))
		return nil
	}
	return c
}
