// Package esp processes the packets of single ESP SAs (RFC 4303): sealing, opening, padding, anti-replay, extended sequence
// numbers and the tunnel header rules of RFC 4301. It does no I/O.
package esp

// Mode is the mode of an SA (RFC 4301, Section 3.2).
type Mode uint8

// The modes.
const (
	Tunnel Mode = iota
	Transport
)

// String returns "tunnel" or "transport".
func (m Mode) String() string {
	switch m {
	case Tunnel:
		return "tunnel"
	case Transport:
		return "transport"
	}
	return "unknown mode"
}
