package ike

import (
	"errors"
	"slices"

	"culvert/wire"
)

// A reassembly collects the fragments of one message (RFC 7383, Section 2.6).
type reassembly struct {
	id       uint32
	response bool
	largest  int // octets of the largest fragment, a hint for the size of ours
	total    int // octets received
	parts    wire.Reassembler
}

// reassemble adds a fragment and returns the message when it is whole. Fragments are taken only after both sides announced
// them (RFC 7383, Section 2.4), and only for Message IDs in the windows, which bounds the memory that they can hold.
func (sa *SA) reassemble(h wire.Header, ev MessageReceived) (*wire.Message, error) {
	if !sa.peer.fragmentation {
		return nil, errFragmentation
	}
	f, err := wire.OpenFragment(sa.in, ev.Datagram)
	if err != nil {
		return nil, err
	}
	r := sa.reassemblyOf(h)
	r.largest = max(r.largest, len(ev.Datagram))
	if r.total += len(ev.Datagram); r.total > maxUnauthenticated && !sa.state.authenticated() {
		sa.dropReassembly(r)
		return nil, errUnauthenticatedSize
	}
	m, complete, err := r.parts.Add(f)
	if complete || authentic(err) {
		sa.dropReassembly(r)
		sa.learnFragmentSize(r.largest)
	}
	return m, err
}

// maxUnauthenticated bounds the octets of fragments that a peer may have us keep before it has authenticated: certificate
// chains with large signatures fit.
const maxUnauthenticated = 32 << 10

var errUnauthenticatedSize = errors.New("message too large before authentication")

func (sa *SA) reassemblyOf(h wire.Header) *reassembly {
	for _, r := range sa.fragments {
		if r.id == h.MessageID && r.response == h.IsResponse() {
			return r
		}
	}
	r := &reassembly{id: h.MessageID, response: h.IsResponse()}
	sa.fragments = append(sa.fragments, r)
	sa.timers.set(timerReassembly, 0, sa.now.Add(reassemblyTime))
	return r
}

func (sa *SA) dropReassembly(r *reassembly) {
	sa.fragments = slices.DeleteFunc(sa.fragments, func(o *reassembly) bool { return o == r })
	if len(sa.fragments) == 0 {
		sa.fragments = nil
		sa.timers.stop(timerReassembly, 0)
	}
}
