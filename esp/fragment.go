package esp

import (
	"encoding/binary"

	"culvert/checksum"
	"culvert/spd"
)

const flagMF = 0x2000

// AppendFragment appends the fragment of an IPv4 packet that begins at octet offset of its payload and has mtu octets at
// most. It returns the offset of the next fragment, 0 behind the last:
//
//	for offset := 0; ; {
//		frag, offset, err = esp.AppendFragment(buf[:0], pkt, info, mtu, offset)
//		...
//		if offset == 0 {
//			break
//		}
//	}
//
// pkt, with i from spd.ParseFlow, may itself be a fragment; offset counts from its own beginning (RFC 791, Section 2.3).
func AppendFragment(dst, pkt []byte, i spd.PacketInfo, mtu, offset int) (out []byte, next int, err error) {
	if i.Version != 4 || i.DontFragment || offset < 0 || offset > i.Length-i.HeaderLength {
		return dst, 0, ErrFragment
	}
	start := len(dst)
	dst = append(dst, pkt[:headerLen4]...)
	dst = appendOptions(dst, pkt[headerLen4:i.HeaderLength], offset > 0)
	headerLen := len(dst) - start
	payload, more := pkt[i.HeaderLength+offset:i.Length], i.More
	if len(payload) > mtu-headerLen {
		room := (mtu - headerLen) &^ 7
		if room <= 0 {
			return dst[:start], 0, ErrTooBig
		}
		payload, more, next = payload[:room], true, offset+room
	}
	dst = append(dst, payload...)
	finishFragment(dst[start:], headerLen, (i.FragmentOffset+offset)/8, more)
	return dst, next, nil
}

// finishFragment writes the fields of the header that differ from fragment to fragment.
func finishFragment(pkt []byte, headerLen, offset int, more bool) {
	pkt[0] = 0x40 | byte(headerLen/4)
	binary.BigEndian.PutUint16(pkt[2:], uint16(len(pkt)))
	field := uint16(offset)
	if more {
		field |= flagMF
	}
	binary.BigEndian.PutUint16(pkt[6:], field)
	clear(pkt[10:12])
	binary.BigEndian.PutUint16(pkt[10:], ^checksum.Fold(checksum.Add(pkt[:headerLen], 0)))
}

// appendOptions appends the options of a fragment: all for the first one, for the others those with the copied flag
// (RFC 791, Section 3.1), padded to words.
func appendOptions(dst, options []byte, later bool) []byte {
	if !later {
		return append(dst, options...)
	}
	start := len(dst)
	for len(options) > 1 && options[0] != optionEnd {
		n := 1
		if options[0] != optionNone {
			n = int(options[1])
		}
		if n < 1 || n > len(options) {
			break
		}
		if options[0]&optionCopied != 0 {
			dst = append(dst, options[:n]...)
		}
		options = options[n:]
	}
	for (len(dst)-start)%4 != 0 {
		dst = append(dst, optionEnd)
	}
	return dst
}

const (
	optionEnd    = 0
	optionNone   = 1
	optionCopied = 0x80
)
