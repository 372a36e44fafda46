package capture

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// A pcap is a file of the older kind, whose packets are all of one link type (draft-ietf-opsawg-pcap, Sections 4 and 5):
//
//	| magic (4) | major (2) | minor (2) | reserved (8) | snapshot length (4) | link type (4) |
//	| seconds (4) | fraction (4) | captured length (4) | original length (4) | data |  ...
type pcap struct {
	*tape
	order binary.ByteOrder
	unit  time.Duration // of fractions
	link  layers.LinkType
}

// Octets of the headers of a file and of a packet.
const (
	pcapHeader   = 24
	recordHeader = 16
)

// openPcap reads the head of a file; errNoCapture if it is another kind of file.
func openPcap(t *tape) (*pcap, error) {
	var head [pcapHeader]byte
	if err := t.read(head[:]); err != nil {
		return nil, errNoCapture
	}
	p := &pcap{tape: t}
	for _, p.order = range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch p.order.Uint32(head[:]) {
		case 0xa1b2c3d4:
			p.unit = time.Microsecond
		case 0xa1b23c4d:
			p.unit = time.Nanosecond
		default:
			continue
		}
		if major := p.order.Uint16(head[4:]); major != 2 {
			return nil, fmt.Errorf("version %d of pcap, which is not known", major)
		}
		const type16 = 0xffff // what is above has other uses
		p.link = layers.LinkType(p.order.Uint32(head[20:]) & type16)
		return p, nil
	}
	return nil, errNoCapture
}

// next returns the next packet. It passes over those that are larger than any of IP.
func (p *pcap) next() (*frame, error) {
	for {
		var head [recordHeader]byte
		at := p.offset
		if err := p.begin(head[:]); err != nil {
			return nil, (&CutError{"packet", at, recordHeader}).or(err)
		}
		field := func(i int) uint32 { return p.order.Uint32(head[4*i:]) }
		kept, length := field(2), field(3)
		if kept > length {
			return nil, fmt.Errorf("the packet at offset %d has %d octets of %d: the file is damaged", at, kept, length)
		}
		data, err := p.take(int64(kept), maxRecord)
		if err != nil {
			return nil, (&CutError{"packet", at, recordHeader + int64(kept)}).or(err)
		}
		if data != nil {
			return &frame{data, time.Unix(int64(field(0)), int64(field(1))*int64(p.unit)).UTC(), kept == length, p.link}, nil
		}
	}
}
