package ike

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"culvert/explain"
	"culvert/wire"
)

// A pendingSA is an SA that the peer has asked for by CREATE_CHILD_SA, and that is made when the additional key exchanges have
// taken place (RFC 9370, Section 2.2.4).
type pendingSA struct {
	series
	id uint32 // of its timer
	of promised
}

// What is promised becomes an SA, or nothing.
type promised interface {
	// replaces returns the child that is to be replaced, or nil.
	replaces() *Child
	// make makes the SA and answers with these payloads.
	make(sa *SA, in *inbound, from keySources, answer []wire.Payload) error
	// release gives back what is held for an SA that will not be.
	release(sa *SA)
}

const (
	// followUpTime is how long the peer may take to the next key exchange (RFC 9370, Section 2.2.4: 5 to 20 seconds).
	followUpTime = 20 * time.Second
	// maxPending is how many SAs the peer may have begun to ask for.
	maxPending = 16
)

// promise notes that an SA is to be made. What the peer has asked for earlier in the same place it has forgotten, or it
// would not ask again.
func (sa *SA) promise(of promised, from keySources, methods []wire.TransformID) *pendingSA {
	_, ike := of.(*promisedIKE)
	for _, p := range slices.Clone(sa.exchanges.pending) {
		if old := of.replaces(); old != nil && p.of.replaces() == old || ike {
			sa.renounce(p)
		}
	}
	sa.exchanges.nextPending++
	p := &pendingSA{series: series{from: from, methods: methods}, id: sa.exchanges.nextPending, of: of}
	sa.exchanges.pending = append(sa.exchanges.pending, p)
	sa.expect(p)
	return p
}

// expect waits for the next key exchange. Its link names the SA and how many key exchanges there were.
func (sa *SA) expect(p *pendingSA) {
	p.link = append(binary.BigEndian.AppendUint32(nil, p.id), byte(len(p.from.shared)))
	sa.timers.set(timerFollowUp, p.id, sa.now.Add(followUpTime))
}

// pending tells whether an SA is still to be made.
func (sa *SA) pending(p *pendingSA) bool { return p != nil && slices.Contains(sa.exchanges.pending, p) }

// pendingFor returns what is to replace a child, or nil.
func (sa *SA) pendingFor(c *Child) *pendingSA {
	return sa.pendingWhere(func(p *pendingSA) bool { return p.of.replaces() == c })
}

// pendingOut returns the pending child with the peer's SPI, or nil.
func (sa *SA) pendingOut(spi uint32) *pendingSA {
	return sa.pendingWhere(func(p *pendingSA) bool {
		child, ok := p.of.(*promisedChild)
		return ok && child.deal.outSPI() == spi
	})
}

// pendingIKE returns what is to replace the IKE SA, or nil.
func (sa *SA) pendingIKE() *pendingSA {
	return sa.pendingWhere(func(p *pendingSA) bool { _, ike := p.of.(*promisedIKE); return ike })
}

func (sa *SA) pendingWhere(match func(*pendingSA) bool) *pendingSA {
	if i := slices.IndexFunc(sa.exchanges.pending, match); i >= 0 {
		return sa.exchanges.pending[i]
	}
	return nil
}

// takePending ends the wait for an SA that is about to be made.
func (sa *SA) takePending(p *pendingSA) {
	sa.timers.stop(timerFollowUp, p.id)
	sa.exchanges.pending = slices.DeleteFunc(sa.exchanges.pending, func(o *pendingSA) bool { return o == p })
	if len(sa.exchanges.pending) == 0 {
		sa.exchanges.pending = nil
	}
}

// renounce forgets an SA that was to be made. The peer learns it by STATE_NOT_FOUND, if it asks.
func (sa *SA) renounce(p *pendingSA) {
	if sa.pending(p) {
		sa.takePending(p)
		p.from.clear()
		p.of.release(sa)
	}
}

// renounceAll forgets all SAs that were to be made.
func (sa *SA) renounceAll() {
	for len(sa.exchanges.pending) > 0 {
		sa.renounce(sa.exchanges.pending[0])
	}
}

// followUpExpired forgets an SA that the peer does not go on with. Our own rekeying of the IKE SA may have been due meanwhile.
func (sa *SA) followUpExpired(id uint32) {
	p := sa.pendingWhere(func(p *pendingSA) bool { return p.id == id })
	if p == nil {
		return
	}
	ike := p == sa.pendingIKE()
	sa.renounce(p)
	if ike && sa.conn.Lifetime.Rekey > 0 && sa.timers.at(timerRekey, 0).IsZero() {
		sa.timers.set(timerRekey, 0, sa.now.Add(rekeyRetry))
	}
	sa.fail(refuse(explain.IKEStateNotFound, 0, "the peer has not gone on with additional key exchange %s within %v",
		keName(p.methods[0]), followUpTime))
}

// respondFollowUp answers one additional key exchange (RFC 9370, Section 2.2.4). Each link is good for one request: while it is
// being worked on there is none.
func (sa *SA) respondFollowUp(in *inbound) error {
	link := linkOf(in.payloads)
	p := sa.pendingWhere(func(p *pendingSA) bool { return p.link != nil && bytes.Equal(p.link, link) })
	if p == nil {
		return stateNotFound(link)
	}
	ke, _ := wire.Find[*wire.KE](in.payloads)
	if ke.Method != p.methods[0] {
		return invalidSyntax("IKE_FOLLOWUP_KE with key exchange %s where %s was agreed on", keName(ke.Method), keName(p.methods[0]))
	}
	p.link = nil
	sa.timers.stop(timerFollowUp, p.id)
	sa.answer(in, respondKE{ke.Method, ke.Data, sa.env.Rand}, func(result keResult) error {
		return sa.answerFollowUp(in, p, result)
	})
	return nil
}

// answerFollowUp answers with our part, and makes the SA after the last key exchange.
func (sa *SA) answerFollowUp(in *inbound, p *pendingSA, result keResult) error {
	if !sa.pending(p) {
		result.shared.Clear()
		return stateNotFound(nil)
	}
	answer := []wire.Payload{&wire.KE{Method: p.methods[0], Data: result.public}}
	p.add(result.shared)
	if len(p.methods) > 0 {
		sa.expect(p)
		sa.reply(in, append(answer, linkNotify(p.link)))
		return nil
	}
	sa.takePending(p)
	if err := p.of.make(sa, in, p.from, answer); err != nil {
		p.from.clear()
		p.of.release(sa)
		return err
	}
	return nil
}

// stateNotFound refuses a key exchange that belongs to nothing (RFC 9370, Section 2.2.4).
func stateNotFound(link []byte) error {
	return refuse(explain.IKEStateNotFound, wire.NotifyStateNotFound, "the peer goes on with key exchanges that are not under way (link %x)", link)
}
