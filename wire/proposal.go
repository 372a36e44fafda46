package wire

import (
	"encoding/binary"
	"errors"
)

// Values of the Last Substruc octet when more proposals, or more transforms, follow (RFC 7296, Sections 3.3.1, 3.3.2).
const (
	lastSubstructure = 0
	moreProposals    = 2
	moreTransforms   = 3
)

// proposalLen is the length of a proposal without SPI and transforms.
const proposalLen = 8

// Causes of a refused proposal.
var (
	errLastSubstructure = errors.New("last substructure octet does not fit the position")
	errProposalSPI      = errors.New("SPI size does not fit the protocol")
	errTransformCount   = errors.New("number of transforms does not match content")
)

// Proposal is one proposal of an SA payload (RFC 7296, Section 3.3.1):
//
//	| 0 (last) or 2 (1) | RESERVED (1) | proposal length (2) |
//	| number (1) | protocol (1) | SPI size (1) | number of transforms (1) | SPI | transforms ... |
type Proposal struct {
	Number     uint8 // 1 to 255
	Protocol   ProtocolID
	SPI        []byte // 4 octets for AH and ESP; for IKE none, or 8 when an IKE SA is rekeyed
	Transforms []Transform
}

// parse reads the proposal at the start of b, whose framing countProposals has checked, and returns what follows.
func (p *Proposal) parse(b []byte) (rest []byte, err error) {
	b, rest, _ = splitSubstructure(b, moreProposals)
	if len(b) < proposalLen {
		return nil, errShort
	}
	p.Number, p.Protocol = b[4], ProtocolID(b[5])
	spiSize, count := int(b[6]), int(b[7])
	b = b[proposalLen:]
	if len(b) < spiSize {
		return nil, errShort
	}
	if !proposalSPIFits(p.Protocol, spiSize) {
		return nil, errProposalSPI
	}
	if spiSize > 0 {
		p.SPI = b[:spiSize:spiSize]
	}
	return rest, p.parseTransforms(b[spiSize:], count)
}

// parseTransforms reads exactly count transforms, at least one, which must fill b.
func (p *Proposal) parseTransforms(b []byte, count int) error {
	if count == 0 || len(b) < count*transformLen {
		return errTransformCount
	}
	p.Transforms = make([]Transform, count)
	for i := range p.Transforms {
		octets, rest, err := splitSubstructure(b, moreTransforms)
		if err != nil {
			return err
		}
		if (len(rest) == 0) != (i == count-1) {
			return errTransformCount
		}
		if err := p.Transforms[i].parse(octets); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// proposalSPIFits holds a SPI size against the protocol. Protocols of later documents check theirs.
func proposalSPIFits(p ProtocolID, size int) bool {
	switch p {
	case ProtocolIKE:
		return size == 0 || size == 8
	case ProtocolAH, ProtocolESP:
		return size == 4
	}
	return true
}

// splitSubstructure cuts one proposal or transform off the start of b. Its first octet must be more if others follow and
// zero if none does.
func splitSubstructure(b []byte, more byte) (octets, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errShort
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < 4 || n > len(b) {
		return nil, nil, errLength
	}
	want := byte(lastSubstructure)
	if n < len(b) {
		want = more
	}
	if b[0] != want {
		return nil, nil, errLastSubstructure
	}
	return b[:n:n], b[n:], nil
}

func (p *Proposal) append(b []byte, last bool) []byte {
	start := len(b)
	b = append(b, substructure(last, moreProposals), 0, 0, 0)
	b = append(b, p.Number, byte(p.Protocol), byte(len(p.SPI)), byte(len(p.Transforms)))
	b = append(b, p.SPI...)
	for i, t := range p.Transforms {
		b = t.append(b, i == len(p.Transforms)-1)
	}
	binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	return b
}

// substructure returns the Last Substruc octet.
func substructure(last bool, more byte) byte {
	if last {
		return lastSubstructure
	}
	return more
}
