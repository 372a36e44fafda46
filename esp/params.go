package esp

import (
	"culvert/secret"
	"culvert/suite"
)

// Params describe one SA. The SA owns the keys from its construction on.
type Params struct {
	SPI               uint32
	Transforms        suite.ESP
	EncrKey, IntegKey secret.Bytes
	Mode              Mode
	ReplayWindow      int    // inbound: packets, MinWindow to MaxWindow; 0 switches the check off
	Sequence          uint64 // the last number used (outbound) or the highest accepted (inbound); 0 for a new SA
	PadTo             int    // outbound: pad shorter packets to this many octets (RFC 4303, Section 2.7); 0 is off
}
