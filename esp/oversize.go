package esp

import "culvert/spd"

// An Oversize is what is done with an inner packet, given the MTU that its SA leaves for it (RFC 4301, Section 8.2.1).
type Oversize uint8

// The decisions.
const (
	Fits       Oversize = iota
	Fragment            // case 2: IPv4 without DF is fragmented, see AppendFragment
	TooBig              // cases 1 and 3: drop, and tell the sender with AppendTooBig
	SendAnyhow          // IPv6 promises 1280 octets (RFC 8200, Section 5): the outer packet is fragmented instead
)

// Judge decides about an inner packet.
func Judge(i spd.PacketInfo, mtu int) Oversize {
	switch {
	case i.Length <= mtu:
		return Fits
	case i.Version == 6 && i.Length <= minPathMTU6:
		return SendAnyhow
	case i.DontFragment:
		return TooBig
	}
	return Fragment
}
