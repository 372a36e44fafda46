// Package mschapv2 is the EAP method MSCHAPv2 (draft-kamath-pppext-eap-mschapv2-02), which carries MS-CHAP-V2 (RFC 2759), with the
// keys of RFC 3079. Both sides prove the password. The proof can be tried against passwords offline by whoever poses as the
// server, so the server must have shown a certificate, in IKE or as a tunnel.
//
// The hashes are exported for the tunnels that carry MS-CHAP-V2 without EAP.
package mschapv2

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"culvert/eap"
	"culvert/explain"
)

// An opCode says what a packet of the method is (draft-kamath-pppext-eap-mschapv2-02, Section 2).
type opCode uint8

const (
	opChallenge      opCode = 1
	opResponse       opCode = 2
	opSuccess        opCode = 3
	opFailure        opCode = 4
	opChangePassword opCode = 7
)

const (
	headerLen   = 4  // op code, MS-CHAPv2-ID, MS-Length (2)
	responseLen = 49 // peer challenge, 8 reserved, NT response, flags
	maxName     = 256
)

var errLengths = errors.New("lengths contradict each other")

// A packet is the type-data of the method:
//
//	| op code (1) | MS-CHAPv2-ID (1) | MS-Length (2) | value size (1) | value | name ... |   Challenge, Response
//	| op code (1) | MS-CHAPv2-ID (1) | MS-Length (2) | message ... |                         Success, Failure: requests
//	| op code (1) |                                                                          Success, Failure: responses
//
// MS-Length repeats what EAP says, and is wrong in servers that are in use; it is written, and read over.
type packet struct {
	op   opCode
	id   uint8
	data []byte // behind the header
}

func parse(b []byte) (packet, error) {
	switch {
	case len(b) == 0:
		return packet{}, fmt.Errorf("no op code: %w", errLengths)
	case len(b) == 1 && (opCode(b[0]) == opSuccess || opCode(b[0]) == opFailure):
		return packet{op: opCode(b[0])}, nil
	case len(b) < headerLen:
		return packet{}, fmt.Errorf("header of %d octets: %w", len(b), errLengths)
	}
	return packet{opCode(b[0]), b[1], b[headerLen:]}, nil
}

func (p packet) encode() []byte {
	b := append([]byte{byte(p.op), p.id, 0, 0}, p.data...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// short is the response that acknowledges a Success or Failure request.
func short(op opCode) []byte { return []byte{byte(op)} }

// parseValue reads value and name of a Challenge or Response, whose value has the length n.
func parseValue(b []byte, n int) (value []byte, name string, err error) {
	if len(b) < 1+n || int(b[0]) != n {
		return nil, "", fmt.Errorf("value in %d octets: %w", len(b), errLengths)
	}
	if len(b) > 1+n+maxName {
		return nil, "", fmt.Errorf("name of %d octets: %w", len(b)-1-n, errLengths)
	}
	return b[1 : 1+n], string(b[1+n:]), nil
}

func encodeValue(value []byte, name string) []byte {
	return append(append([]byte{byte(len(value))}, value...), name[:min(len(name), maxName)]...)
}

// Error codes of a Failure request (RFC 2759, Section 6).
const (
	errorHours    = 646
	errorDisabled = 647
	errorExpired  = 648
	errorDialIn   = 649
	errorWrong    = 691
)

// failureMessage is the text of a Failure request without retry (RFC 2759, Section 6).
func failureMessage(code int, challenge []byte, text string) []byte {
	return fmt.Appendf(nil, "E=%d R=0 C=%s V=3 M=%s", code, strings.ToUpper(hex.EncodeToString(challenge)), text)
}

// parseFailure returns the Failure that a server's message about a user stands for. The message is not authenticated, and may
// lack anything.
func parseFailure(message []byte, name string) *eap.Failure {
	text := eap.Displayable(message)
	f := &eap.Failure{Code: explain.EAPRejected, Cause: fmt.Sprintf("the server refuses %+q: it says %q", name, text), Action: "look at the log of the server"}
	switch errorCode(text) {
	case errorWrong:
		f.Code, f.Action = explain.EAPPassword, "correct user name and password; the server counts a wrong domain as one, too"
	case errorExpired:
		f.Code, f.Action = explain.EAPExpired, "change the password where the accounts are kept"
	case errorHours:
		f.Action = "the account may not log on at this hour"
	case errorDisabled:
		f.Action = "the account is disabled"
	case errorDialIn:
		f.Action = "the account may not dial in"
	}
	return f
}

// errorCode reads the number behind "E=" at the beginning, or 0.
func errorCode(text string) int {
	digits, ok := strings.CutPrefix(text, "E=")
	if !ok {
		return 0
	}
	digits, _, _ = strings.Cut(digits, " ")
	code, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return code
}

func malformed(who string, err error) eap.Step {
	return eap.Fail(&eap.Failure{Code: explain.EAPMalformed, Cause: fmt.Sprintf("EAP-MSCHAPv2 of the %s cannot be read", who),
		Action: "look at the software of the " + who, Err: err})
}

func outOfOrder(who string, op opCode) eap.Step {
	return eap.Fail(&eap.Failure{Code: explain.EAPProtocol, Cause: fmt.Sprintf("the %s sent op code %d of EAP-MSCHAPv2 out of order", who, op),
		Action: "look at the software of the " + who})
}
