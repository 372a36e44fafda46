package wire

// A Payload is one payload of a message: *SA, *KE, *Identification, *Cert, *CertReq, *Auth, *Nonce, *Notify, *Delete,
// *VendorID, *TS, *Encrypted, *Configuration, *EAP, *EncryptedFragment or *Unknown.
//
// Octet slices in a parsed payload alias the buffer it was parsed from; those in a payload to be sent are copied when it
// is appended.
type Payload interface {
	// Type returns the number under which the payload appears in a message.
	Type() PayloadType
	// appendBody appends the payload without its generic header.
	appendBody(b []byte) []byte
}

// AppendPayload appends the body of p, that is the payload without its generic header, as the signed octets of AUTH need
// it of the ID payloads (RFC 7296, Section 2.15).
func AppendPayload(b []byte, p Payload) []byte { return p.appendBody(b) }

// Find returns the first payload of type T.
func Find[T Payload](payloads []Payload) (T, bool) {
	for _, p := range payloads {
		if found, ok := p.(T); ok {
			return found, true
		}
	}
	var none T
	return none, false
}

// FindNotify returns the first notification of type t.
func FindNotify(payloads []Payload, t NotifyType) (*Notify, bool) {
	for _, p := range payloads {
		if n, ok := p.(*Notify); ok && n.NotifyType == t {
			return n, true
		}
	}
	return nil, false
}
