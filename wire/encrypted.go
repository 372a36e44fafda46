package wire

// Encrypted is an Encrypted payload as it is on the wire (RFC 7296, Section 3.14):
//
//	| IV | encrypted payloads, padding, pad length | ICV |
//
// Open returns what is inside; Seal makes a message of it.
type Encrypted struct {
	First PayloadType // of the payloads inside, PayloadNone when there are none
	Body  []byte
}

// Type returns PayloadSK.
func (*Encrypted) Type() PayloadType { return PayloadSK }

func (e *Encrypted) appendBody(b []byte) []byte { return append(b, e.Body...) }
