package aka

import (
	"context"
	"errors"
	"slices"

	"culvert/eap"
	"culvert/eap/usim"
	"culvert/explain"
	"culvert/secret"
)

// kdf1 is the key derivation function of RFC 9048, Section 3.3, the only one there is here.
const kdf1 uint16 = 1

// maxSynchronisations bounds how often a card brings the network's sequence number up in one run.
const maxSynchronisations = 2

// claims are the properties of both methods on both sides.
var claims = eap.Properties{Mutual: true, Keys: true, Guarded: true}

// A Card is a USIM. The errors are those of usim.Card.
type Card interface {
	Authenticate(ctx context.Context, rand, autn [16]byte) (usim.Response, error)
}

// Client is the methods for a peer.
type Client struct {
	Card  Card
	Prime bool // AKA' instead of AKA
	// Network is the access network name that AKA' demands of the server; empty accepts any.
	Network string
	// PrimeToo says of AKA that AKA' is allowed as well: a server that can do AKA', but is made to begin AKA by somebody in
	// between, is refused (RFC 9048, Section 4).
	PrimeToo bool
}

func (c Client) variant() variant { return variantOf(c.Prime) }

func variantOf(isPrime bool) variant {
	if isPrime {
		return prime()
	}
	return plain()
}

// Type returns AKA or AKA'.
func (c Client) Type() eap.Type { return c.variant().kind }

// Properties returns the claims of the method.
func (Client) Properties() eap.Properties { return claims }

// Begin starts one run.
func (c Client) Begin(_ eap.Session, identity string) (eap.Exchange, error) {
	return &client{Client: c, variant: c.variant(), identity: identity}, nil
}

type client struct {
	Client
	variant         variant
	identity        string        // the last one that was shown: the keys are made from it
	asked           attributeType // the last identity request; they become stricter
	checkcode       checkcode
	offered         []uint16 // functions of the server, once we have asked for another than its first
	synchronisation int
	keys            keys
	answered        bool // the challenge
	indicated       bool // both sides want a result in the end
	notified        bool
}

// Step answers a request.
func (c *client) Step(ctx context.Context, in eap.Input) eap.Step {
	m, err := parse(in.Packet.Data)
	if err != nil {
		return c.error(malformed(err))
	}
	switch {
	case m.subtype == subIdentity && !c.answered:
		return c.identify(m, *in.Packet)
	case m.subtype == subChallenge && !c.answered:
		return c.challenge(ctx, m, *in.Packet)
	case m.subtype == subNotification && !c.notified:
		c.notified = true
		return c.notification(m, *in.Packet)
	}
	return c.error(outOfOrder(m.subtype))
}

// error tells the server that a packet cannot be processed (RFC 4187, Section 6.3.1).
func (c *client) error(err error) eap.Step {
	m := message{subtype: subClientError}
	m.addNumber(atClientError, 0)
	return eap.Step{State: eap.Failed, Data: m.encode(), Err: err}
}

// reject tells the server that it does not belong to the network of the card (RFC 4187, Section 6.3.1).
func (c *client) reject(err error) eap.Step {
	return eap.Step{State: eap.Failed, Data: message{subtype: subReject}.encode(), Err: err}
}

// identify shows the permanent identity. Requests come in one order: any, full authentication, permanent, each once (RFC 4187,
// Section 4.1.4).
func (c *client) identify(m message, p eap.Packet) eap.Step {
	order := []attributeType{0, atAnyIDReq, atFullauthIDReq, atPermanentIDReq}
	if kind, unknown := m.unknown(order[1:]...); unknown || len(m.attributes) == 0 {
		return c.error(failure(explain.EAPProtocol, "look at the server", "the server asks for an identity with attribute %d", kind))
	}
	rank := slices.Index(order, m.attributes[0].kind)
	if rank <= slices.Index(order, c.asked) {
		return c.error(outOfOrder(m.subtype))
	}
	c.asked, c.identity = order[rank], Permanent(c.identity, c.Prime)
	answer := message{subtype: subIdentity}
	answer.addSized(atIdentity, len(c.identity), []byte(c.identity))
	data := answer.encode()
	c.checkcode.add(c.variant, p)
	c.checkcode.add(c.variant, responseTo(p, data))
	return eap.Step{Data: data}
}

func responseTo(p eap.Packet, data []byte) eap.Packet {
	return eap.Packet{Code: eap.CodeResponse, Identifier: p.Identifier, Type: p.Type, Expanded: p.Expanded, Data: data}
}

// challenge answers the network's challenge, if the card and the keys say that it is the network's.
func (c *client) challenge(ctx context.Context, m message, p eap.Packet) eap.Step {
	if kind, unknown := m.unknown(atRand, atAutn, atMAC, atKDF, atKDFInput); unknown {
		return c.error(failure(explain.EAPProtocol, "look at the server", "the challenge has the unknown attribute %d", kind))
	}
	if step, proceed := c.bidding(m); !proceed {
		return step
	}
	if !m.has(atRand) || !m.has(atAutn) || !m.has(atMAC) {
		return c.error(failure(explain.EAPMalformed, "look at the server", "the challenge lacks RAND, AUTN or MAC"))
	}
	r, err := c.Card.Authenticate(ctx, m.block(atRand), m.block(atAutn))
	if err != nil {
		return c.refused(m, err)
	}
	defer r.Clear()
	if c.Prime && !r.Separated {
		return c.reject(failure(explain.EAPSIM, "set the separation bit of AMF for AKA'", "the vector is not meant for EAP-AKA'"))
	}
	c.keys = c.variant.derive(c.identity, r.CK, r.IK, m.text(atKDFInput), m.block(atAutn))
	if !c.variant.verify(c.keys.aut, p, m) || !c.checkcode.matches(m) {
		return c.error(failure(explain.EAPServerUnknown, "compare the EAP identity on both sides, from which the keys are made, too",
			"the server's challenge or the identities before it are not protected by the keys of the SIM"))
	}
	return c.answer(m, p, r.RES)
}

// answer proves the card, and the packets before.
func (c *client) answer(request message, p eap.Packet, res secret.Bytes) eap.Step {
	c.answered = true
	c.indicated = request.has(atResultInd)
	m := message{subtype: subChallenge}
	m.addSized(atRes, 8*len(res), res)
	if request.has(atCheckcode) {
		m.add(atCheckcode, c.checkcode.value()...)
	}
	if c.indicated {
		m.addNumber(atResultInd, 0)
	}
	step := eap.Step{Data: c.variant.seal(c.keys.aut, responseTo(p, nil), m)}
	if !c.indicated {
		step.State, step.MSK = eap.Succeeded, c.take()
	}
	return step
}

// take hands the MSK over.
func (c *client) take() secret.Bytes {
	msk := c.keys.msk
	c.keys.msk = nil
	return msk
}

// refused tells the server why the card did not answer.
func (c *client) refused(request message, err error) eap.Step {
	stale, ok := errors.AsType[*usim.SynchronisationError](err)
	switch {
	case errors.Is(err, usim.ErrNetwork):
		return c.reject(&eap.Failure{Code: explain.EAPSIM, Cause: "the network does not know the key of the SIM", Action: "compare K and OPc on both sides", Err: err})
	case !ok:
		return c.error(err)
	}
	if c.synchronisation++; c.synchronisation > maxSynchronisations {
		return c.error(failure(explain.EAPSIM, "look at the sequence numbers of the server", "the network's sequence number stays behind that of the SIM"))
	}
	m := message{subtype: subSyncFailure}
	m.add(atAuts, stale.AUTS[:]...)
	for _, f := range request.functions() {
		m.addNumber(atKDF, f)
	}
	return eap.Step{Data: m.encode()}
}

// notification acknowledges the server's result (RFC 4187, Section 6.1): success if one was agreed on, or why it fails. After the
// challenge it must be protected.
func (c *client) notification(m message, p eap.Packet) eap.Step {
	if _, unknown := m.unknown(atNotification, atMAC); unknown || !m.has(atNotification) {
		return c.error(failure(explain.EAPMalformed, "look at the server", "a notification lacks its code, or has an unknown attribute"))
	}
	code := m.number(atNotification)
	answer := message{subtype: subNotification}
	switch {
	case code&phaseBit != 0 && code&successBit == 0:
		return eap.Step{State: eap.Failed, Data: answer.encode(), Err: rejected(code)}
	case code&phaseBit != 0 || !c.answered || !c.variant.verify(c.keys.aut, p, m):
		return c.error(failure(explain.EAPProtocol, "look at the server", "notification %d is not protected, or out of place", code))
	case code&successBit == 0:
		return eap.Step{State: eap.Failed, Data: c.variant.seal(c.keys.aut, responseTo(p, nil), answer), Err: rejected(code)}
	case !c.indicated:
		return c.error(outOfOrder(m.subtype))
	}
	return eap.Step{State: eap.Succeeded, Data: c.variant.seal(c.keys.aut, responseTo(p, nil), answer), MSK: c.take()}
}

// Close clears the keys.
func (c *client) Close() { c.keys.Clear() }
