package esp

import (
	"fmt"

	"culvert/secret"
	"culvert/suite"
)

// Params describe one SA, one direction. The SA owns the keys from its construction on.
type Params struct {
	SPI               uint32
	Transforms        suite.ESP
	EncrKey, IntegKey secret.Bytes
	Mode              Mode
	ReplayWindow      int    // inbound: packets, MinWindow to MaxWindow; 0 switches the check off
	Sequence          uint64 // the last number used (outbound) or the highest accepted (inbound); 0 for a new SA
	AggFrag           bool   // packets carry AGGFRAG payloads, which Seal is given and Open returns (RFC 9347, Section 2.3)
	PadTo             int    // outbound: pad shorter packets to this many octets (RFC 4303, Section 2.7); 0 is off
}

// check refuses what no SA can be made of.
func (p *Params) check() error {
	encr, integ := p.Transforms.KeyLengths()
	switch {
	case p.Mode > Transport:
		return fmt.Errorf("SA %08x: mode %d: %w", p.SPI, p.Mode, ErrCipher)
	case p.AggFrag && p.Mode != Tunnel:
		return fmt.Errorf("SA %08x: AGGFRAG payloads need tunnel mode: %w", p.SPI, ErrCipher)
	case encr == 0 && integ == 0:
		return fmt.Errorf("SA %08x: transforms %v are not supported: %w", p.SPI, p.Transforms, ErrCipher)
	case len(p.EncrKey) != encr || len(p.IntegKey) != integ:
		return fmt.Errorf("SA %08x: %v takes keys of %d and %d octets, not %d and %d: %w", p.SPI, p.Transforms,
			encr, integ, len(p.EncrKey), len(p.IntegKey), ErrCipher)
	case p.ReplayWindow != 0 && (p.ReplayWindow < MinWindow || p.ReplayWindow > MaxWindow):
		return fmt.Errorf("SA %08x: replay window of %d packets is not between %d and %d", p.SPI, p.ReplayWindow, MinWindow, MaxWindow)
	case !p.Transforms.ESN && p.Sequence > maxSequence32:
		return fmt.Errorf("SA %08x: sequence number %d without ESN", p.SPI, p.Sequence)
	}
	return nil
}
