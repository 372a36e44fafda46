package ike

import (
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// A shown is what the peer has shown in one round: it may be held against several connections.
type shown struct {
	id     auth.Identity
	proof  auth.Verify // without EAP; Remote and, unless it was said, LocalID are those of a connection
	unsaid bool        // we had not said who we are
	eap    *eapRound   // what came of EAP; or nil
}

// prove holds a round of the peer's against the next one of the connection, and goes on with then.
func (a *authentication) prove(s shown, then func() error) error {
	sa := a.sa
	round := sa.remoteRound()
	switch {
	case round == nil:
		return objects(sa.tooOften())
	case s.eap != nil:
		if err := s.eap.judge(round, sa.conn, s.id); err != nil {
			return objects(err)
		}
		sa.initial.login.notedEAP(s)
		return then()
	}
	s.proof.Remote = round
	if s.unsaid {
		s.proof.LocalID = sa.local
	}
	return a.await(s.proof, func(result any) error {
		verified := result.(auth.VerifyResult)
		switch {
		case verified.Forged: // no candidate would take it, and each would check it again
			return verified.Err
		case verified.Leaf != nil && verified.Err != nil:
			return objects(sa.revoked(verified))
		case verified.Err != nil:
			return objects(verified.Err)
		}
		sa.noted(s, verified)
		return then()
	})
}

// noted takes a round of the peer's as proven.
func (sa *SA) noted(s shown, verified auth.VerifyResult) {
	l := &sa.initial.login
	sa.remote, l.proofEnds = verified.ID, soonest(l.proofEnds, verified.NotAfter)
	sa.warn(verified.Warnings)
	l.noted(s, verified.ID, verified.Method.String())
	if verified.Leaf != nil {
		l.proof.Certificates = append(l.proof.Certificates, verified.Leaf.Raw)
	}
}

// noted takes a round of the peer's as proven.
func (l *login) noted(s shown, id auth.Identity, how string) {
	if len(l.proof.remotes) == 0 {
		l.proof.IKEIdentity = s.id
	}
	l.proof.remotes = append(l.proof.remotes, id)
	l.proof.Remote = append(l.proof.Remote, how)
	if l.proven++; l.proven > len(l.shown) {
		l.shown = append(l.shown, s)
	}
}

// notedEAP takes a round by EAP as proven.
func (l *login) notedEAP(s shown) {
	r := s.eap.result
	l.proof.EAPIdentity = r.Identity
	if r.Grant != nil {
		l.proof.Grants = append(l.proof.Grants, r.Grant)
	}
	l.noted(s, s.id, r.Method.String())
	if s.eap.only {
		l.proof.Local[0] = r.Method.String()
	}
}

// proveAgain holds all that the peer has proven against another connection, and goes on with then.
func (a *authentication) proveAgain(then func() error) error {
	l := &a.sa.initial.login
	l.proven, l.proof, l.proofEnds = 0, Proof{Local: l.proof.Local, local: l.proof.local}, time.Time{}
	return a.proveNext(then)
}

func (a *authentication) proveNext(then func() error) error {
	l := &a.sa.initial.login
	if l.proven == len(l.shown) {
		return then()
	}
	return a.prove(l.shown[l.proven], func() error { return a.proveNext(then) })
}

func (sa *SA) tooOften() error {
	return refuse(explain.AuthRounds, wire.NotifyAuthenticationFailed, "%s authenticates more often than the %d times that connection %q demands",
		sa.remote, len(sa.conn.RemoteAuth), sa.conn.Name)
}
