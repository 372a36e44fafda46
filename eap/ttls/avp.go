package ttls

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The attributes (RFC 5281, Section 11; RFC 2548, Section 2).
const (
	avpUserName     = 1
	avpUserPassword = 2
	avpReplyMessage = 18
	avpEAPMessage   = 79

	vendorMicrosoft  = 311
	avpCHAPError     = 2
	avpCHAPChallenge = 11
	avpCHAP2Response = 25
	avpCHAP2Success  = 26
)

const (
	flagVendor    = 0x80
	flagMandatory = 0x40
	avpHeader     = 8
	vendorHeader  = 12
	avpAlign      = 4
	maxAVPs       = 64 // in a message; the methods need three
)

// errAVP is the reason why a message is not a sequence of AVPs.
var errAVP = errors.New("ttls: AVPs")

// An attribute names an AVP: a RADIUS attribute, or one of a vendor.
type attribute struct{ vendor, code uint32 }

// An avp is an attribute-value pair (RFC 5281, Section 10.1):
//
//	| code (4) | V M r r r r r r (1) | length (3) | vendor (4), if V | data ... | padding to four octets |
//
// Data of a parsed one aliases the message.
type avp struct {
	attribute
	mandatory bool
	data      []byte
}

// parseAVPs reads a message.
func parseAVPs(b []byte) ([]avp, error) {
	var all []avp
	for len(b) > 0 {
		if len(all) == maxAVPs {
			return nil, fmt.Errorf("%w: more than %d", errAVP, maxAVPs)
		}
		a, rest, err := parseAVP(b)
		if err != nil {
			return nil, err
		}
		all, b = append(all, a), rest
	}
	return all, nil
}

// parseAVP reads the first AVP. The padding of the last one may be missing.
func parseAVP(b []byte) (a avp, rest []byte, err error) {
	if len(b) < avpHeader {
		return avp{}, nil, fmt.Errorf("%w: %d octets at the end", errAVP, len(b))
	}
	a.code = binary.BigEndian.Uint32(b)
	a.mandatory = b[4]&flagMandatory != 0
	n, header := int(binary.BigEndian.Uint32(b[4:])&0xffffff), avpHeader
	if b[4]&flagVendor != 0 {
		header = vendorHeader
	}
	if n < header || n > len(b) {
		return avp{}, nil, fmt.Errorf("%w: a length of %d in %d octets", errAVP, n, len(b))
	}
	if header == vendorHeader {
		a.vendor = binary.BigEndian.Uint32(b[avpHeader:])
	}
	a.data = b[header:n]
	return a, b[min(len(b), padded(n)):], nil
}

func padded(n int) int { return (n + avpAlign - 1) &^ (avpAlign - 1) }

// append appends the AVP with its padding to b.
func (a avp) append(b []byte) []byte {
	header, flags := avpHeader, uint32(0)
	if a.vendor != 0 {
		header, flags = vendorHeader, flagVendor
	}
	if a.mandatory {
		flags |= flagMandatory
	}
	n := header + len(a.data)
	b = binary.BigEndian.AppendUint32(b, a.code)
	b = binary.BigEndian.AppendUint32(b, flags<<24|uint32(n))
	if a.vendor != 0 {
		b = binary.BigEndian.AppendUint32(b, a.vendor)
	}
	b = append(b, a.data...)
	return append(b, make([]byte, padded(n)-n)...)
}

// encodeAVPs returns a message.
func encodeAVPs(all ...avp) []byte {
	var b []byte
	for _, a := range all {
		b = a.append(b)
	}
	return b
}

// A message is a parsed message by attribute.
type message map[attribute][]byte

// readMessage parses a message. The parts of an EAP packet are put together; any other attribute comes once. One that is
// mandatory and not known ends the run (RFC 5281, Section 10.1).
func readMessage(b []byte) (message, error) {
	all, err := parseAVPs(b)
	if err != nil {
		return nil, err
	}
	m := message{}
	for _, a := range all {
		switch {
		case !a.known() && a.mandatory:
			return nil, fmt.Errorf("%w: attribute %d of vendor %d is mandatory and not known", errAVP, a.code, a.vendor)
		case a.attribute == attribute{code: avpEAPMessage}, a.attribute == attribute{code: avpReplyMessage}:
			m[a.attribute] = append(m[a.attribute], a.data...)
		case m.has(a.attribute):
			return nil, fmt.Errorf("%w: attribute %d of vendor %d comes twice", errAVP, a.code, a.vendor)
		default:
			m[a.attribute] = a.data
		}
	}
	return m, nil
}

func (m message) has(a attribute) bool {
	_, ok := m[a]
	return ok
}

// known reports whether an attribute means something here.
func (a attribute) known() bool {
	switch a {
	case attribute{code: avpUserName}, attribute{code: avpUserPassword}, attribute{code: avpReplyMessage}, attribute{code: avpEAPMessage},
		microsoft(avpCHAPError), microsoft(avpCHAPChallenge), microsoft(avpCHAP2Response), microsoft(avpCHAP2Success):
		return true
	}
	return false
}

func microsoft(code uint32) attribute { return attribute{vendorMicrosoft, code} }
