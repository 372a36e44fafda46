package ike

import (
	"cmp"
	"io"
	"slices"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
	"culvert/wire"
)

// nameMatters tells whether candidates are for different users of EAP, so that the name has to be known before a server has the
// conversation.
func (sa *SA) nameMatters() bool {
	l := &sa.initial.login
	first := sa.remoteRound()
	return slices.ContainsFunc(l.candidates, func(c *Connection) bool {
		round := roundOf(c, l.proven)
		return round != nil && round.Method == auth.MethodEAP && round.EAPIdentity != first.EAPIdentity
	})
}

// roundOf is what a connection demands in a round, or nil.
func roundOf(c *Connection, n int) *auth.Remote {
	if n < len(c.RemoteAuth) {
		return &c.RemoteAuth[n]
	}
	return nil
}

// askName has the initiator say its name inside EAP (RFC 7296, Section 3.16).
func (a *authentication) askName() error {
	var identifier [1]byte
	if _, err := io.ReadFull(a.sa.env.Rand, identifier[:]); err != nil {
		return err
	}
	a.sa.initial.login.eap.asked = identifier[0]
	a.saysEAP(eap.Packet{Code: eap.CodeRequest, Identifier: identifier[0], Type: eap.TypeIdentity}.Encode())
	return a.next()
}

// hearName takes the name, and goes on with the candidate that is for it. The name proves nothing: it says whose server is to
// find out. Other packets are no answer, and the request needs one.
func (a *authentication) hearName(packet []byte) error {
	if err := a.countEAP(); err != nil {
		return err
	}
	e := a.sa.initial.login.eap
	p, err := eap.Parse(packet)
	if err != nil || p.Code != eap.CodeResponse || p.Identifier != e.asked || p.Type != eap.TypeIdentity {
		a.saysEAP(e.last)
		return a.next()
	}
	name := auth.UserName(p.Data)
	e.before = &eap.Before{Identity: []byte(name), Identifier: p.Identifier}
	a.steps = append([]authStep{(*authentication).takeUp}, a.steps...)
	a.at = a.steps
	a.refusesBy(eap.Packet{Code: eap.CodeFailure, Identifier: p.Identifier}.Encode())
	if err := a.settle(a.prefer(name)); err != nil {
		a.refuse(err)
	}
	return nil
}

// prefer puts the candidates into the order in which they are for a name, and goes on with the first. Those that are not stay behind
// the others: a name outside of a tunnel need not be that inside.
func (a *authentication) prefer(name string) error {
	sa := a.sa
	l := &sa.initial.login
	list := append([]*Connection{sa.conn}, l.candidates...)
	match := func(c *Connection) auth.Match {
		if round := roundOf(c, l.proven); round != nil && round.Method == auth.MethodEAP {
			return round.EAPIdentity.Match(auth.UserIdentity(name))
		}
		return auth.MatchNone
	}
	slices.SortStableFunc(list, func(a, b *Connection) int { return cmp.Compare(match(b), match(a)) })
	if list[0] == sa.conn {
		l.candidates = list[1:]
		return a.next()
	}
	l.candidates = list
	return a.advance()
}

// takeUp begins the conversation of a connection that comes after another one, or after the name.
func (a *authentication) takeUp() error {
	sa := a.sa
	if err := sa.checkEAP(); err != nil {
		return objects(err)
	}
	if e := sa.initial.login.eap; slices.Contains(e.declined, sa.remoteRound().EAP) {
		return objects(refuse(explain.EAPNoMethod, wire.NotifyAuthenticationFailed, "the client has declined the EAP methods of connection %q", sa.conn.Name))
	}
	return a.openConversation()
}

// leaveServer goes on with the server of another candidate: the client does none of this one's methods (RFC 3748, Section 5.3.1).
// Nothing was proven.
func (a *authentication) leaveServer(r eap.Result) error {
	sa := a.sa
	e := sa.initial.login.eap
	sa.start(auth.EAPClose{Conversation: e.conversation}, func(any) error { return nil })
	e.declined, e.before = append(e.declined, e.server), r.Declined
	e.server, e.conversation = nil, nil
	a.steps = append([]authStep{(*authentication).takeUp}, a.steps...)
	a.at = a.steps
	a.refusesBy(r.Packet)
	return objects(r.Err)
}
