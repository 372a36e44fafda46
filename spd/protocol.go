package spd

// Protocol numbers that selectors treat in a way of their own.
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoTCP         = 6
	protoUDP         = 17
	protoDCCP        = 33
	protoRouting     = 43
	protoFragment    = 44
	protoICMPv6      = 58
	protoDestination = 60
	protoSCTP        = 132
	protoMobility    = 135
	protoUDPLite     = 136
)

// oneField reports whether a protocol has one selector field in place of two ports (RFC 4301, Section 4.4.1.3).
func oneField(protocol uint8) bool {
	return protocol == protoICMP || protocol == protoICMPv6 || protocol == protoMobility
}

// twoPorts reports whether a protocol begins with source and destination port.
func twoPorts(protocol uint8) bool {
	switch protocol {
	case protoTCP, protoUDP, protoDCCP, protoSCTP, protoUDPLite:
		return true
	}
	return false
}
