package ike

import (
	"culvert/dataplane"
	"culvert/wire"
)

// inbound is a message that authenticated (or IKE_SA_INIT) and waits to be handled.
type inbound struct {
	wire.Header
	path     dataplane.Path
	datagram []byte // as received, for the signed octets (RFC 7296, Section 2.15)
	payloads []wire.Payload
	message  *wire.Message // as it was decrypted; nil for IKE_SA_INIT and when its payloads are malformed
}

// A rule says how often a payload may stand in a message.
type rule struct {
	payload  wire.PayloadType
	min, max int
}

// stateSet is a set of States.
type stateSet uint16

func in(states ...State) stateSet {
	var s stateSet
	for _, st := range states {
		s |= 1 << st
	}
	return s
}

func (s stateSet) has(st State) bool { return s&(1<<st) != 0 }

// A row of the exchange table: what may arrive when, and who handles it. Payloads without a rule are ignored unless they are
// unknown and critical, which the decoder refuses. Rows are tried in order; the first whose exchange and when match counts.
type row struct {
	name     string
	exchange wire.ExchangeType
	when     func(*inbound) bool // nil: always
	states   stateSet            // of the SA, for requests
	request  []rule
	response []rule
	respond  func(*SA, *inbound) error // handles the request; replies at once or when its work is done
}

// check holds payloads against rules; what is missing or too many is INVALID_SYNTAX (RFC 7296, Section 2.21).
func check(rules []rule, payloads []wire.Payload) error {
	for _, r := range rules {
		if n := count(payloads, r.payload); n < r.min || n > r.max {
			return invalidSyntax("%d %v payloads where %d to %d are allowed", n, r.payload, r.min, r.max)
		}
	}
	return nil
}

// checkResponse is check for responses: one that reports an error may lack everything else.
func checkResponse(rules []rule, payloads []wire.Payload) error {
	_, failed := errorOf(payloads)
	for _, r := range rules {
		if n := count(payloads, r.payload); n < r.min && !failed || n > r.max {
			return invalidSyntax("%d %v payloads in the response where %d to %d are allowed", n, r.payload, r.min, r.max)
		}
	}
	return nil
}

func count(payloads []wire.Payload, t wire.PayloadType) int {
	n := 0
	for _, p := range payloads {
		if p.Type() == t {
			n++
		}
	}
	return n
}

// A task is an exchange that we initiate. It waits in the SA's queue until the window has room.
type task interface {
	// row is the table row whose response rules the answer must meet.
	row() *row
	// begin builds the request and hands it to sa.request, now or when its work is done. When there is nothing left to do it
	// returns false and the task is dropped.
	begin(sa *SA) bool
	// response handles the answer. An error is reported, and closes the SA if it is fatal.
	response(sa *SA, in *inbound) error
	// abandoned tells that no answer will come, or that the SA closed before the task began.
	abandoned(sa *SA, why error)
}

// notifies calls f with every notify of a type.
func notifies(payloads []wire.Payload, t wire.NotifyType, f func(*wire.Notify)) {
	for _, p := range payloads {
		if n, ok := p.(*wire.Notify); ok && n.NotifyType == t {
			f(n)
		}
	}
}

// findAll returns all payloads of type T.
func findAll[T wire.Payload](payloads []wire.Payload) []T {
	var all []T
	for _, p := range payloads {
		if found, ok := p.(T); ok {
			all = append(all, found)
		}
	}
	return all
}
