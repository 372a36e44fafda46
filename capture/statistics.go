package capture

import "io"

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
	const received, dropped = 4, 5
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
			case code == received:
				s.Received += r.order.Uint64(value)
			case code == dropped:
				s.Dropped += r.order.Uint64(value)
			}
			return nil
		})
		complete = err == nil
	}
}
