package nl

import (
	"encoding/binary"
	"fmt"
)

// attribute is the type of an attribute.
type attribute uint16

// The attributes. Those from saDirection on came with Linux 6.10 to 6.14; older kernels pass over them.
const (
	algCrypt          attribute = 2
	encapsulation     attribute = 4
	templates         attribute = 5
	stateInside       attribute = 6
	policyInside      attribute = 7
	securityContext   attribute = 8
	lifetimeValue     attribute = 9
	replayValue       attribute = 10
	replayThreshold   attribute = 11
	timerThreshold    attribute = 12
	lastUsed          attribute = 15
	algAEAD           attribute = 18
	algAuthTrunc      attribute = 20
	markAttribute     attribute = 21
	tfcPad            attribute = 22
	replayESN         attribute = 23
	extraFlags        attribute = 24
	offloadDevice     attribute = 28
	setMark           attribute = 29
	setMarkMask       attribute = 30
	interfaceID       attribute = 31
	mappingThreshold  attribute = 32
	saDirection       attribute = 33
	saCPU             attribute = 35
	iptfsDropTime     attribute = 36
	iptfsReorder      attribute = 37
	iptfsDontFragment attribute = 38
	iptfsInitDelay    attribute = 39
	iptfsMaxQueue     attribute = 40
	iptfsPacketSize   attribute = 41
)

// attributeHeader is the length of an attribute's length and type.
const attributeHeader = 4

// attr appends an attribute whose value f writes, padded to four octets.
func (w *writer) attr(t attribute, f func(*writer)) {
	at := len(*w)
	w.u16(0)
	w.u16(uint16(t))
	f(w)
	binary.NativeEndian.PutUint16((*w)[at:], uint16(len(*w)-at))
	w.zero(-len(*w) & 3)
}

func (w *writer) attr32(t attribute, v uint32) { w.attr(t, func(w *writer) { w.u32(v) }) }

// optional32 appends an attribute that is left out when it is zero.
func (w *writer) optional32(t attribute, v uint32) {
	if v != 0 {
		w.attr32(t, v)
	}
}

// flagsMask cuts the flags off an attribute's type.
const flagsMask = 0x3fff

// attributes gives every attribute to f. Those that f does not know it passes over.
func attributes(b []byte, f func(t attribute, r *reader)) error {
	for len(b) > 0 {
		if len(b) < attributeHeader {
			return ErrShort
		}
		length, t := int(binary.NativeEndian.Uint16(b)), attribute(binary.NativeEndian.Uint16(b[2:])&flagsMask)
		if length < attributeHeader || length > len(b) {
			return fmt.Errorf("attribute %d of %d octets: %w", t, length, ErrMalformed)
		}
		r := reader{b: b[attributeHeader:length]}
		if f(t, &r); r.short {
			return fmt.Errorf("attribute %d of %d octets: %w", t, length, ErrShort)
		}
		b = b[min(len(b), (length+3)&^3):]
	}
	return nil
}
