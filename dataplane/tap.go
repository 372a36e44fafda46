package dataplane

import "culvert/esp"

// A Tap sees packets as a data plane processes them. It is called by the data plane's workers, several at a time, and neither
// blocks nor keeps what it is given.
type Tap interface {
	Tap(p *TappedPacket)
}

// A TappedPacket is one packet in one direction, on one side of ESP.
type TappedPacket struct {
	Inner     bool // Data is an IP packet, as it is inside; otherwise an ESP packet from its SPI on
	Direction Direction
	Data      []byte   // valid during the call
	Path      Path     // of ESP packets
	TOS       uint8    // of ESP packets: the traffic class of the outer header
	SPI       uint32   // 0: not known
	Policy    PolicyID // 0: not known
	Drop      esp.Drop // 0: the packet went on
}

// Tappable is a Backend that shows its packets. SetTap takes effect with the next batch of packets; nil ends it. Without a tap
// it costs a batch one look.
type Tappable interface {
	SetTap(Tap)
}
