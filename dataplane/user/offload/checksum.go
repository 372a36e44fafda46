package offload

import "culvert/checksum"

// pseudo is the sum of the pseudo header of TCP or UDP in ip, whose addresses stand where its version puts them, for a
// transport packet of n octets (RFC 9293, Section 3.1; RFC 8200, Section 8.1).
func pseudo(ip []byte, protocol uint8, n int) uint64 {
	var acc uint64
	if ip[0]>>4 == 4 {
		acc = checksum.Add(ip[12:20], 0)
	} else {
		acc = checksum.Add(ip[8:40], 0)
	}
	acc = checksum.Narrow(acc)
	return checksum.AddWord(uint16(n), checksum.AddWord(uint16(protocol), acc))
}
