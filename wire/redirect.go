package wire

import (
	"fmt"
	"net/netip"
)

// A Gateway names a gateway by its address or by its name, in REDIRECT and REDIRECTED_FROM (RFC 5685, Section 9). It is comparable;
// the zero Gateway names none.
type Gateway struct {
	Addr netip.Addr
	Name string // of DNS, if there is no address
}

// IsZero tells whether no gateway is named.
func (g Gateway) IsZero() bool { return g == Gateway{} }

// String returns the address or the name.
func (g Gateway) String() string {
	if g.Addr.IsValid() {
		return g.Addr.String()
	}
	return g.Name
}

// A Redirect is the data of REDIRECT and REDIRECTED_FROM (RFC 5685, Sections 9.2 and 9.3):
//
//	| type (1) | length (1) | gateway (length) | nonce data ... |
//
// Nonce is there in the response to IKE_SA_INIT alone. It aliases what it was parsed from.
type Redirect struct {
	Gateway
	Nonce []byte
}

// maxGatewayName is the length of a name that can be sent: that of DNS (RFC 1035, Section 2.3.4).
const maxGatewayName = 253

// ParseRedirect reads the data of a notify.
func ParseRedirect(data []byte) (Redirect, error) {
	var r Redirect
	if len(data) < 2 || len(data) < 2+int(data[1]) {
		return r, fmt.Errorf("redirect: %d octets: %w", len(data), errShort)
	}
	id := data[2 : 2+int(data[1])]
	r.Nonce = data[2+len(id):]
	switch kind := GatewayType(data[0]); {
	case kind == GatewayIPv4 && len(id) == 4, kind == GatewayIPv6 && len(id) == 16:
		r.Addr, _ = netip.AddrFromSlice(id)
	case kind == GatewayFQDN && isHostName(id):
		r.Name = string(id)
	default:
		return r, fmt.Errorf("redirect: no gateway of type %v in %d octets", kind, len(id))
	}
	return r, nil
}

// isHostName tells whether octets are a name that may be looked up, without control characters and the like.
func isHostName(b []byte) bool {
	for _, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if digit := '0' <= c && c <= '9'; !letter && !digit && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= maxGatewayName && b[0] != '.' && b[0] != '-'
}

// Append appends the data of a notify.
func (r Redirect) Append(b []byte) []byte {
	kind, id := GatewayFQDN, []byte(r.Name)
	switch {
	case r.Addr.Is4():
		kind, id = GatewayIPv4, r.Addr.AsSlice()
	case r.Addr.IsValid():
		kind, id = GatewayIPv6, r.Addr.AsSlice()
	}
	b = append(b, byte(kind), byte(len(id)))
	return append(append(b, id...), r.Nonce...)
}
