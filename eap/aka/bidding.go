package aka

import (
	"slices"

	"culvert/eap"
	"culvert/explain"
)

// canPrime is the flag D of AT_BIDDING: the server would have AKA' (RFC 9048, Section 4).
const canPrime uint16 = 0x8000

// bidding looks at what is negotiated around a challenge. Without proceed, the step is the answer.
func (c *client) bidding(m message) (step eap.Step, proceed bool) {
	if c.Prime {
		return c.derivation(m)
	}
	if c.PrimeToo && m.has(atBidding) && m.number(atBidding)&canPrime != 0 {
		return c.reject(failure(explain.EAPProtocol, "somebody has suppressed EAP-AKA'; look who is in between",
			"the server begins EAP-AKA although both sides have EAP-AKA'")), false
	}
	return eap.Step{}, true
}

// derivation negotiates the key derivation function and looks at the network name (RFC 9048, Section 3.1 and Section 3.2). If
// the first function of the server is not ours, we name ours; the server then puts it in front of an unchanged list.
func (c *client) derivation(m message) (step eap.Step, proceed bool) {
	offer, network := m.functions(), string(m.text(atKDFInput))
	switch {
	case network == "" || c.Network != "" && network != c.Network:
		return c.reject(failure(explain.EAPSIM, "correct the network name on one side",
			"the server is of the access network %q, not of %q", eap.Displayable([]byte(network)), c.Network)), false
	case c.offered != nil && !slices.Equal(offer, append([]uint16{kdf1}, c.offered...)):
		return c.reject(failure(explain.EAPProtocol, "look who is in between",
			"the server's key derivation functions have changed on the way")), false
	case c.offered != nil || len(offer) > 0 && offer[0] == kdf1:
		return eap.Step{}, true
	case !slices.Contains(offer, kdf1):
		return c.reject(failure(explain.EAPNoMethod, "nothing can be done but another EAP method",
			"the server offers the key derivation functions %v, we have %d", offer, kdf1)), false
	}
	c.offered = offer
	answer := message{subtype: subChallenge}
	answer.addNumber(atKDF, kdf1)
	return eap.Step{Data: answer.encode()}, false
}
