package ike

import (
	"fmt"

	"culvert/explain"
	"culvert/wire"
)

// A Failure says why something did not work, for people: one sentence with cause, both sides' values and next action.
// None of it is sent to the peer but Notify (RFC 7296, Section 2.21).
type Failure struct {
	Code   explain.Code
	Notify wire.NotifyType // what the peer is told or told us; 0 is nothing
	Data   []byte          // data of the notify: an offered group, an unsupported payload type
	Fatal  bool            // the IKE SA ends
	Err    error
}

func (f *Failure) Error() string {
	if f.Notify == 0 {
		return fmt.Sprintf("%s: %v", f.Code, f.Err)
	}
	return fmt.Sprintf("%s: %v (%v)", f.Code, f.Err, f.Notify)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }
