package capture

import (
	"encoding/binary"
	"io"
	"time"
)

// Statistics are what the interfaces of a capture have seen, all together.
type Statistics struct {
	Received uint64 // packets, and of them
	Dropped  uint64 // that are not in the file
}

// ReadStatistics reads a pcapng file to its end, and tells what its statistics say (draft-ietf-opsawg-pcapng, Section 4.6):
//
//	| interface (4) | time (8) | options ...
//
// complete tells whether there were any, which are the end of a capture.
func ReadStatistics(file io.Reader) (s Statistics, complete bool) {
	r := &blockReader{tape: newTape(file)}
	for {
		b, err := r.next(func(kind uint32) int64 {
			if kind == blockStatistics {
				return maxHeader
			}
			return 0
		})
		if err != nil || len(b.body) < 12 {
			return s, complete
		}
		err = r.options(b.body[12:], func(code uint16, value []byte) error {
			switch {
			case len(value) != 8:
			case code == optionReceived:
				s.Received += r.order.Uint64(value)
			case code == optionDropped:
				s.Dropped += r.order.Uint64(value)
			}
			return nil
		})
		complete = err == nil
	}
}

// Options of statistics.
const (
	optionComment  = 1
	optionStarted  = 2
	optionEnded    = 3
	optionReceived = 4
	optionDropped  = 5
)

// statistics is the block of an interface at an end, with a comment if there is one.
func (w *Writer) statistics(l Layer, at time.Time, lost uint64, comment string) []byte {
	order := binary.LittleEndian
	stamp := func(t time.Time) []byte { // in nanoseconds, the upper half first
		n := uint64(t.UnixNano())
		return order.AppendUint32(order.AppendUint32(nil, uint32(n>>32)), uint32(n))
	}
	b := order.AppendUint32(nil, uint32(l))
	b = append(b, stamp(at)...)
	option := func(code uint16, value []byte) {
		b = order.AppendUint16(order.AppendUint16(b, code), uint16(len(value)))
		b = append(append(b, value...), make([]byte, -len(value)&3)...)
	}
	if comment != "" {
		option(optionComment, []byte(comment))
	}
	option(optionStarted, stamp(w.begun))
	option(optionEnded, stamp(at))
	option(optionReceived, order.AppendUint64(nil, w.counts[l]+lost))
	option(optionDropped, order.AppendUint64(nil, lost))
	option(optionEnd, nil)
	total := uint32(len(b) + blockFrame)
	head := order.AppendUint32(order.AppendUint32(nil, blockStatistics), total)
	return order.AppendUint32(append(head, b...), total)
}
