package ike

import (
	"time"

	"culvert/wire"
)

// Sizes of IP datagrams that pass everywhere (RFC 7383, Section 2.5.1), and the headers around an IKE message.
const (
	firstDatagram    = 1280
	smallestDatagram = 576
	ipv4Headers      = 20 + 8
	ipv6Headers      = 40 + 8
	nonESPMarker     = 4
)

// reassemblyTime is how long fragments are kept for the rest of their message (RFC 7383, Section 2.6).
const reassemblyTime = 90 * time.Second

// probeTries is the retransmission with which an unanswered request is cut smaller (RFC 7383, Section 2.5.2).
const probeTries = 3

// fragmentLimit is the largest IKE message that is sent whole; 0 is any.
func (sa *SA) fragmentLimit() int {
	if !sa.peer.fragmentation || sa.inStream() || // a stream fragments by itself (RFC 9329, Section 7.5)
		sa.conn.Fragmentation == FragmentAccept || sa.conn.Fragmentation == FragmentNo {
		return 0
	}
	if sa.fragmentSize > 0 {
		return sa.fragmentSize
	}
	switch {
	case sa.conn.FragmentSize > 0:
		return max(sa.conn.FragmentSize, sa.messageSize(smallestDatagram)/2)
	case sa.conn.Fragmentation == FragmentForce:
		return sa.messageSize(smallestDatagram)
	}
	return sa.messageSize(firstDatagram)
}

// messageSize is the room for an IKE message in an IP datagram on the path of the SA.
func (sa *SA) messageSize(datagram int) int {
	if sa.path.Remote.Addr().Unmap().Is4() {
		return datagram - ipv4Headers - nonESPMarker
	}
	return datagram - ipv6Headers - nonESPMarker
}

// shrinkFragments cuts an unanswered request into fragments of the next smaller size. Their total number has to grow, for
// the receiver to tell the sets apart (RFC 7383, Section 2.5.2).
func (sa *SA) shrinkFragments(r *pendingRequest) bool {
	smaller := sa.messageSize(smallestDatagram)
	if r.header.Exchange == wire.ExchangeSAInit || !sa.peer.fragmentation || sa.conn.Fragmentation == FragmentNo ||
		sa.fragmentLimit() <= smaller || size(r.datagrams) <= smaller {
		return false
	}
	datagrams, err := wire.SealFragments(sa.out, r.header, r.payloads, smaller)
	if err != nil || len(datagrams) <= len(r.datagrams) {
		return false
	}
	sa.fragmentSize, r.datagrams = smaller, datagrams
	return true
}

// learnFragmentSize follows a peer that found out that only smaller fragments pass (RFC 7383, Section 2.5.1).
func (sa *SA) learnFragmentSize(largest int) {
	if limit := sa.fragmentLimit(); limit > 0 && largest < limit && largest >= sa.messageSize(smallestDatagram) {
		sa.fragmentSize = largest
	}
}
