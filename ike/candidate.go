package ike

import (
	"errors"
	"fmt"
	"strings"

	"culvert/explain"
	"culvert/wire"
)

// maxCandidates bounds the connections that one peer is held against: each may cost the check of a signature.
const maxCandidates = 64

// A peer often fits several connections by what it claims, and only one by what it then proves: by signature, authority, key,
// revocation, rounds, EAP, groups. The connections that fit the claim are candidates, in order (RFC 4301, Section 4.4.3). The
// IKE SA is for the first of them; one that objects to what the peer shows makes room for the next, which is held against
// everything that was shown so far, in all rounds. None comes back: what a connection has objected to stays shown.

// An objection is what the connection of an IKE SA has against the peer. It is no more than that connection's opinion.
type objection struct{ error }

// Unwrap returns the failure.
func (o objection) Unwrap() error { return o.error }

// objects makes an objection of an error, if there is one.
func objects(err error) error {
	if err == nil {
		return nil
	}
	return objection{err}
}

// A declined is a connection that a peer is not for, and why.
type declined struct {
	conn *Connection
	why  error
}

// settle follows an objection of the responder's connection to the next candidate, with which the step is taken again. Other
// errors are final; so is the objection of the last candidate.
func (a *authentication) settle(err error) error {
	var o objection
	for !a.sa.initiator && errors.As(err, &o) {
		err = a.reconsider(o)
	}
	return err
}

// reconsider puts the next candidate that is eligible into the place of the connection.
func (a *authentication) reconsider(o objection) error {
	a.sa.initial.login.decline(a.sa.conn, o.error)
	return a.advance()
}

// advance goes on with the first candidate that is eligible.
func (a *authentication) advance() error {
	sa, again := a.sa, a.at
	l := &sa.initial.login
	for len(l.candidates) > 0 {
		next := l.candidates[0]
		l.candidates = l.candidates[1:]
		if err := sa.eligible(next); err != nil {
			l.decline(next, err)
			continue
		}
		sa.take(next)
		return a.proveAgain(func() error {
			a.steps = again
			return a.next()
		})
	}
	sa.conn = l.declined[0].conn
	return l.forNobody(sa)
}

func (l *login) decline(c *Connection, why error) { l.declined = append(l.declined, declined{c, why}) }

// take makes a candidate the connection of the IKE SA.
func (sa *SA) take(c *Connection) {
	sa.conn, sa.initial.newer = c, nil
	if sa.initial.login.signed == 0 {
		sa.local = c.LocalAuth[0].Identity(sa.path.Local.Addr())
	}
}

// What a failure says of candidates, so that a log line has an end.
const (
	maxDeclinedShown = 8
	maxDeclinedText  = 400
)

// forNobody says of each candidate why the peer is not for it.
func (l *login) forNobody(sa *SA) error {
	if len(l.declined) == 1 && l.untried() == "" {
		return asFailure(l.declined[0].why)
	}
	code, reasons := l.reasons()
	f := refuse(code, wire.NotifyAuthenticationFailed, "no connection is for what %s shows: %s%s", sa.remote, reasons, l.untried())
	f.Revoked = l.revoked()
	return f
}

// reasons are those of all candidates that the peer is not for. Where they say the same that is the code.
func (l *login) reasons() (explain.Code, string) {
	code := asFailure(l.declined[0].why).Code
	var reasons []string
	for _, d := range l.declined {
		f := asFailure(d.why)
		if f.Code != code {
			code = explain.AuthNoCandidate
		}
		if len(reasons) < maxDeclinedShown {
			reasons = append(reasons, fmt.Sprintf("connection %q: %s", d.conn.Name, shortened(f.Err.Error())))
		}
	}
	if more := len(l.declined) - len(reasons); more > 0 {
		reasons = append(reasons, fmt.Sprintf("and %d more", more))
	}
	return code, strings.Join(reasons, "; ")
}

// tellSwitch reports once, at the end, that the connection is not the one that came first.
func (sa *SA) tellSwitch() {
	l := &sa.initial.login
	if len(l.declined) == 0 {
		return
	}
	code, reasons := l.reasons()
	sa.news(News{Kind: NewsSwitched, Left: l.declined[0].conn, Failure: refuse(code, wire.NotifyNone, "%s", reasons)})
}

// untried tells of connections that were not considered.
func (l *login) untried() string {
	switch {
	case l.reserved > 0:
		return fmt.Sprintf("; %d more for peers of any name are not for this one, which a connection names", l.reserved)
	case l.beyond > 0:
		return fmt.Sprintf("; %d more were not tried, %d are", l.beyond, maxCandidates)
	}
	return ""
}

func shortened(text string) string {
	if len(text) <= maxDeclinedText {
		return text
	}
	return strings.ToValidUTF8(text[:maxDeclinedText], "") + "..."
}
