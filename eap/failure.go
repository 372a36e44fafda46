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

// Missing is the Failure of an account that does not have what a method needs.
func Missing(identity, what string) *Failure {
	return &Failure{Code: explain.EAPCredential, Cause: fmt.Sprintf("the account of %q does not have %s", identity, what),
		Action: "store it, or allow a method that works with what is stored"}
}

// WrongPassword is the Failure of a client that did not prove the password of its account.
func WrongPassword(identity string) *Failure {
	return &Failure{Code: explain.EAPPassword, Cause: fmt.Sprintf("%q has another password", identity), Action: "correct the password on the client"}
}

// PasswordExpired is the Failure of an account whose password was right, but is past its end.
func PasswordExpired(identity string) *Failure {
	return &Failure{Code: explain.EAPExpired, Cause: fmt.Sprintf("the password of %q has expired", identity),
		Action: "change the password where the accounts are kept"}
}
