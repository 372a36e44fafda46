package ike

import (
	"slices"

	"culvert/auth"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// A claim is what an IKE_AUTH request says about who is who, before any of it is proven.
type claim struct {
	peer   auth.Identity
	us     auth.Identity // IDr, what the peer calls us; %any without one
	method auth.Method
}

func claimOf(payloads []wire.Payload) claim {
	c := claim{method: auth.MethodEAP} // without AUTH (RFC 7296, Section 2.16)
	for _, p := range payloads {
		switch p := p.(type) {
		case *wire.Identification:
			if p.Payload == wire.PayloadIDi {
				c.peer = auth.FromPayload(p)
			} else {
				c.us = auth.FromPayload(p)
			}
		case *wire.Auth:
			c.method = methodOfAuth(p.Method)
		}
	}
	return c
}

// methodOfAuth is the method that an AUTH payload speaks of.
func methodOfAuth(m wire.AuthMethod) auth.Method {
	switch m {
	case wire.AuthSharedKey:
		return auth.MethodPSK
	case wire.AuthNull:
		return auth.MethodNULL
	}
	return auth.MethodPublicKey
}

// selectPeer settles on the connection for the peer's identity (RFC 4301, Section 4.4.3), and on those that take its place if it
// objects. Only connections count whose addresses fit and that allow the algorithms in use. Among them the better match of the
// peer's identity wins, then of ours, then of the method; then the more specific address, and at last the order of the
// configuration. An IDr that fits none is no reason to refuse: the initiator decides about the one that we answer with (RFC
// 7296, Section 2.15).
func (a *authentication) selectPeer() error {
	sa := a.sa
	l := &sa.initial.login
	c := claimOf(a.in.payloads)
	list := sa.rank(c)
	if len(list) == 0 {
		return refuse(explain.IKENoConnection, wire.NotifyAuthenticationFailed,
			"no connection for identity %s at %v with %s",
			c.peer, sa.path.Remote.Addr(), suite.FormatProposal(sa.suite.Proposal))
	}
	sa.conn, l.candidates = list[0], list[1:]
	sa.local = sa.conn.LocalAuth[0].Identity(sa.path.Local.Addr()) // known to secrets before it is sent
	return a.next()
}

// A ranked is a connection with how well it fits a claim.
type ranked struct {
	fitness
	conn *Connection
}

// rank returns the candidates for a claim, best first. A name that a connection gives in full is that connection's: whoever
// claims it does not come to a connection for anybody with other proofs. With EAP the name in IKE proves nothing, and is
// nobody's.
func (sa *SA) rank(c claim) []*Connection {
	l := &sa.initial.login
	var list []ranked
	for conn := range sa.env.Connections.ForIdentity(c.peer) {
		f := sa.fitness(conn, c)
		if f.peer == auth.MatchNone {
			continue
		}
		i := slices.IndexFunc(list, func(r ranked) bool { return r.less(f) })
		if i < 0 {
			i = len(list)
		}
		if list = slices.Insert(list, i, ranked{f, conn}); len(list) > maxCandidates {
			list, l.beyond = list[:maxCandidates], l.beyond+1
		}
	}
	var conns []*Connection
	for _, r := range list {
		if c.method != auth.MethodEAP && list[0].peer == auth.MatchExact && r.peer < auth.MatchExact {
			l.reserved++
			continue
		}
		conns = append(conns, r.conn)
	}
	return conns
}

// fitness says how well a connection fits a claim; the zero value is not at all.
type fitness struct {
	peer   auth.Match
	us     auth.Match
	method bool
	bits   int // of the remote prefix
}

func (f fitness) less(g fitness) bool {
	switch {
	case f.peer != g.peer:
		return f.peer < g.peer
	case f.us != g.us:
		return f.us < g.us
	case f.method != g.method:
		return g.method
	}
	return f.bits < g.bits
}

func (sa *SA) fitness(c *Connection, cl claim) fitness {
	local, remote := sa.path.Local.Addr(), sa.path.Remote.Addr()
	if len(c.LocalAuth) == 0 || len(c.RemoteAuth) == 0 || !c.covers(sa.path) || !sa.suite.AllowedBy(c.Proposals) {
		return fitness{}
	}
	first := &c.RemoteAuth[0]
	if (first.Method == auth.MethodNULL) != (cl.method == auth.MethodNULL) {
		return fitness{} // who proves nothing does not come near what is for others (RFC 7619, Section 2.4)
	}
	f := fitness{peer: first.ID.Match(cl.peer), us: auth.MatchAny, method: first.Method == cl.method}
	if !cl.us.IsAny() {
		f.us = c.LocalAuth[0].Identity(local).Match(cl.us)
	}
	for _, p := range c.RemoteAddrs {
		if p.Contains(remote.Unmap()) {
			f.bits = max(f.bits, p.Bits())
		}
	}
	return f
}
