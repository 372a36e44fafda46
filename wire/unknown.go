package wire

// Unknown is a payload of a type that this package does not decode, including those named but not part of RFC 7296 or
// RFC 7383. The receiver ignores it (RFC 7296, Section 2.5).
type Unknown struct {
	PayloadType PayloadType
	Critical    bool // only ever true in a payload to be sent: parsing refuses it
	Data        []byte
}

// Type returns the payload's type.
func (u *Unknown) Type() PayloadType { return u.PayloadType }

func parseUnknown(l link) (*Unknown, error) {
	if l.critical {
		return nil, errCritical
	}
	return &Unknown{PayloadType: l.kind, Data: l.body}, nil
}

func (u *Unknown) appendBody(b []byte) []byte { return append(b, u.Data...) }
