// Package iptfs carries IP packets in AGGFRAG payloads of ESP, several in one payload or one in several (RFC 9347), and
// knows how fast to send them: at a constant rate or as congestion allows. It does no I/O and is told the time.
package iptfs

import (
	"encoding/binary"
	"errors"
	"time"
)

// NextHeader is the ESP next header of AGGFRAG payloads (RFC 9347, Section 7.1).
const NextHeader = 144

// The sub-types of payloads (RFC 9347, Section 7.2).
const (
	subTypePlain      = 0
	subTypeCongestion = 1
)

// Lengths of the two headers.
const (
	PlainLen      = 4
	CongestionLen = 24
)

// Errors of payloads.
var (
	ErrShort   = errors.New("AGGFRAG payload is shorter than its header")
	ErrSubType = errors.New("AGGFRAG payload of an unknown sub-type")
)

// A Header is what precedes the data blocks of a payload (RFC 9347, Sections 6.1.1 and 6.1.2), in one of two formats:
//
//	| sub-type 0 (8) | reserved (8) | BlockOffset (16) |
//
//	| sub-type 1 (8) | reserved (6) P E | BlockOffset (16) | LossEventRate (32) |
//	| RTT (22) | Echo Delay (21) | Transmit Delay (21) | TVal (32) | TEcho (32) |
type Header struct {
	// BlockOffset is where the first data block begins that begins in this payload or a later one, in octets of data blocks.
	BlockOffset uint16
	Congestion  bool   // sub-type 1
	Report      Report // of sub-type 1
}

// A Report is congestion information (RFC 9347, Sections 3 and 6.1.2).
type Report struct {
	Probing       bool          // P: a probe of the path MTU is under way
	Experienced   bool          // E: congestion marks count in LossEventRate
	LossEventRate uint32        // the inverse of the loss event rate; 0 is no loss
	RTT           time.Duration // the sender's estimate, 0 before it has one; in microseconds on the wire, as the delays are
	EchoDelay     time.Duration // from the arrival of TEcho to now
	TransmitDelay time.Duration // between two packets of the sender
	TVal, TEcho   uint32        // the sender's clock, and the receiver's that it has seen last
}

// Widths of the fields that share 64 bits.
const (
	delayBits = 21
	maxRTT    = 1<<22 - 1
	maxDelay  = 1<<delayBits - 1
)

// Len returns the length of the header.
func (h *Header) Len() int {
	if h.Congestion {
		return CongestionLen
	}
	return PlainLen
}

// Put writes the header into the first Len octets of b.
func (h *Header) Put(b []byte) {
	b[0], b[1] = subTypePlain, 0
	binary.BigEndian.PutUint16(b[2:], h.BlockOffset)
	if h.Congestion {
		b[0] = subTypeCongestion
		h.Report.put(b)
	}
}

func (r *Report) put(b []byte) {
	b[1] = bit(r.Probing)<<1 | bit(r.Experienced)
	binary.BigEndian.PutUint32(b[4:], r.LossEventRate)
	times := micros(r.RTT, maxRTT)<<(2*delayBits) | micros(r.EchoDelay, maxDelay)<<delayBits | micros(r.TransmitDelay, maxDelay)
	binary.BigEndian.PutUint64(b[8:], times)
	binary.BigEndian.PutUint32(b[16:], r.TVal)
	binary.BigEndian.PutUint32(b[20:], r.TEcho)
}

func bit(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// micros returns a duration in microseconds, the most that a field can say for a longer one (RFC 9347, Section 6.1.2).
func micros(d time.Duration, most uint64) uint64 { return min(uint64(max(d, 0).Microseconds()), most) }

// Parse takes a payload apart. blocks aliases b. Reserved bits are ignored.
func Parse(b []byte) (h Header, blocks []byte, err error) {
	if len(b) < PlainLen {
		return h, nil, ErrShort
	}
	h.BlockOffset = binary.BigEndian.Uint16(b[2:])
	switch b[0] {
	case subTypePlain:
		return h, b[PlainLen:], nil
	case subTypeCongestion:
		if len(b) < CongestionLen {
			return h, nil, ErrShort
		}
		h.Congestion, h.Report = true, parseReport(b)
		return h, b[CongestionLen:], nil
	}
	return h, nil, ErrSubType
}

func parseReport(b []byte) Report {
	times := binary.BigEndian.Uint64(b[8:])
	return Report{
		Probing: b[1]&2 != 0, Experienced: b[1]&1 != 0,
		LossEventRate: binary.BigEndian.Uint32(b[4:]),
		RTT:           time.Duration(times>>(2*delayBits)) * time.Microsecond,
		EchoDelay:     time.Duration(times>>delayBits&maxDelay) * time.Microsecond,
		TransmitDelay: time.Duration(times&maxDelay) * time.Microsecond,
		TVal:          binary.BigEndian.Uint32(b[16:]), TEcho: binary.BigEndian.Uint32(b[20:]),
	}
}
