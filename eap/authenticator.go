package eap

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"culvert/explain"
)

// An Authenticator is a Server with methods of its own (RFC 3748, Section 1.2: authenticator and backend server in one).
type Authenticator struct {
	Methods []Method // best first
	// AskIdentity has the client send an EAP identity, though IKE has an identity of it. Without, it is asked inside
	// tunnels and where IKE has none (RFC 7296, Section 3.16).
	AskIdentity bool
}

// Begin starts a conversation. Its first step, with nil, makes the first request.
func (a *Authenticator) Begin(s Session) (Conversation, error) {
	r, err := newRun(s, a.Methods)
	if err != nil {
		return nil, err
	}
	var first [1]byte
	if _, err := io.ReadFull(s.Random(), first[:]); err != nil {
		return nil, AsFailure(0, err)
	}
	n := &authenticatorRun{run: r, left: r.methods, identifier: first[0],
		ask: a.AskIdentity || s.Tunnelled || s.IKEIdentity == ""}
	return n, n.follow(s.Before)
}

// follow goes on behind what the client has said to others.
func (r *authenticatorRun) follow(b *Before) error {
	if b == nil {
		return nil
	}
	r.identifier = b.Identifier
	if b.Identity == nil {
		return nil
	}
	identity, err := parseIdentity(b.Identity)
	if err != nil {
		return unusable(err)
	}
	r.identity, r.said, r.ask = identity, b.Identity, false
	return nil
}

func unusable(err error) *Failure {
	return &Failure{Code: explain.EAPIdentity, Cause: "the client's EAP identity is unusable", Action: "correct it on the client", Err: err}
}

// authenticatorRun is the machine of one conversation of an authenticator (RFC 3748, Section 4; RFC 4137, Section 5).
type authenticatorRun struct {
	run
	left       []Method // that were not tried yet
	identifier uint8    // of the request that waits for its response
	pending    Type     // of that request; 0 before the first
	ask        bool
	said       []byte // the client's Identity response
	answered   bool   // the client has taken the method up: no Nak any more
	skipped    error  // why the first method that could not begin could not
}

// Step takes a packet of the client, or nil at the beginning.
func (r *authenticatorRun) Step(ctx context.Context, packet []byte) Result {
	if err := r.count(); err != nil {
		return r.refuse(err)
	}
	if r.pending == 0 {
		return r.open(ctx)
	}
	p, err := Parse(packet)
	if err != nil || p.Code != CodeResponse || p.Identifier != r.identifier {
		return r.discarded()
	}
	switch {
	case p.Type == TypeIdentity && r.pending == TypeIdentity:
		return r.identified(ctx, p)
	case p.Type == TypeNak && r.pending >= firstMethod && !r.answered:
		return r.refused(ctx, parseNak(p))
	case p.Type == r.pending && p.Type >= firstMethod:
		r.answered = true
		return r.advance(ctx, &p)
	}
	return r.discarded()
}

// open makes the first request: Identity or that of the first method.
func (r *authenticatorRun) open(ctx context.Context) Result {
	if !r.ask {
		return r.next(ctx)
	}
	return r.request(TypeIdentity, nil)
}

func (r *authenticatorRun) request(t Type, data []byte) Result {
	r.identifier++
	r.pending = t
	return r.continuing(Packet{Code: CodeRequest, Identifier: r.identifier, Type: t, Data: data}.Encode())
}

func (r *authenticatorRun) identified(ctx context.Context, p Packet) Result {
	identity, err := parseIdentity(p.Data)
	if err != nil {
		return r.refuse(unusable(err))
	}
	r.identity, r.said = identity, slices.Clone(p.Data)
	return r.next(ctx)
}

// next begins the first method that is left. One that cannot begin for this identity makes room for the one after it.
func (r *authenticatorRun) next(ctx context.Context) Result {
	for len(r.left) > 0 {
		m := r.left[0]
		r.left = r.left[1:]
		if err := r.begin(m); err != nil {
			return r.refuse(err)
		}
		step := r.exchange.Step(ctx, Input{Identifier: r.identifier + 1})
		if step.State == Continuing && step.Data != nil {
			return r.request(m.Type(), step.Data)
		}
		r.drop()
		if r.skipped == nil {
			r.skipped = AsFailure(m.Type(), step.Err)
		}
	}
	return r.refuse(r.noMethod(nil))
}

// refused follows a Nak to the best method that the client asks for (RFC 3748, Section 5.3.1).
func (r *authenticatorRun) refused(ctx context.Context, asked []Type) Result {
	tried := r.method.Type()
	r.drop()
	r.left = slices.DeleteFunc(slices.Clone(r.left), func(m Method) bool { return !slices.Contains(asked, m.Type()) })
	if len(r.left) == 0 {
		res := r.refuse(r.noMethod(append([]Type{tried}, asked...)))
		res.Declined = &Before{Identity: r.said, Identifier: r.identifier}
		return res
	}
	return r.next(ctx)
}

// noMethod says why no method is left; after a Nak, refused is the type that was refused and those that were asked for.
func (r *authenticatorRun) noMethod(refused []Type) error {
	if refused == nil && r.skipped != nil {
		return r.skipped
	}
	cause := fmt.Sprintf("no EAP method is left of ours (%s)", names(r.methods))
	if len(refused) > 1 {
		var asked []string
		for _, t := range refused[1:] {
			asked = append(asked, t.String())
		}
		cause = fmt.Sprintf("the client refuses %v and asks for %s; we have %s", refused[0], strings.Join(asked, ", "), names(r.methods))
	} else if len(refused) == 1 {
		cause = fmt.Sprintf("the client refuses %v and asks for nothing else; we have %s", refused[0], names(r.methods))
	}
	return &Failure{Code: explain.EAPNoMethod, Cause: cause, Action: "allow a method on both sides"}
}

// advance gives the method a response.
func (r *authenticatorRun) advance(ctx context.Context, p *Packet) Result {
	step := r.exchange.Step(ctx, Input{Packet: p, Identifier: r.identifier + 1})
	switch {
	case step.State == Failed:
		return r.refuse(step.Err)
	case step.State == Succeeded:
		return r.accept(step)
	case step.Discard || step.Data == nil:
		return r.discarded()
	}
	res := r.request(p.Type, step.Data)
	res.Verdict = step.Verdict
	return res
}

// accept ends the conversation with EAP-Success, which repeats the identifier of the response (RFC 3748, Section 4.2).
func (r *authenticatorRun) accept(step Step) Result {
	r.keep(step.MSK)
	res := r.succeeded()
	res.Identity, res.Grant = step.Identity, step.Grant
	if res.Identity == "" {
		res.Identity = r.identity
	}
	res.Packet = Packet{Code: CodeSuccess, Identifier: r.identifier}.Encode()
	return res
}

// refuse ends the conversation with EAP-Failure.
func (r *authenticatorRun) refuse(err error) Result {
	if r.ended {
		return r.failed(err, nil)
	}
	return r.failed(err, Packet{Code: CodeFailure, Identifier: r.identifier}.Encode())
}
