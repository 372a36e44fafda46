package wire

import (
	"encoding/binary"
	"errors"
)

// fragmentLen is the length of the fields between generic header and IV of an Encrypted Fragment payload.
const fragmentLen = 4

var errFragmentNumber = errors.New("fragment number out of range")

// EncryptedFragment is an Encrypted Fragment payload as it is on the wire (RFC 7383, Section 2.5):
//
//	| fragment number (2) | total fragments (2) | IV | encrypted content, padding, pad length | ICV |
type EncryptedFragment struct {
	First         PayloadType // of the payloads inside, in fragment number 1; PayloadNone in all others
	Number, Total uint16      // 1 <= Number <= Total
	Body          []byte      // from the IV on
}

// Type returns PayloadSKF.
func (*EncryptedFragment) Type() PayloadType { return PayloadSKF }

func parseEncryptedFragment(first PayloadType, b []byte) (*EncryptedFragment, error) {
	if len(b) < fragmentLen {
		return nil, errShort
	}
	e := &EncryptedFragment{
		First:  first,
		Number: binary.BigEndian.Uint16(b),
		Total:  binary.BigEndian.Uint16(b[2:]),
		Body:   b[fragmentLen:],
	}
	if e.Number == 0 || e.Number > e.Total {
		return nil, errFragmentNumber
	}
	return e, nil
}

func (e *EncryptedFragment) appendBody(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, e.Number)
	b = binary.BigEndian.AppendUint16(b, e.Total)
	return append(b, e.Body...)
}
