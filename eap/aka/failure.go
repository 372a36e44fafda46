package aka

import (
	"fmt"

	"culvert/eap"
	"culvert/explain"
)

// Codes of AT_NOTIFICATION (RFC 4187, Section 10.19).
const (
	notifyFailureAfter  uint16 = 0     // general failure after authentication
	notifyDenied        uint16 = 1026  // temporarily denied access
	notifyNotSubscribed uint16 = 1031  // has not subscribed to the service
	notifyFailure       uint16 = 16384 // general failure
	notifySuccess       uint16 = 32768

	successBit uint16 = 0x8000
	phaseBit   uint16 = 0x4000 // the challenge has not been answered well
)

func failure(code explain.Code, action, format string, args ...any) *eap.Failure {
	return &eap.Failure{Code: code, Cause: fmt.Sprintf(format, args...), Action: action}
}

func malformed(err error) *eap.Failure {
	return &eap.Failure{Code: explain.EAPMalformed, Cause: "a packet of EAP-AKA cannot be read", Action: "look at the software of the other side", Err: err}
}

func outOfOrder(s subtype) *eap.Failure {
	return failure(explain.EAPProtocol, "look at the software of the other side", "subtype %d of EAP-AKA came out of order", s)
}

// rejected is what a server's notification of failure means.
func rejected(code uint16) *eap.Failure {
	reason := "no reason"
	switch code {
	case notifyDenied:
		reason = "temporarily no access"
	case notifyNotSubscribed:
		reason = "no subscription to the service"
	case notifyFailureAfter:
		reason = "a failure after the authentication"
	case notifyFailure:
		reason = "a failure"
	}
	return failure(explain.EAPRejected, "look at the log of the server", "the server notifies code %d: %s", code, reason)
}
