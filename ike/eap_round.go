package ike

import (
	"fmt"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
	"culvert/wire"
)

// maxEAPMessages bounds a conversation. The largest, TLS with long chains of certificates, have several dozen; ten must work
// (RFC 7296, Section 2.16).
const maxEAPMessages = 100

// An eapRound is a round of the initiator by EAP (RFC 7296, Section 2.16).
type eapRound struct {
	conversation *auth.EAPConversation
	server       eap.Server   // as responder: who has the conversation
	only         bool         // nothing else authenticates the responder (RFC 5998)
	before       *eap.Before  // likewise: what the initiator has said before that; nil: nothing
	declined     []eap.Server // whose methods it does not do
	asked        uint8        // identifier of our Identity request, while there is no conversation
	messages     int
	last         []byte // our packet
	verdict      error  // why the initiator, which was told so in the method, is about to be refused
	done         bool   // the method has ended well; AUTH follows
	result       eap.Result
}

// session is what EAP gets to know about the IKE SA.
func (sa *SA) session(only bool) eap.Session {
	s := eap.Session{Before: sa.initial.login.eap.before, Connection: sa.conn.Name, ID: sa.sessionID(),
		Local: sa.path.Local, Remote: sa.path.Remote, Now: sa.now, EAPOnly: only, Rand: sa.env.Rand}
	if id := sa.initial.login.initiatorID(sa.initiator); id != nil {
		s.IKEIdentity = auth.FromPayload(id).String()
	}
	return s
}

// sessionID is unique to the IKE SA that begins, for accounting.
func (sa *SA) sessionID() string { return fmt.Sprintf("%016x%016x", uint64(sa.spiI), uint64(sa.spiR)) }

// initiatorID is the latest IDi.
func (l *login) initiatorID(we bool) *wire.Identification {
	if we {
		return l.ours
	}
	return l.theirs
}

// converse takes one step of the conversation and goes on with then, unless the conversation has failed.
func (a *authentication) converse(packet []byte, then func(eap.Result) error) error {
	e := a.sa.initial.login.eap
	if err := a.countEAP(); err != nil {
		return err
	}
	return a.await(auth.EAPStep{Conversation: e.conversation, Packet: packet}, func(result any) error {
		return then(result.(eap.Result))
	})
}

// countEAP bounds the messages of EAP, whoever has the conversation.
func (a *authentication) countEAP() error {
	e := a.sa.initial.login.eap
	if e.messages++; e.messages > maxEAPMessages {
		return refuse(explain.AuthEAPLimit, wire.NotifyAuthenticationFailed, "the EAP conversation with %v did not end after %d messages",
			a.sa.path.Remote, maxEAPMessages)
	}
	return nil
}

// judge holds what EAP has come to against a round of a connection, for an initiator that has called itself by an identity.
func (e *eapRound) judge(round *auth.Remote, c *Connection, claimed auth.Identity) error {
	switch {
	case round.Method != auth.MethodEAP || round.EAP != e.server:
		return otherServer(c)
	case !round.ID.Matches(claimed):
		return notFor(c, round, claimed)
	}
	if err := e.acceptable(e.result, round.EAPKeyless); err != nil {
		return err
	}
	if !round.EAPIdentity.Matches(auth.UserIdentity(e.result.Identity)) {
		return refuse(explain.AuthIDRefused, wire.NotifyAuthenticationFailed, "EAP has authenticated %s, the connection is for %s: set identity in the block eap of the block remote",
			auth.UserIdentity(e.result.Identity), round.EAPIdentity)
	}
	return nil
}

func notFor(c *Connection, round *auth.Remote, claimed auth.Identity) error {
	return refuse(explain.AuthIDRefused, wire.NotifyAuthenticationFailed, "peer says it is %s, connection %q is for %s: set remote.id, or the identity that the peer sends",
		claimed, c.Name, round.ID)
}

// acceptable holds the method that has ended well against the rules: it must make keys unless the connection does without,
// and must be safe by itself where nothing else authenticates the responder (RFC 5998, Section 4).
func (e *eapRound) acceptable(r eap.Result, keyless bool) error {
	switch {
	case e.only && (!r.EAPOnly || len(r.MSK) == 0):
		return refuse(explain.AuthEAPOnly, wire.NotifyAuthenticationFailed,
			"%v cannot be all that authenticates the responder: use a method that proves both sides and makes keys, or a certificate for the responder", r.Method)
	case len(r.MSK) == 0 && !keyless:
		return refuse(explain.AuthEAPKeyless, wire.NotifyAuthenticationFailed,
			"%v makes no keys, so that who is in between could use it: choose another method, or set keyless in the block eap", r.Method)
	}
	return nil
}

// eapAuth makes the AUTH payload of one side after a conversation: that of a shared key, which is the MSK or, when there is
// none, SK_pi or SK_pr (RFC 7296, Sections 2.15 and 2.16).
func (sa *SA) eapAuth(id *wire.Identification) (*wire.Auth, error) {
	key := sa.initial.login.eap.result.MSK
	if len(key) == 0 {
		key = sa.authKey(id.Payload)
	}
	prf, err := sa.prf()
	if err != nil {
		return nil, err
	}
	octets, err := sa.signedOctets(id)
	if err != nil {
		return nil, err
	}
	return &wire.Auth{Method: wire.AuthSharedKey, Data: auth.SharedKey(prf, key, octets)}, nil
}

// authKey is SK_pi or SK_pr: the key of whose identity is in a payload of this type.
func (sa *SA) authKey(t wire.PayloadType) []byte {
	if t == wire.PayloadIDi {
		return sa.keys.Pi
	}
	return sa.keys.Pr
}

// checkEAPAuth verifies the AUTH payload of the peer after a conversation.
func (a *authentication) checkEAPAuth() error {
	sa := a.sa
	l := &sa.initial.login
	got, ok := wire.Find[*wire.Auth](a.in.payloads)
	if !ok {
		return invalidSyntax("IKE_AUTH without AUTH after the end of EAP")
	}
	want, err := sa.eapAuth(l.theirs)
	if err != nil {
		return err
	}
	if got.Method != want.Method || !secret.Bytes(got.Data).Equal(want.Data) {
		return refuse(explain.AuthEAPKey, wire.NotifyAuthenticationFailed,
			"AUTH of %s was not made with the key of %v: somebody may be in between", sa.remote, l.eap.result.Method)
	}
	return nil
}

// endConversation closes what is left of EAP.
func (sa *SA) endConversation() {
	if sa.initial == nil || sa.initial.login.eap == nil {
		return
	}
	if c := sa.initial.login.eap.conversation; c != nil {
		sa.start(auth.EAPClose{Conversation: c}, func(any) error { return nil })
	}
	sa.initial.login.eap = nil
}
