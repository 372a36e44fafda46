package capture

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"culvert/keylog"
)

// Bounds of what is read.
const (
	maxRecord  = 256 << 10 // octets of a packet
	maxSecrets = 64 << 20  // octets of keys in a file
)

// recorded is one packet of a file, from its IP header on.
type recorded struct {
	ip    gopacket.Packet
	at    time.Time
	whole bool // it was not cut
}

// source reads packets of a file, pcap or pcapng.
type source interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// errNoCapture means that a file is neither pcap nor pcapng.
var errNoCapture = errors.New("neither pcap nor pcapng")

// A reader gives the IP packets of a file.
type reader struct {
	source
	link func(gopacket.CaptureInfo) layers.LinkType
}

// openFile finds out what a file is.
func openFile(r io.Reader) (*reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	magic, err := buffered.Peek(4)
	if err != nil {
		return nil, errNoCapture
	}
	if binary.BigEndian.Uint32(magic) == 0x0a0d0d0a {
		ng, err := pcapgo.NewNgReader(buffered, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, err
		}
		return &reader{ng, func(ci gopacket.CaptureInfo) layers.LinkType {
			i, err := ng.Interface(ci.InterfaceIndex)
			if err != nil {
				return ng.LinkType()
			}
			return i.LinkType
		}}, nil
	}
	old, err := pcapgo.NewReader(buffered)
	if err != nil {
		return nil, errors.Join(errNoCapture, err)
	}
	return &reader{old, func(gopacket.CaptureInfo) layers.LinkType { return old.LinkType() }}, nil
}

// next returns the next IP packet. It passes over what is none, or larger than a packet can be.
func (r *reader) next() (*recorded, error) {
	for {
		data, info, err := r.ReadPacketData()
		if err != nil {
			return nil, err
		}
		if len(data) > maxRecord {
			continue
		}
		if ip := networkPacket(data, r.link(info)); ip != nil {
			return &recorded{ip: ip, at: info.Timestamp, whole: info.CaptureLength == info.Length}, nil
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

// ReadSecrets takes the keys that a pcapng file has in itself into a ring. A file of another kind has none.
func ReadSecrets(file io.Reader, ring *keylog.Ring) error {
	r := bufio.NewReaderSize(file, 64<<10)
	var order binary.ByteOrder = binary.LittleEndian
	for total := 0; ; {
		var head [12]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil // the end
		}
		kind := order.Uint32(head[:4])
		if binary.BigEndian.Uint32(head[:4]) == 0x0a0d0d0a {
			if order = binary.LittleEndian; binary.BigEndian.Uint32(head[8:]) == 0x1a2b3c4d {
				order = binary.BigEndian
			}
			kind = 0
		}
		length := int64(order.Uint32(head[4:8]))
		if length < 12 || length%4 != 0 {
			return nil // no pcapng, or broken: whoever reads the packets says so
		}
		if kind != secretsBlock || order.Uint32(head[8:]) != secretsType {
			if _, err := io.CopyN(io.Discard, r, length-12); err != nil {
				return nil
			}
			continue
		}
		if total += int(length); total > maxSecrets {
			return keylog.ErrTooMany
		}
		if err := readSecretsBlock(r, order, length-12, ring); err != nil {
			return err
		}
	}
}

// readSecretsBlock reads a block of keys behind its type.
func readSecretsBlock(r io.Reader, order binary.ByteOrder, rest int64, ring *keylog.Ring) error {
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, rest); err != nil {
		return io.ErrUnexpectedEOF
	}
	b := body.Bytes()
	if len(b) < 8 || int64(order.Uint32(b)) > int64(len(b)-8) {
		return errors.New("a block of keys is shorter than it says")
	}
	return ring.Read(keylog.TableAll, bytes.NewReader(b[4:4+order.Uint32(b)]))
}
