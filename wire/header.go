package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// HeaderLen is the length of the IKE header in octets.
const HeaderLen = 28

// version2 is major version 2, minor version 0, as sent in every message.
const version2 = 0x20

// SPI identifies an IKE SA on one of its ends (RFC 7296, Section 2.6).
type SPI uint64

// String returns 16 hexadecimal digits.
func (s SPI) String() string { return fmt.Sprintf("%016x", uint64(s)) }

// Flags are the flags of the IKE header (RFC 7296, Section 3.1).
type Flags uint8

// Flags of the IKE header. All others are ignored on receipt and sent as zero.
const (
	FlagInitiator Flags = 0x08 // sent by the original initiator of the IKE SA
	FlagVersion   Flags = 0x10 // never sent, ignored on receipt
	FlagResponse  Flags = 0x20

	flagsSent = FlagInitiator | FlagResponse
)

// String returns the letters of the set flags, IR for example, or "-".
func (f Flags) String() string {
	s := ""
	for _, flag := range []struct {
		bit    Flags
		letter string
	}{{FlagInitiator, "I"}, {FlagVersion, "V"}, {FlagResponse, "R"}} {
		if f&flag.bit != 0 {
			s += flag.letter
		}
	}
	if s == "" {
		return "-"
	}
	return s
}

// Header is the IKE header (RFC 7296, Section 3.1):
//
//	| initiator's SPI (8) | responder's SPI (8) |
//	| next payload (1) | version (1) | exchange type (1) | flags (1) | message ID (4) | length (4) |
type Header struct {
	InitiatorSPI, ResponderSPI SPI
	NextPayload                PayloadType
	Version                    uint8 // major version in the upper four bits
	Exchange                   ExchangeType
	Flags                      Flags // reserved flags are cleared by ParseHeader
	MessageID                  uint32
	Length                     uint32 // octets of the whole message
}

// Major returns the major version, 2 for IKEv2.
func (h Header) Major() uint8 { return h.Version >> 4 }

// IsResponse reports whether the message answers a request.
func (h Header) IsResponse() bool { return h.Flags&FlagResponse != 0 }

// FromInitiator reports whether the sender is the original initiator of the IKE SA.
func (h Header) FromInitiator() bool { return h.Flags&FlagInitiator != 0 }

// Causes of a refused header.
var (
	errMajorVersion = errors.New("major version above 2")
	errIKEv1        = errors.New("major version below 2")
)

// ParseHeader reads the header at the start of b, which may continue. It does not compare the length field with b.
//
// A major version above 2 is an error with NotifyInvalidMajorVersion, one below 2 an error with NotifyNone: the message
// is to be dropped quietly. In both cases the header is returned along with the error, for the answer and the log.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderLen {
		return Header{}, &Error{Err: errShort}
	}
	h := Header{
		InitiatorSPI: SPI(binary.BigEndian.Uint64(b)),
		ResponderSPI: SPI(binary.BigEndian.Uint64(b[8:])),
		NextPayload:  PayloadType(b[16]),
		Version:      b[17],
		Exchange:     ExchangeType(b[18]),
		Flags:        Flags(b[19]) & (flagsSent | FlagVersion),
		MessageID:    binary.BigEndian.Uint32(b[20:]),
		Length:       binary.BigEndian.Uint32(b[24:]),
	}
	switch major := h.Major(); {
	case major > 2:
		return h, &Error{Notify: NotifyInvalidMajorVersion, Err: errMajorVersion}
	case major < 2:
		return h, &Error{Err: errIKEv1}
	}
	return h, nil
}

// Append writes the header to b with its NextPayload and Length as they are. The version is always 2.0 and no flags but
// Initiator and Response are sent (RFC 7296, Section 3.1).
func (h Header) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(h.InitiatorSPI))
	b = binary.BigEndian.AppendUint64(b, uint64(h.ResponderSPI))
	b = append(b, byte(h.NextPayload), version2, byte(h.Exchange), byte(h.Flags&flagsSent))
	b = binary.BigEndian.AppendUint32(b, h.MessageID)
	return binary.BigEndian.AppendUint32(b, h.Length)
}
