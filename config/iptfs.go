package config

import (
	"time"

	"culvert/esp/iptfs"
)

// IPTFSMode says whether there is IP-TFS, and when it sends (RFC 9347, Section 2.4).
type IPTFSMode uint8

// The modes.
const (
	IPTFSOff        IPTFSMode = iota
	IPTFSConstant             // at a constant rate
	IPTFSControlled           // at a rate that follows congestion
	IPTFSAsNeeded             // when there is something to send
)

// IPTFS is what is configured about IP traffic flow security of a child (RFC 9347). Options that RFC 9348 has too bear its
// names.
type IPTFS struct {
	Origin
	Mode               IPTFSMode
	Require            bool
	Rate               uint64 // bits per second; 0: no bound
	PacketSize         int    // octets of outer IP packets; 0: the path MTU
	DontFragment       bool
	AcceptFragments    bool
	MaxAggregationTime time.Duration
	WindowSize         int
	SendImmediately    bool
	LostPacketTimer    time.Duration
	DSCP               uint8
	BreakerLoss        float64 // 0: no circuit breaker
	BreakerTime        time.Duration
}

func newIPTFS() IPTFS {
	return IPTFS{Require: true, AcceptFragments: true, WindowSize: 3, LostPacketTimer: 100 * time.Millisecond}
}

// tunnelTime is how long a packet waits at most in a tunnel of a fixed rate.
const tunnelTime = 50 * time.Millisecond

func (f *IPTFS) schema() schema {
	return schema{
		kind: "iptfs", origin: &f.Origin,
		doc:     "IP traffic flow security: packets of the child are aggregated and fragmented into ESP packets that tell nothing of them. See [iptfs.md](iptfs.md).",
		options: append(f.sendingOptions(), f.receivingOptions()...),
		finish:  f.finish,
	}
}

func (f *IPTFS) sendingOptions() []option {
	return []option{
		{name: "mode", slot: one(&f.Mode, choice("mode", value("off", IPTFSOff), value("constant", IPTFSConstant),
			value("controlled", IPTFSControlled), value("as-needed", IPTFSAsNeeded))), rfc: "RFC 9347, Section 2.4", aka: "mode = iptfs",
			doc: "`constant`: packets of one size at a constant rate, for paths with bandwidth set aside; `controlled`: the same at a rate that follows congestion; `as-needed`: aggregation alone, which hides little. `off`: none."},
		{name: "require", slot: one(&f.Require, boolean()), rfc: "RFC 9347, Section 5.1",
			doc: "Have no child with a peer that declines. Otherwise it gets one of ordinary ESP."},
		{name: "rate", slot: one(&f.Rate, bitRate()), rfc: "RFC 9347, Section 4.1; RFC 9348, l3-fixed-rate",
			doc: "Bits per second of IP packets: needed for `constant`, the most for `controlled`, where 0 leaves it to congestion control."},
		{name: "packet_size", slot: one(&f.PacketSize, zeroOr(256, 65535)), rfc: "RFC 9347, Section 4.2; RFC 9348, outer-packet-size",
			doc: "Octets of the outer IP packets, less where the path is narrower. 0: the path MTU."},
		{name: "dont_fragment", slot: one(&f.DontFragment, boolean()), rfc: "RFC 9348, dont-fragment",
			doc: "Send every inner packet in a single outer packet."},
		{name: "max_aggregation_time", slot: one(&f.MaxAggregationTime, duration(0, 10*time.Second)), computed: "50ms, 0s with as-needed", rfc: "RFC 9348, max-aggregation-time",
			doc: "How long a packet waits at most to be sent; those that would wait longer are dropped. With `as-needed`: how long for others to come."},
		{name: "dscp", slot: one(&f.DSCP, number[uint8](0, 63)), rfc: "RFC 9347, Section 2.2.5.3",
			doc: "DSCP of the outer packets, which never follows the inner ones."},
		{name: "breaker_loss", slot: one(&f.BreakerLoss, fraction(0, 1)), rfc: "RFC 9347, Section 2.4.2.1",
			doc: "Loss event rate from which on the circuit breaker counts. 0: there is none."},
		{name: "breaker_time", slot: one(&f.BreakerTime, duration(0, 24*time.Hour)), rfc: "RFC 9347, Section 2.4.2.1",
			doc: "How long the loss has to last until the circuit breaker ends the child, which then waits for `culvert up`."},
	}
}

func (f *IPTFS) receivingOptions() []option {
	return []option{
		{name: "accept_fragments", slot: one(&f.AcceptFragments, boolean()), rfc: "RFC 9347, Section 6.1.4",
			doc: "Let the peer fragment inner packets. `false` tells it not to."},
		{name: "window_size", slot: one(&f.WindowSize, number[int](0, iptfs.MaxWindow)), rfc: "RFC 9347, Section 2.2.3; RFC 9348, window-size",
			doc: "How many outer packets may come before their predecessors and are put in order."},
		{name: "send_immediately", slot: one(&f.SendImmediately, boolean()), rfc: "RFC 9348, send-immediately",
			doc: "Pass on whole inner packets before outer packets that are missing have come."},
		{name: "lost_packet_timer", slot: one(&f.LostPacketTimer, duration(time.Millisecond, time.Minute)), rfc: "RFC 9347, Section 2.2.3; RFC 9348, lost-packet-timer-interval",
			doc: "How long a missing outer packet is waited for."},
	}
}

// finish computes the default that depends on the mode and refuses contradictions.
func (f *IPTFS) finish(d *decoder) {
	if f.Mode == IPTFSOff {
		if option := f.first("require", "rate", "packet_size", "dont_fragment", "max_aggregation_time", "dscp", "breaker_loss", "breaker_time",
			"accept_fragments", "window_size", "send_immediately", "lost_packet_timer"); option != "" && !f.Given("mode") {
			d.contradiction(&f.Origin, option, `iptfs needs a mode: "constant", "controlled" or "as-needed"`)
		}
		return
	}
	if !f.Given("max_aggregation_time") && f.Mode != IPTFSAsNeeded {
		f.MaxAggregationTime = tunnelTime
	}
	switch {
	case f.Mode == IPTFSConstant && f.Rate == 0:
		d.contradiction(&f.Origin, "mode", `mode = "constant" needs a rate, such as "10Mbit"`)
	case f.Mode == IPTFSAsNeeded && f.Rate > 0:
		d.contradiction(&f.Origin, "rate", `mode = "as-needed" has no rate`)
	case f.Mode != IPTFSAsNeeded && f.MaxAggregationTime == 0:
		d.contradiction(&f.Origin, "max_aggregation_time", "at a fixed rate packets have to wait for their turn: give them time")
	case (f.BreakerLoss > 0) != (f.BreakerTime > 0):
		d.contradiction(&f.Origin, "breaker_loss", "a circuit breaker needs both breaker_loss and breaker_time (RFC 9347, Section 2.4.2.1)")
	}
}
