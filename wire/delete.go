package wire

import (
	"encoding/binary"
	"errors"
)

var errDeleteSPI = errors.New("SPI size does not fit the protocol")

// Delete is a Delete payload (RFC 7296, Section 3.11):
//
//	| protocol (1) | SPI size (1) | number of SPIs (2) | SPIs ... |
type Delete struct {
	Protocol ProtocolID
	SPIs     []uint32 // the sender's inbound SPIs; none for ProtocolIKE, where the message's own SA is meant
}

// Type returns PayloadDelete.
func (*Delete) Type() PayloadType { return PayloadDelete }

func parseDelete(b []byte) (*Delete, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	d := &Delete{Protocol: ProtocolID(b[0])}
	size, count, spis := int(b[1]), int(binary.BigEndian.Uint16(b[2:])), b[4:]
	if !deleteSPIFits(d.Protocol, size, count) {
		return nil, errDeleteSPI
	}
	switch {
	case len(spis) < size*count:
		return nil, errShort
	case len(spis) > size*count:
		return nil, errLength
	case count == 0:
		return d, nil
	}
	d.SPIs = make([]uint32, count)
	for i := range d.SPIs {
		d.SPIs[i] = binary.BigEndian.Uint32(spis[4*i:])
	}
	return d, nil
}

// deleteSPIFits holds the SPI size and count against the protocol: an IKE SA is deleted without SPI, others have SPIs of
// four octets, where a payload that lists none may leave the size at zero.
func deleteSPIFits(p ProtocolID, size, count int) bool {
	if p == ProtocolIKE {
		return size == 0 && count == 0
	}
	return size == 4 || size == 0 && count == 0
}

func (d *Delete) appendBody(b []byte) []byte {
	size := byte(4)
	if d.Protocol == ProtocolIKE {
		size = 0
	}
	b = append(b, byte(d.Protocol), size)
	b = binary.BigEndian.AppendUint16(b, uint16(len(d.SPIs)))
	for _, spi := range d.SPIs {
		b = binary.BigEndian.AppendUint32(b, spi)
	}
	return b
}
