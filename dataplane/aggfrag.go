package dataplane

import "time"

// Sending says when an SA in AGGFRAG mode sends (RFC 9347, Section 2.4).
type Sending uint8

// The modes of sending.
const (
	SendConstant   Sending = iota // packets of one size at a constant rate, whatever there is to say
	SendControlled                // the same at a rate that follows congestion
	SendAsNeeded                  // when there is something to say, in packets no longer than that
)

// String returns the word for the mode in configurations.
func (s Sending) String() string {
	switch s {
	case SendConstant:
		return "constant"
	case SendControlled:
		return "controlled"
	case SendAsNeeded:
		return "as-needed"
	}
	return "unknown"
}

// An AggFrag makes an SA one in AGGFRAG mode (RFC 9347). Both directions of a child have the same, but for Pair. It is
// immutable.
type AggFrag struct {
	Pair    uint32 // SPI of the child's SA in the other direction
	Reports bool   // payloads carry congestion information in both directions, since one side asked for it (flag C)

	// Outbound.
	Whole              bool // inner packets are not fragmented, since the peer or the configuration says so (flag D)
	Sending            Sending
	Rate               uint64        // bits per second of IP packets; for SendControlled the most, and 0 is no bound
	PacketSize         int           // octets of the outer IP packet; 0 is the path MTU, which it never exceeds
	MaxAggregationTime time.Duration // how long a packet waits at most; with SendAsNeeded, how long for others to come
	DSCP               uint8         // of the outer header; it is never copied
	BreakerLoss        float64       // the loss event rate at which the circuit breaker counts; 0: there is none
	BreakerTime        time.Duration // after which it trips

	// Inbound.
	WindowSize      int // payloads that may come before their predecessors
	LostPacketTimer time.Duration
	SendImmediately bool // give out whole packets before what is missing
}

// Traffic counts what an SA in AGGFRAG mode carried inside (names of RFC 9348).
type Traffic struct {
	InnerPackets, InnerOctets uint64
	AllPad, ExtraPad          uint64        // outer packets with padding alone, and with some
	Dropped                   uint64        // outbound: inner packets for which there was no room or time
	Incomplete, Errored       uint64        // inbound: inner packets lost in part, and payloads that are none
	Missed, Late              uint64        // inbound: outer packets that did not come, or too late
	Rate                      float64       // outbound: packets per second at the moment; 0 when they are sent as needed
	PacketSize                int           // outbound: octets of the outer IP packet
	RTT                       time.Duration // with reports
	Loss                      float64       // loss event rate that the peer reports
	Tripped                   bool          // outbound: the circuit breaker has ended it
}
