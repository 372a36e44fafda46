package wire

import "encoding/binary"

// EAP is an Extensible Authentication payload (RFC 7296, Section 3.16):
//
//	| code (1) | identifier (1) | length (2) | type and type data ... |
type EAP struct {
	Data []byte // the whole EAP message, its length field checked
}

// Type returns PayloadEAP.
func (*EAP) Type() PayloadType { return PayloadEAP }

func parseEAP(b []byte) (*EAP, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	if int(binary.BigEndian.Uint16(b[2:])) != len(b) {
		return nil, errLength
	}
	return &EAP{Data: b}, nil
}

func (e *EAP) appendBody(b []byte) []byte { return append(b, e.Data...) }
