package offload

// What a device that is no TUN device sets in a Header: the flag of a checksum that is left open, and the types of TCP
// super-packets.
const (
	NeedsChecksum = needsChecksum
	TCP4          = gsoTCP4
	TCP6          = gsoTCP6
)
