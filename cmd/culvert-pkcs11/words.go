//go:build cgo

package main

import (
	"errors"

	"github.com/miekg/pkcs11"

	"culvert/keystore/token"
)

// A failed is an error for the daemon, with the module's own code.
type failed struct {
	told *token.Error
	code error
}

func (f *failed) Unwrap() []error { return []error{f.told, f.code} }

func (f *failed) Error() string { return f.told.Text }

// inWords says what the code of a module means.
func inWords(err error) (token.Failure, string) {
	var code pkcs11.Error
	if !errors.As(err, &code) {
		return "", err.Error()
	}
	failure, text := token.Failure(""), ""
	switch code {
	case pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE:
		failure, text = token.Refused, "the PIN is wrong"
	case pkcs11.CKR_PIN_LOCKED:
		failure, text = token.Refused, "the PIN is locked, as after too many wrong ones: the token's maker has a way to unlock it"
	case pkcs11.CKR_PIN_EXPIRED:
		failure, text = token.Refused, "the PIN has expired and has to be changed"
	case pkcs11.CKR_USER_PIN_NOT_INITIALIZED:
		failure, text = token.Refused, "the token has no user PIN yet"
	case pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_SLOT_ID_INVALID, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED:
		text = "the token was taken out"
	case pkcs11.CKR_TOKEN_NOT_RECOGNIZED:
		text = "the module does not know this kind of token"
	case pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_DEVICE_MEMORY:
		text = "the token or its reader is broken"
	case pkcs11.CKR_MECHANISM_INVALID, pkcs11.CKR_MECHANISM_PARAM_INVALID:
		text = "it cannot sign in this way"
	case pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED, pkcs11.CKR_KEY_TYPE_INCONSISTENT:
		text = "the key is not for signing"
	default:
		return "", code.Error()
	}
	return failure, text + " (" + code.Error() + ")"
}

// isGone tells whether a session or key is not there any more that was.
func isGone(err error) bool {
	var code pkcs11.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_OBJECT_HANDLE_INVALID, pkcs11.CKR_KEY_HANDLE_INVALID,
		pkcs11.CKR_USER_NOT_LOGGED_IN, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_SLOT_ID_INVALID:
		return true
	}
	return false
}
