package netio

import (
	"strconv"
	"sync/atomic"
)

// Reason names what was counted: traffic by kind, and every cause of a loss.
type Reason uint8

// The reasons.
const (
	ReceivedIKE Reason = iota
	ReceivedESP
	ReceivedKeepalive
	SentIKE // and keepalives
	SentESP

	DropEmpty         // a datagram of no octets
	DropShort         // too short for what it has to be
	DropReservedSPI   // SPI 0 to 255 where ESP is expected (RFC 4303, Section 2.1)
	DropTruncated     // longer than a receive buffer
	DropUnaddressed   // the kernel did not say where it came from or went to
	DropUnhandled     // no handler
	SendClosed        // after Close, or no socket fits the path
	SendTooBig        // EMSGSIZE: larger than the path allows without fragments
	SendNoBuffer      // ENOBUFS, or the socket stayed full
	SendForbidden     // EPERM, EACCES: a packet filter
	SendUnreachable   // no route, no host
	SendNoAddress     // the local address or interface is gone
	SendFailed        // any other error
	SegmentationLost  // UDP_SEGMENT stopped working and was switched off
	UnreachableNotice // ICMP errors other than too big
	TooBigNotice      // ICMP too big, or the kernel's own word for it
	ReceiveFailed     // errors of receive calls
	ReceiveOverflow   // messages that came when the socket's buffer was full; packets that the kernel joined are one
	StreamOpened      // TCP streams, from either side
	StreamClosed      // those that ended by themselves, or by the peer
	DropStreamPrefix  // streams that did not begin with IKETCP (RFC 9329, Section 4)
	DropStreamLength  // streams with a message of length 0 or 1 (RFC 9329, Section 3.1)
	DropStreamIdle    // streams that belonged to no IKE SA for too long
	DropStreamLimit   // streams that were one too many

	reasons
)

// String is the reason as counters and the log name it.
func (r Reason) String() string {
	names := [reasons]string{
		ReceivedIKE: "ike_received", ReceivedESP: "esp_received", ReceivedKeepalive: "keepalive_received",
		SentIKE: "ike_sent", SentESP: "esp_sent",
		DropEmpty: "drop_empty", DropShort: "drop_short", DropReservedSPI: "drop_reserved_spi",
		DropTruncated: "drop_truncated", DropUnaddressed: "drop_unaddressed", DropUnhandled: "drop_unhandled",
		SendClosed: "send_closed", SendTooBig: "send_too_big", SendNoBuffer: "send_no_buffer",
		SendForbidden: "send_forbidden", SendUnreachable: "send_unreachable", SendNoAddress: "send_no_address",
		SendFailed: "send_failed", SegmentationLost: "segmentation_lost",
		UnreachableNotice: "icmp_unreachable", TooBigNotice: "icmp_too_big", ReceiveFailed: "receive_failed",
		ReceiveOverflow: "receive_overflow",
		StreamOpened:    "stream_opened", StreamClosed: "stream_closed", DropStreamPrefix: "drop_stream_prefix",
		DropStreamLength: "drop_stream_length", DropStreamIdle: "drop_stream_idle", DropStreamLimit: "drop_stream_limit",
	}
	if r < reasons {
		return names[r]
	}
	return "REASON(" + strconv.Itoa(int(r)) + ")"
}

// Counts holds one number per Reason.
type Counts [reasons]uint64

// All walks over the reasons and their numbers.
func (c *Counts) All() func(yield func(Reason, uint64) bool) {
	return func(yield func(Reason, uint64) bool) {
		for r, n := range c {
			if !yield(Reason(r), n) {
				return
			}
		}
	}
}

// counters count from several goroutines.
type counters [reasons]atomic.Uint64

func (c *counters) add(r Reason, n int) { c[r].Add(uint64(n)) }

// addTo adds what was counted.
func (c *counters) addTo(sum *Counts) {
	for i := range c {
		sum[i] += c[i].Load()
	}
}
