package wire

import (
	"encoding/binary"
	"errors"
)

var errNotifySPI = errors.New("SPI size does not fit the protocol")

// Notify is a Notify payload (RFC 7296, Section 3.10):
//
//	| protocol (1) | SPI size (1) | type (2) | SPI (SPI size) | data ... |
type Notify struct {
	Protocol   ProtocolID // of no meaning when SPI is empty
	SPI        []byte     // 4 octets for AH and ESP
	NotifyType NotifyType
	Data       []byte
}

// Type returns PayloadNotify.
func (*Notify) Type() PayloadType { return PayloadNotify }

func parseNotify(b []byte) (*Notify, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	n := &Notify{Protocol: ProtocolID(b[0]), NotifyType: NotifyType(binary.BigEndian.Uint16(b[2:]))}
	spiSize := int(b[1])
	if len(b) < 4+spiSize {
		return nil, errShort
	}
	if !notifySPIFits(n.Protocol, spiSize) {
		return nil, errNotifySPI
	}
	if spiSize > 0 {
		n.SPI = b[4 : 4+spiSize : 4+spiSize]
	}
	n.Data = b[4+spiSize:]
	return n, nil
}

// notifySPIFits holds a SPI size against the protocol. A notification without SPI may name any protocol, one about the IKE
// SA has none (RFC 7296, Section 3.10); what protocols of later documents have is theirs to check.
func notifySPIFits(p ProtocolID, size int) bool {
	switch {
	case size == 0:
		return true
	case p == ProtocolIKE:
		return false
	case p == ProtocolAH, p == ProtocolESP:
		return size == 4
	}
	return true
}

func (n *Notify) appendBody(b []byte) []byte {
	b = append(b, byte(n.Protocol), byte(len(n.SPI)))
	b = binary.BigEndian.AppendUint16(b, uint16(n.NotifyType))
	return append(append(b, n.SPI...), n.Data...)
}
