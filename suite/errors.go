package suite

import (
	"errors"
	"fmt"

	"culvert/wire"
)

// ErrAuthentication means that a packet or message did not carry the ICV its key demands, or is too short to carry one.
// The caller drops it and counts it; nothing of its content was used.
var ErrAuthentication = errors.New("integrity check failed")

// ErrTruncation is an ErrAuthentication of which more is known: the ICV is right, but cut to another length than ours. One side
// has [ESP.AsDraft], the other has not.
var ErrTruncation = fmt.Errorf("%w: the ICV of HMAC-SHA-256 is cut to another length", ErrAuthentication)

// ErrPadding means that authenticated content ends in a pad length that exceeds it: the peer itself built it wrongly.
var ErrPadding = errors.New("pad length exceeds the content")

// An UnsupportedError names a transform that this package cannot carry out, or not with this key length.
type UnsupportedError struct {
	Transform wire.Transform
}

// Error says what is wrong.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s is not supported", TransformName(e.Transform))
}

// A KeyLengthError means that a key does not have the length its transform demands. Lengths are in octets.
type KeyLengthError struct {
	Transform wire.Transform
	Got, Want int
}

// Error says what is wrong.
func (e *KeyLengthError) Error() string {
	return fmt.Sprintf("key of %d octets for %s, which takes %d", e.Got, TransformName(e.Transform), e.Want)
}

// checkKey returns a *KeyLengthError unless key has the octets that t takes.
func checkKey(t wire.Transform, key []byte, want int) error {
	if len(key) != want {
		return &KeyLengthError{Transform: t, Got: len(key), Want: want}
	}
	return nil
}
