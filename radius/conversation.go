package radius

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"culvert/eap"
	"culvert/explain"
)

// A conversation relays between a client and a server (RFC 3579, Section 2.1). Once a server has asked something, the
// conversation stays with it: only that server knows what its State means.
type conversation struct {
	proxy   *Proxy
	session eap.Session
	user    string    // User-Name; empty until known
	server  *endpoint // that has answered
	state   [][]byte  // of its last challenge
	asked   byte      // identifier of the last EAP request
	method  eap.Type
	over    bool
}

// Step takes a packet of the client and returns what the server says to it.
func (c *conversation) Step(ctx context.Context, packet []byte) eap.Result {
	switch {
	case c.over:
		return c.fail(&eap.Failure{Code: explain.EAPProtocol, Cause: "the conversation is over", Action: "begin a new one"})
	case packet == nil && c.session.Before != nil && c.session.Before.Identity != nil:
		return c.follow(ctx, c.session.Before)
	case packet == nil && c.proxy.Identity == AskIdentity:
		return c.askIdentity()
	case packet == nil:
		return c.introduce(ctx)
	}
	in, err := eap.Parse(packet)
	if err != nil || in.Code != eap.CodeResponse || in.Identifier != c.asked {
		return eap.Result{Discarded: true, Method: c.method}
	}
	if c.user == "" {
		if in.Type != eap.TypeIdentity {
			return eap.Result{Discarded: true}
		}
		if f := c.setUser(string(in.Data)); f != nil {
			return c.fail(f)
		}
	}
	return c.relay(ctx, in.Encode())
}

// Close ends the conversation. It has nothing to clear: keys go straight to the caller.
func (c *conversation) Close() { c.over = true }

// askIdentity asks as a NAS does before it knows a user (RFC 3579, Section 2.1).
func (c *conversation) askIdentity() eap.Result {
	var id [1]byte
	if _, err := c.session.Random().Read(id[:]); err != nil {
		return c.fail(err)
	}
	c.asked = id[0]
	if b := c.session.Before; b != nil {
		c.asked = b.Identifier + 1
	}
	return eap.Result{Packet: eap.Packet{Code: eap.CodeRequest, Identifier: c.asked, Type: eap.TypeIdentity}.Encode()}
}

// introduce says the client's Identity response in its place.
func (c *conversation) introduce(ctx context.Context) eap.Result {
	if f := c.setUser(c.session.IKEIdentity); f != nil {
		return c.fail(f)
	}
	return c.relay(ctx, eap.Packet{Code: eap.CodeResponse, Type: eap.TypeIdentity, Data: []byte(c.user)}.Encode())
}

// follow repeats the client's Identity response to a question that somebody else has asked.
func (c *conversation) follow(ctx context.Context, b *eap.Before) eap.Result {
	if f := c.setUser(string(b.Identity)); f != nil {
		return c.fail(f)
	}
	return c.relay(ctx, eap.Packet{Code: eap.CodeResponse, Identifier: b.Identifier, Type: eap.TypeIdentity, Data: b.Identity}.Encode())
}

// setUser takes a name that fits the attribute and is text: it ends up in logs and tables (RFC 2865, Section 5.1).
func (c *conversation) setUser(name string) error {
	switch {
	case name == "" || len(name) > maxUserName:
		return &eap.Failure{Code: explain.EAPIdentity, Cause: fmt.Sprintf("the client's EAP identity has %d octets and a User-Name 1 to %d", len(name), maxUserName),
			Action: "set the EAP identity of the client"}
	case !isText(name):
		return &eap.Failure{Code: explain.EAPIdentity, Cause: fmt.Sprintf("the client's EAP identity %s is no text", shown(name)), Action: "correct the EAP identity of the client"}
	}
	c.user = name
	return nil
}

// isText tells whether a name is UTF-8 without control characters.
func isText(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// relay sends an EAP packet to the servers and follows the answer.
func (c *conversation) relay(ctx context.Context, packet []byte) eap.Result {
	answer, err := c.ask(ctx, c.request(packet))
	if err != nil {
		return c.fail(c.unanswered(err))
	}
	c.server = answer.from
	out, err := eap.Parse(answer.Attributes.Joined(EAPMessage))
	switch {
	case answer.Code == AccessReject:
		return c.rejected(answer)
	case err != nil:
		return c.fail(c.confused(answer, "without a readable EAP-Message"))
	case answer.Code == AccessChallenge:
		return c.challenged(answer, out)
	}
	return c.accepted(answer, out)
}

// request is an Access-Request with an EAP packet.
func (c *conversation) request(packet []byte) *Packet {
	mtu := c.proxy.FramedMTU
	if mtu == 0 {
		mtu = defaultFramedMTU
	}
	list := Attributes{text(UserName, c.user), number(FramedMTU, uint32(mtu))}
	list = append(list, lineOf(c.session).attributes(c.proxy.NAS)...)
	list = append(list, split(EAPMessage, packet)...)
	for _, s := range c.state {
		list = append(list, Attribute{State, s})
	}
	return &Packet{Code: AccessRequest, Attributes: list}
}

// ask asks any server, or the one that knows the conversation.
func (c *conversation) ask(ctx context.Context, p *Packet) (reply, error) {
	if c.server == nil {
		return c.proxy.Group.ask(ctx, p)
	}
	return c.proxy.Group.askOne(ctx, c.server, p)
}

// challenged passes a request on to the client. One with success or failure in it comes to no end (RFC 3579, Section 2.6.3).
func (c *conversation) challenged(answer reply, out eap.Packet) eap.Result {
	if out.Code != eap.CodeRequest {
		return c.fail(c.confused(answer, "without an EAP request"))
	}
	c.state, c.asked = answer.Attributes.All(State), out.Identifier
	if out.Type > eap.TypeNak {
		c.method = out.Type
	}
	if c.session.EAPOnly && c.method != 0 && !eapOnly(c.method) {
		return c.fail(&eap.Failure{Code: explain.EAPNoMethod, Cause: fmt.Sprintf("the server wants %v, which does not authenticate us to a client that has no other proof", c.method),
			Action: "have the RADIUS server offer TLS, TTLS, PEAP or AKA, or give the gateway a certificate"})
	}
	return eap.Result{Packet: out.Encode(), Method: c.method}
}

// eapOnly tells which methods may be all that authenticates a server (RFC 5998, Section 4).
func eapOnly(t eap.Type) bool {
	switch t {
	case eap.TypeTLS, eap.TypeTTLS, eap.TypePEAP, eap.TypeAKA, eap.TypeAKAPrime:
		return true
	}
	return false
}

// accepted ends well. Packet and EAP must agree, or client and gateway would come to different ends (RFC 3579, Section 2.6.3).
func (c *conversation) accepted(answer reply, out eap.Packet) eap.Result {
	if out.Code != eap.CodeSuccess {
		return c.fail(c.confused(answer, "without an EAP success"))
	}
	grant, err := c.proxy.Groups.grant(answer.Attributes)
	if err != nil {
		return c.fail(c.confused(answer, err.Error()))
	}
	if grant.User == "" {
		grant.User = c.user
	}
	msk, err := answer.Attributes.msk(answer.request.Authenticator, answer.from.key)
	if err != nil {
		return c.fail(c.confused(answer, "with keys that cannot be read"))
	}
	c.over = true
	return eap.Result{
		Packet: out.Encode(), State: eap.Succeeded, Method: c.method, MSK: msk, Identity: grant.User, Grant: grant, EAPOnly: eapOnly(c.method),
	}
}

// rejected ends with what the server has for the client, and for us (RFC 2865, Section 5.18).
func (c *conversation) rejected(answer reply) eap.Result {
	f := &eap.Failure{Code: explain.RadiusRejected, Cause: fmt.Sprintf("%s rejects %s", answer.from.name, shown(c.user)),
		Action: "look into the log of the RADIUS server"}
	if message := answer.Attributes.Joined(ReplyMessage); len(message) > 0 {
		f.Cause += " and says " + shown(string(message))
	}
	r := c.fail(f)
	if out, err := eap.Parse(answer.Attributes.Joined(EAPMessage)); err == nil && out.Code == eap.CodeFailure {
		r.Packet = out.Encode()
	}
	return r
}

// shown quotes what somebody else has written, so that it stands on one line and has an end.
func shown(s string) string {
	const most = 128
	if len(s) > most {
		s = s[:most]
	}
	return fmt.Sprintf("%+q", s)
}

// confused is an answer that nothing can be done with.
func (c *conversation) confused(answer reply, how string) *eap.Failure {
	return &eap.Failure{Code: explain.RadiusMalformed, Cause: fmt.Sprintf("%s sent an %v: %s", answer.from.name, answer.Code, how),
		Action: "look into the log of the RADIUS server, and capture what it sends"}
}

// unanswered explains that no server was of use.
func (c *conversation) unanswered(err error) *eap.Failure {
	f := &eap.Failure{Code: explain.RadiusNoAnswer, Cause: err.Error(), Err: err,
		Action: "see whether the server runs, can be reached on the port, and has us as a client with the same secret"}
	switch {
	case errors.Is(err, errTooLarge):
		f.Code, f.Action = explain.RadiusMalformed, "have the client send smaller fragments: a RADIUS packet has room for about 3900 octets of EAP"
	case errors.Is(err, errAuthenticator):
		f.Code, f.Action = explain.RadiusSecret, "make the secret here and that of the client entry on the server the same"
	case errors.Is(err, errUnsigned):
		f.Code, f.Action = explain.RadiusUnsigned, "update the server, or have it sign what it sends (FreeRADIUS: require_message_authenticator)"
	}
	return f
}

// fail ends the conversation. The client hears EAP-Failure.
func (c *conversation) fail(err error) eap.Result {
	c.over = true
	return eap.Result{
		Packet: eap.Packet{Code: eap.CodeFailure, Identifier: c.asked}.Encode(), State: eap.Failed, Method: c.method, Err: eap.AsFailure(c.method, err),
	}
}
