package capture

import (
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// maxRecord is how many octets a packet may have.
const maxRecord = 256 << 10

// recorded is one packet of a file, from its IP header on.
type recorded struct {
	ip    gopacket.Packet
	at    time.Time
	whole bool // it was not cut
}

// A frame is one packet of a file as it was captured.
type frame struct {
	data  []byte
	at    time.Time
	whole bool
	link  layers.LinkType
}

// A source reads frames of a file, pcap or pcapng. The end is io.EOF, or a CutError.
type source interface{ next() (*frame, error) }

// errNoCapture means that a file is neither pcap nor pcapng.
var errNoCapture = errors.New("neither pcap nor pcapng")

// A reader gives the IP packets of a file.
type reader struct{ source }

// openFile finds out what a file is. It may be compressed with gzip.
func openFile(r io.Reader) (*reader, error) {
	t := newTape(r)
	if magic, err := t.r.Peek(2); err == nil && string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(t.r)
		if err != nil {
			return nil, err
		}
		t = newTape(z)
	}
	magic, err := t.r.Peek(4)
	if err != nil {
		return nil, errNoCapture
	}
	if binary.BigEndian.Uint32(magic) == blockSection {
		return &reader{openPcapng(t)}, nil
	}
	old, err := openPcap(t)
	if err != nil {
		return nil, err
	}
	return &reader{old}, nil
}

// next returns the next IP packet. It passes over what is none.
func (r *reader) next() (*recorded, error) {
	for {
		f, err := r.source.next()
		if err != nil {
			return nil, err
		}
		if ip := networkPacket(f.data, f.link); ip != nil {
			return &recorded{ip: ip, at: f.at, whole: f.whole}, nil
		}
	}
}

// networkPacket decodes a packet from its IP header on; nil if it has none. Only the layers below ESP and IKE are looked at.
func networkPacket(data []byte, link layers.LinkType) gopacket.Packet {
	options := gopacket.DecodeOptions{Lazy: true, NoCopy: true}
	var first gopacket.Decoder = link
	if link == layers.LinkTypeRaw || link == layers.LinkTypeIPv4 || link == layers.LinkTypeIPv6 || link == 12 { // 12 is raw IP as BSD numbers it
		if len(data) == 0 {
			return nil
		}
		if first = layers.LayerTypeIPv4; data[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
	}
	p := gopacket.NewPacket(data, first, options)
	if p.NetworkLayer() == nil {
		return nil
	}
	return p
}
