package capture

import (
	"errors"
	"fmt"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// Options of interfaces (draft-ietf-opsawg-pcapng, Section 4.2).
const (
	optionEnd        = 0
	optionResolution = 9
	optionOffset     = 14
)

// addLink reads an Interface Description Block: | link type (2) | reserved (2) | snapshot length (4) | options ...
func (r *pcapng) addLink(b []byte) error {
	if len(b) < 8 {
		return errShortBlock
	}
	if len(r.links) >= maxLinks {
		return fmt.Errorf("there are more than %d interfaces", maxLinks)
	}
	l := link{kind: layers.LinkType(r.order.Uint16(b)), snap: r.order.Uint32(b[4:]), second: 1_000_000}
	err := r.options(b[8:], func(code uint16, value []byte) (err error) {
		switch {
		case code == optionResolution && len(value) == 1:
			l.second, err = ticks(value[0])
		case code == optionOffset && len(value) == 8:
			l.epoch = int64(r.order.Uint64(value))
		}
		return err
	})
	r.links = append(r.links, l)
	return err
}

// options calls each with the options of a block (Section 3.5): | code (2) | length (2) | value, padded to 4 | ...
func (r *blockReader) options(b []byte, each func(code uint16, value []byte) error) error {
	for len(b) >= 4 {
		code, n := r.order.Uint16(b), int(r.order.Uint16(b[2:]))
		padded := (n + 3) &^ 3
		if code == optionEnd {
			return nil
		}
		if padded > len(b)-4 {
			return errors.New("its options are longer than it is")
		}
		if err := each(code, b[4:][:n]); err != nil {
			return err
		}
		b = b[4+padded:]
	}
	return nil
}

// ticks are those of a second: a power of 10, or of 2 if the first bit is set.
func ticks(resolution byte) (uint64, error) {
	exponent := int(resolution & 0x7f)
	if resolution&0x80 != 0 && exponent <= 63 {
		return 1 << exponent, nil
	}
	if resolution&0x80 != 0 || exponent > 19 {
		return 0, fmt.Errorf("its resolution of time, %#02x, is finer than any clock", resolution)
	}
	n := uint64(1)
	for range exponent {
		n *= 10
	}
	return n, nil
}

// time is that of a packet.
func (l *link) time(ticks uint64) time.Time {
	rest := float64(ticks%l.second) / float64(l.second)
	if l.second <= uint64(time.Second) {
		return time.Unix(int64(ticks/l.second)+l.epoch, int64(ticks%l.second*uint64(time.Second)/l.second)).UTC()
	}
	return time.Unix(int64(ticks/l.second)+l.epoch, int64(rest*float64(time.Second))).UTC()
}
