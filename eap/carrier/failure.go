package carrier

import (
	"errors"
	"fmt"
	"io"
	"net"

	"culvert/eap"
	"culvert/explain"
)

// errEnded is the reason why a run goes no further: it has ended or was closed.
var errEnded = errors.New("the conversation has ended")

// failure says for people why a run has failed. What has a code already, as what a Verifier says, keeps it.
func failure(typ eap.Type, err error) *eap.Failure {
	var known *eap.Failure
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, ErrFraming):
		return &eap.Failure{Code: explain.EAPProtocol, Cause: fmt.Sprintf("the other side breaks the rules of %v: %v", typ, err),
			Action: "have the other side's software looked at; nothing here lets it pass", Err: err}
	case isAlert(err):
		return &eap.Failure{Code: explain.EAPTLSAlert, Cause: fmt.Sprintf("the other side of %v ends the TLS handshake with the alert %q", typ, alertText(err)),
			Action: "look at the log of the other side: it has refused our certificate, its issuer, or the TLS version", Err: err}
	case errors.Is(err, io.EOF), errors.Is(err, errEnded), errors.Is(err, net.ErrClosed):
		return &eap.Failure{Code: explain.EAPMethod, Cause: fmt.Sprintf("%v ended before it was done", typ),
			Action: "look at the log of the other side", Err: err}
	}
	return &eap.Failure{Code: explain.EAPTLSHandshake, Cause: fmt.Sprintf("the TLS handshake of %v does not succeed: %v", typ, err),
		Action: "compare TLS versions, cipher suites and certificate types of both sides", Err: err}
}

// isAlert reports whether an error is an alert that the other side sent.
func isAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}

// alertText returns the name of an alert.
func alertText(err error) string {
	op, _ := errors.AsType[*net.OpError](err)
	return op.Err.Error()
}

// noExtendedMasterSecret is the failure of a TLS 1.2 session whose keys are not tied to it (RFC 7627).
func noExtendedMasterSecret(typ eap.Type, err error) *eap.Failure {
	return &eap.Failure{Code: explain.EAPTLSUnbound, Cause: fmt.Sprintf("the other side of %v speaks TLS 1.2 without extended master secret (RFC 7627): %v", typ, err),
		Action: "use TLS 1.3, or update the TLS library of the other side", Err: err}
}
