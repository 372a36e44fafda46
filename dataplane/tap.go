package dataplane

import (
	"time"

	"culvert/esp"
)

// A Tap sees packets as a data plane processes them. It is called by the data plane's workers, several at a time, and neither
// blocks nor keeps what it is given.
type Tap interface {
	Tap(p *TappedPacket)
}

// A TappedPacket is one packet in one direction, on one side of ESP.
type TappedPacket struct {
	Inner     bool // Data is an IP packet, as it is inside; otherwise an ESP packet from its SPI on
	Direction Direction
	Data      []byte    // valid during the call
	Whole     []byte    // of ESP packets: with all headers in front, where they are at hand; valid during the call
	Path      Path      // of ESP packets
	TOS       uint8     // of ESP packets: the traffic class of the outer header
	SPI       uint32    // 0: not known
	Policy    PolicyID  // 0: not known
	Drop      esp.Drop  // 0: the packet went on, or Note says otherwise
	Note      string    // what there is to say besides, for people
	Time      time.Time // when it was seen; zero: at this moment
	Lost      uint64    // packets that nobody has seen in front of this one
}

// Tappable is a Backend that shows its packets. SetTap takes effect with the next batch of packets; nil ends it. Without a tap
// it costs a batch one look. An error says why packets are not to be seen on this host.
type Tappable interface {
	SetTap(Tap) error
}
