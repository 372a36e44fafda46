// Package ttls is EAP-TTLS version 0 as peer and server (RFC 5281), with TLS 1.2 and 1.3 (RFC 9427): inside the tunnel, the
// client authenticates with PAP, MS-CHAP-V2 or EAP, in attribute-value pairs.
package ttls

import (
	"fmt"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/explain"
	"culvert/secret"
)

// label is for the keys with TLS 1.2 (RFC 5281, Section 8). They come from the tunnel alone, whatever is inside.
const label = "ttls keying material"

// properties are the claims for both sides (RFC 5281, Section 14.1). What is inside may be weaker: nobody sees it.
func properties() eap.Properties {
	return eap.Properties{Mutual: true, Keys: true, Guarded: true, Tunnel: true}
}

// inner is the session of a conversation inside the tunnel.
func inner(s eap.Session, identity string) eap.Session {
	s.Tunnelled, s.EAPOnly, s.IKEIdentity = true, false, identity
	return s
}

// challenge returns what MS-CHAP-V2 works with instead of a challenge of the server: octets that nobody chooses, so that no
// proof can be carried from elsewhere into the tunnel (RFC 5281, Section 11.1). The last octet is the identifier.
func challenge(t *carrier.Tunnel) (value []byte, identifier byte, err error) {
	const size = 17
	key, err := t.Export("ttls challenge", nil, size)
	if err != nil {
		return nil, 0, err
	}
	return key[:size-1], key[size-1], nil
}

// protocol is the failure of a tunnel in which the other side breaks the rules.
func protocol(who string, err error) *eap.Failure {
	return &eap.Failure{Code: explain.EAPProtocol, Cause: fmt.Sprintf("the %s breaks the rules inside the tunnel of EAP-TTLS: %v", who, err),
		Action: "have the software of the " + who + " looked at", Err: err}
}

// padPassword pads a password with zeroes to a multiple of 16 octets, so that its length does not show (RFC 5281,
// Section 11.2.5). The result is the caller's.
func padPassword(password secret.Bytes) secret.Bytes {
	const block = 16
	padded := make(secret.Bytes, max(1, (len(password)+block-1)/block)*block)
	copy(padded, password)
	return padded
}
