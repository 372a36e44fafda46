package esp

import "encoding/binary"

// Protocol numbers that ESP treats in a way of their own.
const (
	protoICMP    = 1
	protoIPv4    = 4
	protoTCP     = 6
	protoUDP     = 17
	protoDCCP    = 33
	protoIPv6    = 41
	protoESP     = 50
	protoICMPv6  = 58
	protoNone    = 59
	protoAggFrag = 144
	protoUDPLite = 136
)

const (
	headerLen4   = 20
	headerLen6   = 40
	udpHeaderLen = 8
)

// splitTunnel returns the whole packet, with the protocol number of its version (RFC 4303, Section 2.6).
func splitTunnel(pkt []byte) (payload []byte, next uint8, err error) {
	switch {
	case len(pkt) >= headerLen4 && pkt[0]>>4 == 4:
		return pkt, protoIPv4, nil
	case len(pkt) >= headerLen6 && pkt[0]>>4 == 6:
		return pkt, protoIPv6, nil
	}
	return nil, 0, ErrMalformed
}

// unwrapTunnel returns the IP packet in a payload, without TFC padding.
func unwrapTunnel(payload []byte, next uint8) ([]byte, error) {
	if next != protoIPv4 && next != protoIPv6 {
		return nil, ErrNextHeader
	}
	return unwrapIP(payload, next)
}

// splitAggFrag returns a payload made elsewhere.
func splitAggFrag(pkt []byte) (payload []byte, next uint8, err error) { return pkt, protoAggFrag, nil }

// unwrapAggFrag returns a payload, and refuses others than an SA in AGGFRAG mode carries (RFC 9347, Section 2.3).
func unwrapAggFrag(payload []byte, next uint8) ([]byte, error) {
	if next != protoAggFrag {
		return nil, ErrNextHeader
	}
	return payload, nil
}

// unwrapTransport returns a payload, without TFC padding where its protocol tells its length (RFC 4303, Section 2.7).
func unwrapTransport(payload []byte, next uint8) ([]byte, error) {
	switch next {
	case protoIPv4, protoIPv6:
		return unwrapIP(payload, next)
	case protoUDP:
		return unwrapUDP(payload)
	}
	return payload, nil
}

func unwrapIP(payload []byte, next uint8) ([]byte, error) {
	n := 0
	switch {
	case next == protoIPv4 && len(payload) >= headerLen4 && payload[0]>>4 == 4:
		n = int(binary.BigEndian.Uint16(payload[2:]))
	case next == protoIPv6 && len(payload) >= headerLen6 && payload[0]>>4 == 6:
		n = headerLen6 + int(binary.BigEndian.Uint16(payload[4:]))
	}
	if n < headerLen4 || n > len(payload) {
		return nil, ErrInner
	}
	return payload[:n], nil
}

func unwrapUDP(payload []byte) ([]byte, error) {
	if len(payload) < udpHeaderLen {
		return nil, ErrInner
	}
	n := int(binary.BigEndian.Uint16(payload[4:]))
	if n < udpHeaderLen || n > len(payload) {
		return nil, ErrInner
	}
	return payload[:n], nil
}

// tellsLength reports whether a payload of this protocol may be followed by TFC padding, because its own header tells where
// it ends (RFC 4303, Section 2.7).
func tellsLength(next uint8) bool { return next == protoIPv4 || next == protoIPv6 || next == protoUDP }
