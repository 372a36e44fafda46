package probe

import "net/netip"

// addressOf reads an address of 4 or 16 octets.
func addressOf(b []byte) (string, bool) {
	a, ok := netip.AddrFromSlice(b)
	return a.String(), ok
}

// printable returns octets as text if they are some, "" otherwise.
func printable(b []byte) string {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return string(b)
}
