// Package offload does in user space what network cards do for the kernel: it cuts super-packets of TCP and UDP into
// packets that fit a link (TSO, USO), joins packets into super-packets (GRO), and computes their checksums. Super-packets
// travel over a TUN device behind a virtio-net header (Virtual I/O Device Version 1.1, Section 5.1.6).
//
// Everything is pure and allocates nothing per packet.
package offload

import (
	"encoding/binary"
	"errors"
)

// ErrHeader means that a virtio-net header does not fit its packet.
var ErrHeader = errors.New("offload: virtio-net header does not fit the packet")

// HeaderLen is the length of a Header on the device.
const HeaderLen = 10

// needsChecksum is the flag of a Header whose packet holds the sum of the pseudo header in place of its checksum.
const needsChecksum = 1

// Kinds of super-packets.
const (
	gsoNone  = 0
	gsoTCP4  = 1
	gsoTCP6  = 4
	gsoUDP   = 5    // VIRTIO_NET_HDR_GSO_UDP_L4
	gsoECN   = 0x80 // TCP with ECN: CWR belongs to the first packet only
	maxTotal = 65535
)

// A Header is struct virtio_net_hdr, in the byte order of the host:
//
//	| flags (1) | gso_type (1) | hdr_len (2) | gso_size (2) | csum_start (2) | csum_offset (2) |
type Header struct {
	Flags, Type    uint8
	HeaderLength   uint16
	Size           uint16 // of the payload of each packet, but the last, which may have less
	ChecksumStart  uint16
	ChecksumOffset uint16 // from ChecksumStart
}

// ParseHeader reads the header before a packet and returns the packet behind it.
func ParseHeader(b []byte) (Header, []byte, error) {
	if len(b) < HeaderLen {
		return Header{}, nil, ErrHeader
	}
	return Header{
		Flags: b[0], Type: b[1],
		HeaderLength:   binary.NativeEndian.Uint16(b[2:]),
		Size:           binary.NativeEndian.Uint16(b[4:]),
		ChecksumStart:  binary.NativeEndian.Uint16(b[6:]),
		ChecksumOffset: binary.NativeEndian.Uint16(b[8:]),
	}, b[HeaderLen:], nil
}

// Put writes the header to b.
func (h Header) Put(b *[HeaderLen]byte) {
	b[0], b[1] = h.Flags, h.Type
	binary.NativeEndian.PutUint16(b[2:], h.HeaderLength)
	binary.NativeEndian.PutUint16(b[4:], h.Size)
	binary.NativeEndian.PutUint16(b[6:], h.ChecksumStart)
	binary.NativeEndian.PutUint16(b[8:], h.ChecksumOffset)
}
