// Package capture writes packets with comments into pcapng files, and opens recorded ones with session keys.
//
// A capture has three interfaces: ike with the messages of IKE, esp with sealed packets, inner with what is inside of them. All
// three hold IP packets. What the processes above did not see of a header is made up: identification, hop limit.
package capture

import (
	"time"

	"culvert/dataplane"
)

// A Layer is where a packet was seen. It is the number of its interface.
type Layer int

// The layers.
const (
	IKE Layer = iota
	ESP
	Inner
)

// String is the name of the interface.
func (l Layer) String() string { return [...]string{"ike", "esp", "inner"}[l] }

// A Packet is one packet of a capture.
type Packet struct {
	Time      time.Time
	Layer     Layer
	Direction dataplane.Direction
	Data      []byte // an IP packet, perhaps its beginning only
	Length    int    // of the whole packet; 0: Data is all of it
	Comment   string
	Lost      uint64 // packets of the layer that are missing between this one and the one before
}

// Snap cuts a packet to n octets; 0 leaves it whole.
func (p *Packet) Snap(n int) {
	if p.Length == 0 {
		p.Length = len(p.Data)
	}
	if n > 0 && len(p.Data) > n {
		p.Data = p.Data[:n:n]
	}
}
