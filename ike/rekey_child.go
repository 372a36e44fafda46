package ike

import (
	"bytes"
	"encoding/binary"
	"slices"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// startRekeyChild has a child replaced, unless that is happening already or it is going away.
func (sa *SA) startRekeyChild(c *Child) {
	if c == nil || c.state != childInstalled || !c.live() {
		return
	}
	again := func(t task) bool {
		o, is := t.(*createChild)
		return is && o.old == c
	}
	if !slices.ContainsFunc(sa.waiting(), again) {
		sa.enqueue(&createChild{config: c.config, old: c})
	}
}

// replace installs what replaces old after our own exchange. When the peer has rekeyed the same child meanwhile there are
// two of them, and the one made with the lowest of the four nonces is closed by who made it (RFC 7296, Section 2.8.1).
func (t *createChild) replace(sa *SA, d childDeal, spi uint32, keys suite.ChildKeys, nonce []byte) {
	before := t.old
	if !sa.has(before) {
		before = sa.childWhere(func(c *Child) bool { return c.line == t.old.line && c.live() })
	}
	lost := before != t.old
	if t.rivalled(sa) || sa.pending(t.rivals) {
		lost = t.outdone(sa, nonce)
	}
	c := sa.install(d, spi, keys, true, t.old, true)
	if lost {
		c.redundant = true
		sa.deleteChild(c, nil)
		return
	}
	sa.renounce(t.rivals)
	before.successor = c
	sa.changePolicy(before, c)
	sa.activate(c)
	if t.rivalled(sa) {
		before = t.rival // which stood for the old one until now
		sa.yield(t.rival)
	}
	sa.childRekeyed(before, c)
	if sa.has(t.old) {
		sa.deleteChild(t.old, nil)
	}
}

// rivalled tells whether the peer has made another child in the place of the same one.
func (t *createChild) rivalled(sa *SA) bool { return t.rival != nil && sa.has(t.rival) }

// outdone tells whether our exchange, with this lower nonce, has lost against one of the peer's.
func (t *createChild) outdone(sa *SA, lowest []byte) bool {
	switch {
	case t.rivalled(sa):
		return bytes.Compare(lowest, t.rivalLowest) < 0
	case sa.pending(t.rivals):
		return bytes.Compare(lowest, t.rivals.from.lowest()) < 0
	}
	return false
}

// yield takes a child of the peer's making for redundant. The peer will delete it.
func (sa *SA) yield(c *Child) {
	c.redundant = true
	sa.stopSending(c)
	sa.disarmChild(c)
	sa.timers.set(timerChildExpire, c.inSPI, sa.now.Add(orphanTime))
}

// respondRekeyChild answers a request to replace a child (RFC 7296, Sections 1.3.3 and 2.25.1).
func (sa *SA) respondRekeyChild(in *inbound) error {
	n, _ := wire.FindNotify(in.payloads, wire.NotifyRekeySA)
	if n.Protocol != wire.ProtocolESP && n.Protocol != wire.ProtocolAH || len(n.SPI) != 4 {
		return invalidSyntax("REKEY_SA for protocol %v with an SPI of %d octets", n.Protocol, len(n.SPI))
	}
	if err := sa.mayCreate(true); err != nil {
		return err
	}
	old, err := sa.rekeyTarget(n)
	if err != nil {
		return err
	}
	return sa.respondChild(in, old)
}

// rekeyTarget finds the child that REKEY_SA names by the peer's SPI.
func (sa *SA) rekeyTarget(n *wire.Notify) (*Child, error) {
	c := sa.childOut(binary.BigEndian.Uint32(n.SPI))
	switch {
	case c == nil || n.Protocol != wire.ProtocolESP:
		return nil, childNotFound(n)
	case c.state == childDeleting || c.state == childRekeyed || c.redundant || c.rekey != nil && c.rekey.rivalled(sa):
		return nil, temporary("the peer rekeys child %q with SPI %x, which is %v", c.config.Name, n.SPI, c.state)
	case c.rekey != nil && c.rekey.follow != nil: // RFC 9370, Section 2.2.4
		return nil, temporary("the peer rekeys child %q with SPI %x, which is at additional key exchanges of ours", c.config.Name, n.SPI)
	}
	return c, nil
}

// childNotFound refuses to rekey what is not there; the answer repeats the SPI (RFC 7296, Section 2.25).
func childNotFound(n *wire.Notify) error {
	f := refuse(explain.IKEChildNotFound, wire.NotifyChildSANotFound, "the peer rekeys a Child SA with SPI %x, which we do not have", n.SPI)
	f.Protocol, f.SPI = n.Protocol, n.SPI
	return f
}

// replaced notes that the peer has rekeyed a child. We go on sending through the old one until the peer deletes it, because
// only then it is known to have the new one (RFC 7296, Section 2.8).
func (sa *SA) replaced(old, c *Child) {
	old.successor = c
	if old.rekey == nil {
		sa.awaitDelete(old)
	}
	sa.childRekeyed(old, c)
}

// awaitDelete leaves a replaced child to the peer, who has to delete it; for a while.
func (sa *SA) awaitDelete(c *Child) {
	c.state = childRekeyed
	sa.disarmChild(c)
	sa.timers.set(timerChildExpire, c.inSPI, sa.now.Add(orphanTime))
}

func spiOctets(spi uint32) []byte { return binary.BigEndian.AppendUint32(nil, spi) }
