package peap

import (
	"encoding/binary"
	"errors"
	"fmt"

	"culvert/eap"
)

// The types of TLVs in a packet of the Extensions method ([MS-PEAP], Section 2.2.8.1).
const (
	tlvResult  = 3
	tlvBinding = 12
)

// The values of the Result TLV.
const (
	resultSuccess = 1
	resultFailure = 2
)

const (
	tlvHeader     = 4
	flagMandatory = 0x8000
	tlvTypeMask   = 0x3fff
)

// errTLV is the reason why TLVs are not what they should be.
var errTLV = errors.New("peap: TLVs")

// extensions is what a packet of the Extensions method holds:
//
//	| M R type (14) | length (2) | value ... | ...
type extensions struct {
	result  uint16   // 0: none
	binding *binding // nil: none
}

// parseExtensions reads the type-data of the method. TLVs that are unknown are passed over unless they are mandatory.
func parseExtensions(b []byte) (extensions, error) {
	var e extensions
	for len(b) > 0 {
		if len(b) < tlvHeader {
			return e, fmt.Errorf("%w: %d octets at the end", errTLV, len(b))
		}
		kind, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b)-tlvHeader {
			return e, fmt.Errorf("%w: a length of %d in %d octets", errTLV, n, len(b)-tlvHeader)
		}
		if err := e.take(kind, b[:tlvHeader+n]); err != nil {
			return e, err
		}
		b = b[tlvHeader+n:]
	}
	return e, nil
}

// take notes one TLV, which may come once.
func (e *extensions) take(kind uint16, tlv []byte) error {
	value := tlv[tlvHeader:]
	switch kind & tlvTypeMask {
	case tlvResult:
		if len(value) != 2 || e.result != 0 {
			return fmt.Errorf("%w: a result of %d octets, or a second one", errTLV, len(value))
		}
		e.result = binary.BigEndian.Uint16(value)
	case tlvBinding:
		if len(value) != bindingLen || e.binding != nil {
			return fmt.Errorf("%w: a crypto binding of %d octets, or a second one", errTLV, len(value))
		}
		e.binding = parseBinding(tlv)
	default:
		if kind&flagMandatory != 0 {
			return fmt.Errorf("%w: type %d is mandatory and not known", errTLV, kind&tlvTypeMask)
		}
	}
	return nil
}

// packet returns the whole packet of the method.
func (e extensions) packet(code eap.Code, identifier uint8) []byte {
	data := binary.BigEndian.AppendUint16(nil, flagMandatory|tlvResult)
	data = binary.BigEndian.AppendUint16(data, 2)
	data = binary.BigEndian.AppendUint16(data, e.result)
	if e.binding != nil {
		data = append(data, e.binding.tlv...)
	}
	return eap.Packet{Code: code, Identifier: identifier, Type: eap.TypeExtensions, Data: data}.Encode()
}
