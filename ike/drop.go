package ike

import (
	"strconv"

	"culvert/wire"
)

// DropReason says why a datagram was dropped without an answer.
type DropReason uint8

// The reasons.
const (
	DropNone DropReason = iota
	DropMalformed
	DropVersion
	DropReflected
	DropUnknownSPI
	DropNoKeys
	DropIntegrity
	DropOldRequest
	DropDuplicate
	DropWindow
	DropState
	DropUnexpectedResponse
	DropLength
	DropFlags
	DropMessageID
	DropHalfOpenTotal
	DropHalfOpenPrefix
	DropHalfOpenSilent // not a message, but an SA that made room
	DropNoConnection
	DropCookie
	DropRateLimit
	dropReasons // how many there are
)

func dropNames() [dropReasons]string {
	return [...]string{
		DropNone:               "none",
		DropMalformed:          "malformed",
		DropVersion:            "version",
		DropReflected:          "reflected",
		DropUnknownSPI:         "unknown-spi",
		DropNoKeys:             "no-keys",
		DropIntegrity:          "integrity",
		DropOldRequest:         "old-request",
		DropDuplicate:          "duplicate",
		DropWindow:             "window",
		DropState:              "state",
		DropUnexpectedResponse: "unexpected-response",
		DropLength:             "length",
		DropFlags:              "flags",
		DropMessageID:          "message-id",
		DropHalfOpenTotal:      "half-open-total",
		DropHalfOpenPrefix:     "half-open-prefix",
		DropHalfOpenSilent:     "half-open-silent",
		DropNoConnection:       "no-connection",
		DropCookie:             "cookie",
		DropRateLimit:          "rate-limit",
	}
}

// String names the reason; the name is stable and a label of metrics.
func (r DropReason) String() string {
	if r < dropReasons {
		return dropNames()[r]
	}
	return "DROP(" + strconv.Itoa(int(r)) + ")"
}

// Stats counts what a shard has seen. It is read and written from the shard's goroutine.
type Stats struct {
	Sent, Received [exchangeKinds]uint64 // requests and responses by exchange, see ExchangeKind
	Dropped        [dropReasons]uint64
	// Rekeyings of IKE SAs that we and that peers have begun, and of children.
	RekeyedByUs, RekeyedByPeer, RekeyedChildren uint64
}

// exchangeKinds are IKE_SA_INIT to INFORMATIONAL and everything else, requests and responses of each.
const exchangeKinds = 10

// ExchangeKind is the index of a message in Sent and Received.
func ExchangeKind(exchange wire.ExchangeType, isResponse bool) int {
	kind := 4
	if exchange >= wire.ExchangeSAInit && exchange <= wire.ExchangeInformational {
		kind = int(exchange - wire.ExchangeSAInit)
	}
	if isResponse {
		return 2*kind + 1
	}
	return 2 * kind
}

func (s *Stats) sent(h wire.Header) {
	if s != nil {
		s.Sent[ExchangeKind(h.Exchange, h.IsResponse())]++
	}
}

func (s *Stats) received(h wire.Header) {
	if s != nil {
		s.Received[ExchangeKind(h.Exchange, h.IsResponse())]++
	}
}

func (s *Stats) dropped(r DropReason) {
	if s != nil {
		s.Dropped[r]++
	}
}

// drop counts a datagram that is dropped; it is reported only when the driver traces.
func (sa *SA) drop(r DropReason, ev MessageReceived) {
	for s := range sa.stats {
		s.dropped(r)
	}
	if sa.env.Trace {
		sa.news(dropped(r, ev))
	}
}
