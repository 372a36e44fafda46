package wire

// Auth is an Authentication payload (RFC 7296, Section 3.8):
//
//	| method (1) | RESERVED (3) | data ... |
type Auth struct {
	Method AuthMethod
	Data   []byte
}

// Type returns PayloadAuth.
func (*Auth) Type() PayloadType { return PayloadAuth }

func parseAuth(b []byte) (*Auth, error) {
	if len(b) < 4 {
		return nil, errShort
	}
	return &Auth{Method: AuthMethod(b[0]), Data: b[4:]}, nil
}

func (a *Auth) appendBody(b []byte) []byte {
	return append(append(b, byte(a.Method), 0, 0, 0), a.Data...)
}
