// Package peap is Protected EAP version 0 as peer and server: EAP inside a TLS tunnel, as Windows has it ([MS-PEAP]), with
// TLS 1.2 and 1.3 (RFC 9427). The inner authentication is tied to the tunnel by crypto binding where both sides can.
//
//	| inner packet without code, identifier and length |        methods, on both ways
//	| inner packet as a whole                          |        Extensions: the result and the crypto binding
package peap

import (
	"encoding/binary"
	"errors"
	"fmt"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/explain"
)

// label is for the keys with TLS 1.2 ([MS-PEAP], Section 3.1.5.7).
const label = "client EAP encryption"

// version is the only one that is spoken: 1 and 2 never left the drafts.
const version = 0

// headerLen is what inner packets travel without: code, identifier and length ([MS-PEAP], Section 3.1.5.6).
const headerLen = 4

// properties are the claims for both sides. What is inside may be weaker: nobody sees it.
func properties() eap.Properties {
	return eap.Properties{Mutual: true, Keys: true, Guarded: true, Tunnel: true}
}

// errInner is the reason why a message holds no inner packet.
var errInner = errors.New("peap: not an inner packet")

// strip returns what of an inner packet travels.
func strip(packet []byte) []byte { return packet[headerLen:] }

// expand makes an inner packet of what has travelled. The identifier is ours to choose: TLS keeps the order.
func expand(code eap.Code, identifier uint8, message []byte) ([]byte, error) {
	n := headerLen + len(message)
	if len(message) == 0 || n > eap.MaxPacket {
		return nil, fmt.Errorf("%w: %d octets", errInner, len(message))
	}
	packet := binary.BigEndian.AppendUint16([]byte{byte(code), identifier}, uint16(n))
	return append(packet, message...), nil
}

// asExtensions returns a message as packet of the Extensions method, which travels whole.
func asExtensions(code eap.Code, message []byte) (eap.Packet, bool) {
	p, err := eap.Parse(message)
	whole := err == nil && len(message) == int(binary.BigEndian.Uint16(message[2:]))
	return p, whole && p.Code == code && p.Type == eap.TypeExtensions
}

// inner is the session of the conversation inside the tunnel.
func inner(s eap.Session, identity string) eap.Session {
	s.Tunnelled, s.EAPOnly, s.IKEIdentity = true, false, identity
	return s
}

// protocol is the failure of a tunnel in which the other side breaks the rules.
func protocol(who string, err error) *eap.Failure {
	return &eap.Failure{Code: explain.EAPProtocol, Cause: fmt.Sprintf("the %s breaks the rules inside the tunnel of PEAP: %v", who, err),
		Action: "have the software of the " + who + " looked at", Err: err}
}

// unbound is the failure of an inner authentication that is not tied to the tunnel.
func unbound(who, how string) *eap.Failure {
	return &eap.Failure{Code: explain.EAPTLSBinding, Cause: fmt.Sprintf("the crypto binding of the %s %s", who, how),
		Action: "look who is between client and server; if the other side cannot do crypto binding at all, do not require it"}
}

// A verdict is what a conversation inside has come to, and whether the keys are those of the binding.
type verdict struct {
	result eap.Result
	bound  bool
}

// outcome derives the key of the run: from the crypto binding if there was one, else from the tunnel alone ([MS-PEAP],
// Section 3.1.5.7).
func outcome(t *carrier.Tunnel, v verdict) (carrier.Outcome, error) {
	defer v.result.MSK.Clear()
	o := carrier.Outcome{Identity: v.result.Identity, Grant: v.result.Grant}
	var err error
	if v.bound {
		o.MSK, err = sessionKey(t, v.result.MSK)
	} else {
		o.MSK, err = t.MSK(label)
	}
	return o, err
}
