package wire

// Identification is an IDi or IDr payload (RFC 7296, Section 3.5):
//
//	| ID type (1) | RESERVED (3) | data ... |
type Identification struct {
	Payload  PayloadType // PayloadIDi or PayloadIDr
	IDType   IDType
	Reserved [3]byte // zero in what we send; kept, because AUTH covers what was sent (RFC 7296, Section 2.15)
	Data     []byte  // not checked against the type; any length, also none
}

// Type returns PayloadIDi or PayloadIDr.
func (id *Identification) Type() PayloadType { return id.Payload }

func parseIdentification(kind PayloadType, b []byte) (*Identification, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	return &Identification{Payload: kind, IDType: IDType(b[0]), Reserved: [3]byte(b[1:4]), Data: b[4:]}, nil
}

func (id *Identification) appendBody(b []byte) []byte {
	b = append(append(b, byte(id.IDType)), id.Reserved[:]...)
	return append(b, id.Data...)
}
