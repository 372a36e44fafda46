package ike

import (
	"time"

	"culvert/wire"
)

// A deleteIKE is our INFORMATIONAL exchange that deletes the IKE SA. It is the last one on it (RFC 7296, Section 2.8).
type deleteIKE struct {
	why      *Failure
	drain    bool // its traffic goes on through another IKE SA
	cut      bool // nothing more is taken from the peer, which may not be there to answer
	answered bool
}

func (t *deleteIKE) row() *row { return exchangeRow("INFORMATIONAL") }

func (t *deleteIKE) begin(sa *SA) bool {
	sa.request(t, []wire.Payload{&wire.Delete{Protocol: wire.ProtocolIKE}})
	return true
}

func (t *deleteIKE) response(sa *SA, in *inbound) error {
	if t.answered = true; t.drain {
		sa.timers.set(timerDrain, 0, sa.now.Add(drainTime))
		return nil
	}
	sa.terminate(t.why)
	return nil
}

func (t *deleteIKE) abandoned(sa *SA, why error) {}

// An IKE SA whose traffic goes on through another one closes slowly, since ESP packets may arrive after a Delete that was
// sent after them: the peer forgets its inbound SAs with our request, and we do so with its answer. So we stop sending some
// time before we ask, and take packets for some time after the answer.

// drainTime is how long packets are waited for on either side of the exchange.
const drainTime = 500 * time.Millisecond

// drained goes on with what waited for packets to arrive.
func (sa *SA) drained() {
	t := sa.exchanges.draining
	switch {
	case t == nil:
	case t.answered:
		sa.terminate(t.why)
	default:
		sa.enqueue(t)
	}
}
