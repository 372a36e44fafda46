package ike

import (
	"slices"
	"time"

	"culvert/wire"
)

// lastMessageID is the highest Message ID that we use; an SA that comes near it is replaced (RFC 7296, Section 2.2).
const (
	lastMessageID  = 1<<32 - 1
	rekeyMessageID = lastMessageID - 1<<16
)

// A pendingRequest is a request of ours that waits for its response. It is remembered octet by octet, because a
// retransmission is bitwise identical (RFC 7296, Section 2.1).
type pendingRequest struct {
	id        uint32
	task      task
	header    wire.Header
	payloads  []wire.Payload // to be cut again into smaller fragments (RFC 7383, Section 2.5.2)
	datagrams [][]byte
	tries     int  // retransmissions since the fragment size was chosen
	probing   bool // sent as one packet, to show what the path carries
}

// requestWindow holds our side of the Message IDs (RFC 7296, Section 2.3). The zero value is a window of one.
type requestWindow struct {
	next    uint32 // Message ID of our next request
	size    uint32 // requests that the peer takes at a time; 0 is 1
	begun   []task // begun, but the request is not built yet
	pending []*pendingRequest
	working []uint32 // requests whose response has come, but is still being worked on
}

// room reports whether one more request may be begun: request X waits for the responses to all requests up through X-N.
func (w *requestWindow) room() bool {
	oldest := w.next
	for _, r := range w.pending {
		oldest = min(oldest, r.id)
	}
	for _, id := range w.working {
		oldest = min(oldest, id)
	}
	return w.next+uint32(len(w.begun))-oldest < max(w.size, 1)
}

// hold keeps the window from moving on until a response is worked on: the peer takes our next requests for a sign that we
// have what the response has given us.
func (w *requestWindow) hold(id uint32) { w.working = append(w.working, id) }

// letGo ends hold.
func (w *requestWindow) letGo(id uint32) {
	w.working = slices.DeleteFunc(w.working, func(o uint32) bool { return o == id })
	if len(w.working) == 0 {
		w.working = nil
	}
}

// grow widens the window; it never shrinks (RFC 7296, Section 2.3).
func (w *requestWindow) grow(size uint32) { w.size = max(w.size, min(size, maxWindow)) }

// take gives the task its Message ID.
func (w *requestWindow) take(t task) uint32 {
	w.withdraw(t)
	id := w.next
	w.next++
	return id
}

// withdraw removes a begun task and tells whether it was there.
func (w *requestWindow) withdraw(t task) bool {
	i := slices.Index(w.begun, t)
	if i >= 0 {
		w.begun = slices.Delete(w.begun, i, i+1)
	}
	return i >= 0
}

func (w *requestWindow) find(id uint32) *pendingRequest {
	for _, r := range w.pending {
		if r.id == id {
			return r
		}
	}
	return nil
}

// answered forgets a request.
func (w *requestWindow) answered(r *pendingRequest) {
	w.pending = slices.DeleteFunc(w.pending, func(p *pendingRequest) bool { return p == r })
	if len(w.pending) == 0 {
		w.pending = nil
	}
}

// maxWindow bounds both windows, whatever the peer or the configuration asks for.
const maxWindow = 64

// arrival tells what a Message ID makes of a request.
type arrival uint8

const (
	arrivalFresh     arrival = iota
	arrivalDuplicate         // in the window and seen before
	arrivalForgotten         // seen before; its response is no longer known
	arrivalOutside           // beyond the window
)

// A response is what we have answered, or will answer when datagrams is nil.
type response struct {
	id        uint32
	datagrams [][]byte
	opener    wire.Protector // for what comes under the keys of the request when the IKE SA has others now; nil: it has not
	repeats   repeats
}

// How often a response is repeated: a peer asks every few seconds while it gets none, and along several paths at a time when it looks
// for one that works (RFC 4555, Section 3.6); whoever has recorded its request asks as often as he likes, from any address.
const (
	maxRepeats          = 10 // a second, along the path of the IKE SA
	maxRepeatsElsewhere = 32
)

// repeats count how often a response was repeated.
type repeats struct {
	second    int64 // since 1970
	lately    uint8 // in that second, along the path of the IKE SA
	elsewhere uint8 // along others
}

// allow tells whether the response may be repeated once more, and counts.
func (r *repeats) allow(now time.Time, elsewhere bool) bool {
	if elsewhere {
		allowed := r.elsewhere < maxRepeatsElsewhere
		r.elsewhere = min(r.elsewhere+1, maxRepeatsElsewhere)
		return allowed
	}
	if second := now.Unix(); second != r.second {
		r.second, r.lately = second, 0
	}
	allowed := r.lately < maxRepeats
	r.lately = min(r.lately+1, maxRepeats)
	return allowed
}

// responseWindow holds the peer's side of the Message IDs (RFC 7296, Section 2.3). The zero value is a window of one.
type responseWindow struct {
	base  uint32 // the lowest Message ID whose request has not come
	size  uint32 // requests that we take at a time; 0 is 1
	known []response
}

// lookup tells what a request with this Message ID is, and the answer to a duplicate (RFC 7296, Section 2.3).
func (w *responseWindow) lookup(id uint32) (arrival, response) {
	for _, r := range w.known {
		if r.id == id {
			return arrivalDuplicate, r
		}
	}
	switch {
	case id < w.base:
		return arrivalForgotten, response{}
	case id-w.unanswered() < max(w.size, 1):
		return arrivalFresh, response{}
	}
	return arrivalOutside, response{}
}

// again tells whether the response to a duplicate may be sent once more.
func (w *responseWindow) again(id uint32, now time.Time, elsewhere bool) bool {
	for i := range w.known {
		if w.known[i].id == id {
			return w.known[i].repeats.allow(now, elsewhere)
		}
	}
	return false
}

// unanswered is the lowest Message ID that we have not answered. A peer cannot have our response before we have sent it, so
// the window does not move on while a request is being worked on: no second IKE_AUTH runs beside the first.
func (w *responseWindow) unanswered() uint32 {
	lowest := w.base
	for _, r := range w.known {
		if r.datagrams == nil {
			lowest = min(lowest, r.id)
		}
	}
	return lowest
}

// accept marks a fresh request as received, and forgets the responses that the peer has shown to have: those whose
// Message ID is smaller by the window size or more (RFC 7296, Section 2.1).
func (w *responseWindow) accept(id uint32) {
	w.known = append(w.known, response{id: id})
	highest := w.base
	for _, r := range w.known {
		highest = max(highest, r.id)
	}
	for w.received(w.base) {
		w.base++
	}
	w.known = slices.DeleteFunc(w.known, func(r response) bool { return r.id+max(w.size, 1) <= highest })
}

func (w *responseWindow) received(id uint32) bool {
	return slices.ContainsFunc(w.known, func(r response) bool { return r.id == id })
}

// answer remembers the response for retransmission.
func (w *responseWindow) answer(id uint32, datagrams [][]byte) {
	for i := range w.known {
		if w.known[i].id == id {
			w.known[i].datagrams = datagrams
		}
	}
}

// rekeyed tells that the keys change: what repeats a request that was answered comes under the former ones.
func (w *responseWindow) rekeyed(former wire.Protector) {
	for i := range w.known {
		if w.known[i].opener == nil {
			w.known[i].opener = former
		}
	}
}

// forget drops the responses that were sent; what is being worked on stays (RFC 7296, Section 2.1: responders may forget
// a response after several minutes, and then ignore the retransmitted request).
func (w *responseWindow) forget() {
	w.known = slices.DeleteFunc(w.known, func(r response) bool { return r.datagrams != nil })
	if len(w.known) == 0 {
		w.known = nil
	}
}
