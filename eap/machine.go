package eap

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"culvert/explain"
	"culvert/secret"
)

// maxRounds bounds a conversation: the longest chain of certificates in the smallest usual fragments, both ways.
const maxRounds = 128

// maxIdentity is the longest network access identifier that RADIUS carries (RFC 7542, Section 2.3).
const maxIdentity = 253

// maxNotice bounds what of a server's message is shown, in characters.
const maxNotice = 200

// run is what the machines of both roles share: the method at work and how far the conversation is.
type run struct {
	session  Session
	methods  []Method // that may be used here
	identity string   // of the Identity response
	method   Method   // chosen, or nil
	exchange Exchange
	rounds   int
	msk      secret.Bytes
	ended    bool
}

// newRun keeps the methods that may be used in the session.
func newRun(s Session, methods []Method) (run, error) {
	r := run{session: s, identity: s.IKEIdentity}
	for _, m := range methods {
		if fits(m.Properties(), s) {
			r.methods = append(r.methods, m)
		}
	}
	if len(r.methods) == 0 {
		return run{}, &Failure{Code: explain.EAPNoMethod,
			Cause:  fmt.Sprintf("none of the EAP methods (%s) may be used here%s", names(methods), circumstances(s)),
			Action: "configure a method that may"}
	}
	return r, nil
}

// fits reports whether a method may be used in a session.
func fits(p Properties, s Session) bool {
	switch {
	case s.EAPOnly && !p.EAPOnly():
		return false
	case s.Tunnelled:
		return !p.Tunnel
	}
	return !p.TunnelOnly
}

func circumstances(s Session) string {
	switch {
	case s.EAPOnly:
		return ", where EAP alone authenticates the server"
	case s.Tunnelled:
		return ", inside a tunnel"
	}
	return ""
}

// names lists methods for a message.
func names(methods []Method) string {
	var all []string
	for _, m := range methods {
		all = append(all, m.Type().String())
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

// begin chooses a method and starts it.
func (r *run) begin(m Method) error {
	x, err := m.Begin(r.session, r.identity)
	if err != nil {
		return err
	}
	r.method, r.exchange = m, x
	return nil
}

// drop ends the method at work.
func (r *run) drop() {
	if r.exchange != nil {
		r.exchange.Close()
	}
	r.method, r.exchange = nil, nil
}

// keep stores the method's key, which is the caller's at the end.
func (r *run) keep(msk secret.Bytes) {
	r.msk.Clear()
	r.msk = msk
}

// Close ends the conversation.
func (r *run) Close() {
	if r.exchange != nil {
		r.exchange.Close()
	}
	r.keep(nil)
	r.ended = true
}

// end closes the run and returns the method for the result.
func (r *run) end() Type {
	var t Type
	if r.method != nil {
		t = r.method.Type()
	}
	r.Close()
	return t
}

// failed ends the run; the packet is what is still to be sent.
func (r *run) failed(err error, packet []byte) Result {
	t := r.end()
	return Result{State: Failed, Method: t, Packet: packet, Err: AsFailure(t, err)}
}

// succeeded ends the run and hands the key over.
func (r *run) succeeded() Result {
	msk := r.msk
	r.msk = nil
	only := r.method.Properties().EAPOnly()
	return Result{State: Succeeded, MSK: msk, EAPOnly: only && len(msk) > 0, Method: r.end()}
}

// continuing returns a result of the run in the middle.
func (r *run) continuing(packet []byte) Result {
	res := Result{Packet: packet}
	if r.method != nil {
		res.Method = r.method.Type()
	}
	return res
}

func (r *run) discarded() Result {
	res := r.continuing(nil)
	res.Discarded = true
	return res
}

// count bounds the rounds; it is the first thing of each step.
func (r *run) count() error {
	if r.ended {
		return protocolFailure("a packet came after the end of the conversation")
	}
	if r.rounds++; r.rounds > maxRounds {
		return &Failure{Code: explain.EAPTooLong, Cause: fmt.Sprintf("EAP goes on after %d rounds", maxRounds),
			Action: "look at the log of the other side"}
	}
	return nil
}

func protocolFailure(format string, args ...any) *Failure {
	return &Failure{Code: explain.EAPProtocol, Cause: fmt.Sprintf(format, args...), Action: "look at the software of the other side"}
}

var errIdentity = errors.New("eap: not an identity")

// parseIdentity checks the text of an Identity response: UTF-8 without control characters (RFC 3748, Section 5.1).
func parseIdentity(b []byte) (string, error) {
	if len(b) > maxIdentity {
		return "", fmt.Errorf("%w: %d octets", errIdentity, len(b))
	}
	s := string(b)
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("%w: %q", errIdentity, s)
	}
	return s, nil
}

// Displayable makes a message of the other side fit for logs and terminals: printable and not too long.
func Displayable(b []byte) string {
	text := []rune(strings.ToValidUTF8(string(b[:min(len(b), 4*maxNotice)]), "?"))
	printable := func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}
	return strings.TrimSpace(strings.Map(printable, string(text[:min(len(text), maxNotice)])))
}
