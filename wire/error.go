package wire

import (
	"errors"
	"fmt"
)

// An Error says what is wrong with a message.
//
// Notify is what the peer may be told, NotifyNone when it must be told nothing; Err is for the local log and never sent.
// Whether to tell is the caller's decision: before the integrity check nothing in a message can be trusted, so an error
// that is not Authentic is answered, if at all, outside of any IKE SA (RFC 7296, Section 2.21).
type Error struct {
	Notify    NotifyType
	Payload   PayloadType // payload at fault, PayloadNone for the message as a whole
	Offset    int         // octets before that payload, counted from the header or, if Authentic, within the plaintext
	Authentic bool        // the octets at fault passed the integrity check
	Err       error
}

// Error names the payload, its place and the cause.
func (e *Error) Error() string {
	if e.Payload == PayloadNone {
		return "IKE message: " + e.Err.Error()
	}
	return fmt.Sprintf("%v payload at octet %d: %v", e.Payload, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Causes that several parsers share.
var (
	errShort  = errors.New("too short")
	errLength = errors.New("length does not match content")
)
