package wire

import "errors"

// Lengths of a nonce in octets (RFC 7296, Section 3.9).
const (
	MinNonceLen = 16
	MaxNonceLen = 256
)

var errNonce = errors.New("nonce longer than 256 octets")

// Nonce is a Nonce payload, Ni in a request and Nr in a response (RFC 7296, Section 3.9).
type Nonce struct {
	Data []byte // MinNonceLen to MaxNonceLen octets
}

// Type returns PayloadNonce.
func (*Nonce) Type() PayloadType { return PayloadNonce }

func parseNonce(b []byte) (*Nonce, error) {
	switch {
	case len(b) < MinNonceLen:
		return nil, errShort
	case len(b) > MaxNonceLen:
		return nil, errNonce
	}
	return &Nonce{Data: b}, nil
}

func (n *Nonce) appendBody(b []byte) []byte { return append(b, n.Data...) }
