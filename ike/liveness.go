package ike

import (
	"encoding/binary"
	"time"

	"culvert/wire"
)

// An informTask is a notification about a message of the peer's, an INFORMATIONAL request of ours whose answer says nothing but
// that the peer lives (RFC 7296, Section 2.4).
type informTask struct{ payloads []wire.Payload }

func (t *informTask) row() *row { return exchangeRow("INFORMATIONAL") }

func (t *informTask) begin(sa *SA) bool {
	sa.request(t, t.payloads)
	return true
}

func (t *informTask) response(sa *SA, in *inbound) error { return nil }

func (t *informTask) abandoned(sa *SA, why error) {}

// A livenessTask is a liveness check. It is short, so that a path which has become narrow does not pass for a dead peer, and the
// other way round. A peer that answers has the MTU of the path confirmed, where it was searched for.
type livenessTask struct{}

func (t *livenessTask) row() *row { return exchangeRow("INFORMATIONAL") }

func (t *livenessTask) begin(sa *SA) bool {
	sa.request(t, nil)
	return true
}

func (t *livenessTask) response(sa *SA, in *inbound) error {
	sa.confirmPath()
	return nil
}

func (t *livenessTask) abandoned(sa *SA, why error) {}

// complaintInterval limits INVALID_MESSAGE_ID (RFC 7296, Section 2.3: MUST be rate limited).
const complaintInterval = time.Minute

// tellMessageID tells the peer about a request beyond our window (RFC 7296, Section 2.3).
func (sa *SA) tellMessageID(id uint32) {
	if !sa.lastComplaint.IsZero() && sa.now.Sub(sa.lastComplaint) < complaintInterval {
		return
	}
	sa.lastComplaint = sa.now
	data := binary.BigEndian.AppendUint32(nil, id)
	sa.enqueue(&informTask{[]wire.Payload{&wire.Notify{NotifyType: wire.NotifyInvalidMessageID, Data: data}}})
}

// armLiveness has a liveness check made when the peer is silent for DPDDelay.
func (sa *SA) armLiveness() {
	if d := sa.conn.DPDDelay; d > 0 {
		sa.timers.set(timerLiveness, 0, sa.lastHeard.Add(d))
	}
}

// livenessDue asks for a sign of life, unless there was one: a message, or a packet of a child, which is as good (RFC 7296,
// Section 2.4).
func (sa *SA) livenessDue() {
	switch {
	case sa.conn.DPDDelay <= 0:
		return
	case sa.now.Sub(sa.lastHeard) < sa.conn.DPDDelay:
		sa.armLiveness()
		return
	}
	sa.timers.set(timerLiveness, 0, sa.now.Add(sa.conn.DPDDelay))
	if sa.env.LastInbound == nil || len(sa.children) == 0 {
		sa.checkLiveness()
		return
	}
	sa.start(sa.env.LastInbound(sa.childRefs()), sa.heardData)
}

// heardData goes on when the data plane has told when it heard the peer.
func (sa *SA) heardData(result any) error {
	if at, ok := result.(time.Time); ok && at.After(sa.lastHeard) {
		sa.lastHeard = at
	}
	if sa.now.Sub(sa.lastHeard) < sa.conn.DPDDelay {
		sa.armLiveness()
		return nil
	}
	sa.checkLiveness()
	return nil
}

func (sa *SA) childRefs() []ChildRef {
	list := make([]ChildRef, len(sa.children))
	for i, c := range sa.children {
		list[i] = ChildRef{SPI: c.inSPI, Policy: c.policy}
	}
	return list
}

// checkLiveness sends an empty INFORMATIONAL request (RFC 7296, Section 2.4). A request that is under way does too, but for a
// probe of the path, which gives up filling it when something waits.
func (sa *SA) checkLiveness() {
	busy := len(sa.requests.pending)+len(sa.requests.begun) > 0 && !sa.probing()
	if !busy && len(sa.tasks) == 0 {
		sa.enqueue(&livenessTask{})
	}
}
