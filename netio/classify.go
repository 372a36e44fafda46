package netio

import "encoding/binary"

// A role says what may arrive at a socket.
type role uint8

const (
	roleIKE role = iota // IKE without marker (RFC 7296, Section 2)
	roleNAT             // IKE behind a marker, ESP, keepalives (RFC 3948, Section 2)
	roleRaw             // ESP
)

const (
	markerLen   = 4    // non-ESP marker, four zero octets where ESP has its SPI (RFC 3948, Section 2.2)
	keepalive   = 0xff // the one octet of a NAT keepalive (RFC 3948, Section 2.3)
	ikeHeader   = 28   // RFC 7296, Section 3.1
	espHeader   = 8    // SPI and sequence number (RFC 4303, Section 2)
	lastReserve = 255  // SPIs up to here are reserved (RFC 4303, Section 2.1)
)

// classify says what a packet is: ReceivedIKE, ReceivedESP, ReceivedKeepalive or the reason to drop it. Of IKE on the NAT
// port the marker comes first.
func classify(r role, p []byte) Reason {
	switch {
	case len(p) == 0:
		return DropEmpty
	case r == roleIKE:
		return longEnough(ReceivedIKE, p, ikeHeader)
	case r == roleNAT && len(p) == 1 && p[0] == keepalive:
		return ReceivedKeepalive
	case len(p) < markerLen:
		return DropShort
	}
	switch spi := binary.BigEndian.Uint32(p); {
	case spi == 0 && r == roleNAT:
		return longEnough(ReceivedIKE, p, markerLen+ikeHeader)
	case spi <= lastReserve:
		return DropReservedSPI
	}
	return longEnough(ReceivedESP, p, espHeader)
}

func longEnough(r Reason, p []byte, n int) Reason {
	if len(p) < n {
		return DropShort
	}
	return r
}
