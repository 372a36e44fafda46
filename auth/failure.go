package auth

import "culvert/explain"

// A Failure says why an authentication did not succeed. It is for our own people and is never sent: the peer is told
// AUTHENTICATION_FAILED (RFC 7296, Section 2.21.2).
type Failure struct {
	Code   explain.Code
	Cause  string // what is wrong, with the values of both sides
	Action string // what to do about it
	Err    error  // the error underneath, or nil
}

// Error returns cause and action in one sentence.
func (f *Failure) Error() string {
	if f.Action == "" {
		return f.Cause
	}
	return f.Cause + ": " + f.Action
}

// Unwrap returns the error underneath.
func (f *Failure) Unwrap() error { return f.Err }

// A Warning is a state that works but that somebody should change.
type Warning struct {
	Code explain.Code
	Text string // cause and next action
}
