package eap

import (
	"errors"
	"fmt"

	"culvert/explain"
)

// A Failure says why a conversation did not succeed. It is for our own people and is never sent: the other side gets EAP-Failure
// or what the method has for it.
type Failure struct {
	Code   explain.Code
	Cause  string // what is wrong, with the values of both sides
	Action string // what to do about it
	Err    error  // the error underneath, or nil
}

// Error returns cause and action in one sentence.
func (f *Failure) Error() string { return f.Cause + ": " + f.Action }

// Unwrap returns the error underneath.
func (f *Failure) Unwrap() error { return f.Err }

// AsFailure returns err as a Failure; one without a code of its own is of the method.
func AsFailure(t Type, err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Code: explain.EAPMethod, Cause: fmt.Sprintf("%v ended: %v", t, err),
		Action: "look at the log of the other side", Err: err}
}
