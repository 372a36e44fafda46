package wire

import "encoding/binary"

// KE is a Key Exchange payload (RFC 7296, Section 3.4):
//
//	| key exchange method (2) | RESERVED (2) | data ... |
type KE struct {
	Method TransformID // of transform type KE
	Data   []byte      // public value or ciphertext; its length is for the method to judge
}

// Type returns PayloadKE.
func (*KE) Type() PayloadType { return PayloadKE }

func parseKE(b []byte) (*KE, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	return &KE{Method: TransformID(binary.BigEndian.Uint16(b)), Data: b[4:]}, nil
}

func (k *KE) appendBody(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(k.Method))
	return append(append(b, 0, 0), k.Data...)
}
