package ike

import (
	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// eligible tells whether a candidate may take the place of the connection: whatever was said, agreed on and proven until now
// would have been the same with it.
func (sa *SA) eligible(c *Connection) error {
	for _, check := range []func(*Connection) error{sa.stillThere, sa.protects, sa.mixesTheSame, sa.makesChild, sa.saysTheSame, sa.asksTheSame} {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// stillThere refuses what a reload has removed or changed while the peer authenticated.
func (sa *SA) stillThere(c *Connection) error {
	if now, _ := sa.env.Connections.Find(c.Name); now != c && c != sa.conn {
		return unfit("connection %q has changed while %s authenticated: let it connect again", c.Name, sa.remote)
	}
	return nil
}

// mixesTheSame holds a candidate against the PPK that IKE_AUTH was made with, or without (RFC 8784, Section 3).
func (sa *SA) mixesTheSame(c *Connection) error {
	s := &sa.initial.ppk
	if s.named == nil {
		return nil
	}
	_, known := auth.FindPPK(c.PPKs, s.named)
	if uses := known && c.PPKExchange != PPKIntermediate; uses != (sa.ppkUse == ppkByAuth && sa.ppk != nil) {
		return unfit("connection %q and the one before differ in whether they use the PPK that %s names: give both the same ppk", c.Name, sa.remote)
	}
	return nil
}

// makesChild refuses to do without a first child where the connection does not allow it (RFC 6023).
func (sa *SA) makesChild(c *Connection) error {
	if c.Childless == ChildlessNever && count(sa.initial.login.asked, wire.PayloadSA) == 0 {
		return invalidSyntax("IKE_AUTH without a first child, which connection %q does not allow", c.Name)
	}
	return nil
}

// saysTheSame tells whether our rounds that were sent, and what they announce, are those of the candidate.
func (sa *SA) saysTheSame(c *Connection) error {
	n, ours, theirs := sa.initial.login.signed, sa.conn.LocalAuth, c.LocalAuth
	if n == 0 {
		return nil
	}
	same := len(theirs) >= n && (len(theirs) > n) == (len(ours) > n)
	for i := 0; same && i < n; i++ {
		same = ours[i].Same(&theirs[i], sa.local, sa.remote)
	}
	if !same {
		return unfit("we have authenticated as %s already, in another way than connection %q would: give both the same block local", sa.local, c.Name)
	}
	return nil
}

// asksTheSame tells whether a conversation of EAP that is under way or over is one of the candidate's as well.
func (sa *SA) asksTheSame(c *Connection) error {
	l := &sa.initial.login
	if l.eap == nil || l.eap.server == nil {
		return nil
	}
	if l.proven >= len(c.RemoteAuth) || c.RemoteAuth[l.proven].EAP != l.eap.server {
		return otherServer(c)
	}
	return nil
}

func otherServer(c *Connection) error {
	return unfit("connection %q authenticates by EAP otherwise than was done: give both the same block eap, but for identity and keyless", c.Name)
}

// unfit is why a candidate comes too late.
func unfit(format string, args ...any) error {
	return refuse(explain.AuthCandidateLate, wire.NotifyAuthenticationFailed, format, args...)
}
