package nflog

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// A Packet is one that was logged.
type Packet struct {
	Inner     bool // it is inside of ESP; otherwise it is ESP, perhaps in UDP
	Direction dataplane.Direction
	SPI       uint32 // of inner packets: that of their SA
	Data      []byte // from the IP header on
	Lost      uint32 // packets that nobody has seen since the one before
}

// ErrMalformed means that a message of the log cannot be read.
var ErrMalformed = errors.New("malformed message of the packet log")

// Attributes of a message of the log.
const (
	attrHeader   = 1
	attrMark     = 2
	attrPayload  = 9
	attrPrefix   = 10
	attrSequence = 12
)

// parsePacket reads a message behind its netlink header. Data is part of b.
func parsePacket(b []byte) (p Packet, sequence uint32, err error) {
	if len(b) < headLength {
		return p, 0, fmt.Errorf("%d octets: %w", len(b), ErrMalformed)
	}
	for b = b[headLength:]; len(b) > 0; {
		if len(b) < 4 {
			return p, 0, fmt.Errorf("%d octets of an attribute: %w", len(b), ErrMalformed)
		}
		length, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&0x3fff
		if length < 4 || length > len(b) {
			return p, 0, fmt.Errorf("attribute %d of %d octets: %w", kind, length, ErrMalformed)
		}
		if err := p.attribute(kind, b[4:length], &sequence); err != nil {
			return p, 0, err
		}
		b = b[min(len(b), (length+3)&^3):]
	}
	if p.Direction == 0 || len(p.Data) == 0 {
		return p, 0, fmt.Errorf("no packet: %w", ErrMalformed)
	}
	return p, sequence, nil
}

// attribute takes one attribute. Those that say nothing here it passes over.
func (p *Packet) attribute(kind uint16, v []byte, sequence *uint32) error {
	if kind <= attrMark || kind == attrSequence {
		if len(v) < 4 {
			return fmt.Errorf("attribute %d of %d octets: %w", kind, len(v), ErrMalformed)
		}
	}
	switch kind {
	case attrHeader: // protocol (2), hook (1), padding
		p.Direction = dataplane.Inbound
		if v[2] == unix.NF_INET_POST_ROUTING {
			p.Direction = dataplane.Outbound
		}
	case attrMark: // in the order of the network, made from the host's: the SPI was put there as it is in packets
		p.SPI = binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, binary.BigEndian.Uint32(v)))
	case attrPayload:
		p.Data = v
	case attrPrefix:
		p.Inner = string(v) == innerPrefix+"\x00"
	case attrSequence:
		*sequence = binary.BigEndian.Uint32(v)
	}
	return nil
}
