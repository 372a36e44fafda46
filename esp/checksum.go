package esp

import (
	"net/netip"

	"culvert/checksum"
)

// addAddress adds the words of an address to a running sum of package checksum.
func addAddress(a netip.Addr, sum uint64) uint64 {
	if a.Is4() {
		b := a.As4()
		return checksum.Add(b[:], sum)
	}
	b := a.As16()
	return checksum.Add(b[:], sum)
}

// pseudo is the sum of the header that transport checksums cover (RFC 9293, Section 3.1; RFC 8200, Section 8.1).
func pseudo(source, destination netip.Addr, protocol uint8, n int) uint64 {
	sum := checksum.Narrow(addAddress(destination, addAddress(source, 0)))
	return checksum.AddWord(uint16(n), checksum.AddWord(uint16(n>>16), checksum.AddWord(uint16(protocol), sum)))
}
