package eap

import (
	"bytes"
	"context"
	"fmt"

	"culvert/explain"
)

// A Peer is a Client with methods: the one who is to be authenticated (RFC 3748, Section 1.2).
type Peer struct {
	Identity string   // for the Identity response; empty is the identity of IKE
	Methods  []Method // that are allowed, best first
}

// Begin starts a conversation, which waits for the server's first request.
func (p *Peer) Begin(s Session) (Conversation, error) {
	r, err := newRun(s, p.Methods)
	if err != nil {
		return nil, err
	}
	if p.Identity != "" {
		r.identity = p.Identity
	}
	if _, err := parseIdentity([]byte(r.identity)); err != nil {
		return nil, &Failure{Code: explain.EAPIdentity, Cause: "our EAP identity cannot be sent", Action: "set another EAP identity", Err: err}
	}
	return &peerRun{run: r}, nil
}

// peerRun is the machine of one conversation of a peer (RFC 3748, Section 4; RFC 4137, Section 4).
type peerRun struct {
	run
	request, response []byte // the last ones
	done              bool   // the method has authenticated the server, as far as it does: EAP-Success is welcome
	doomed            error  // why the method has failed, while it waits for EAP-Failure
	refused           Type   // the last method that the server has asked for and that we do not have
}

// Step takes a packet of the server.
func (r *peerRun) Step(ctx context.Context, packet []byte) Result {
	if err := r.count(); err != nil {
		return r.failed(err, nil)
	}
	p, err := Parse(packet)
	if err != nil {
		return r.discarded()
	}
	switch p.Code {
	case CodeRequest:
		return r.requested(ctx, p, packet)
	case CodeSuccess:
		return r.success(p)
	case CodeFailure:
		return r.failure()
	}
	return r.discarded()
}

// requested answers a request, and a repeated one as before (RFC 3748, Section 4.1).
func (r *peerRun) requested(ctx context.Context, p Packet, packet []byte) Result {
	if r.response != nil && bytes.Equal(packet, r.request) {
		return r.continuing(r.response)
	}
	if r.doomed != nil {
		return r.failed(r.doomed, nil)
	}
	res := r.answer(ctx, p)
	if res.Packet != nil {
		r.request, r.response = bytes.Clone(packet), res.Packet
	}
	return res
}

func (r *peerRun) answer(ctx context.Context, p Packet) Result {
	switch {
	case p.Type == TypeNotification:
		res := r.continuing(reply(p, nil))
		res.Notice = Displayable(p.Data)
		return res
	case p.Type == TypeIdentity && r.method == nil:
		return r.continuing(reply(p, []byte(r.identity)))
	case p.Type < firstMethod:
		return r.discarded()
	case r.method != nil && r.method.Type() != p.Type:
		// No second method, neither in the middle of the first nor after it (RFC 3748, Section 2.1).
		return r.discarded()
	case r.method == nil:
		m := r.find(p.Type)
		if m == nil {
			r.refused = p.Type
			return r.continuing(nak(p, r.methods).Encode())
		}
		if err := r.begin(m); err != nil {
			return r.failed(err, nil)
		}
	}
	return r.advance(ctx, p)
}

func reply(request Packet, data []byte) []byte {
	return Packet{Code: CodeResponse, Identifier: request.Identifier, Type: request.Type, Expanded: request.Expanded, Data: data}.Encode()
}

func (r *run) find(t Type) Method {
	for _, m := range r.methods {
		if m.Type() == t {
			return m
		}
	}
	return nil
}

// advance gives the method a request.
func (r *peerRun) advance(ctx context.Context, p Packet) Result {
	step := r.exchange.Step(ctx, Input{Packet: &p, Identifier: p.Identifier})
	switch {
	case step.State == Failed && step.Data == nil:
		return r.failed(step.Err, nil)
	case step.State == Failed:
		r.doomed = AsFailure(p.Type, step.Err)
	case step.Discard || step.Data == nil:
		return r.discarded()
	}
	r.done = step.State == Succeeded
	if r.done {
		r.keep(step.MSK)
	}
	res := r.continuing(reply(p, step.Data))
	res.Content = r.done
	return res
}

// success ends the conversation if the method is done. A server that claims success before has proven nothing; it is not enough
// to ignore that, as nothing better will come.
func (r *peerRun) success(p Packet) Result {
	switch {
	case r.doomed != nil:
		return r.failed(r.doomed, nil)
	case !r.done:
		return r.failed(&Failure{Code: explain.EAPEarlySuccess, Cause: "the server sent EAP-Success before " + r.progress(),
			Action: "do not use this server until it is clear why"}, nil)
	case !r.answersLast(p):
		return r.discarded()
	}
	return r.succeeded()
}

func (r *peerRun) progress() string {
	if r.method == nil {
		return "a method had begun"
	}
	return fmt.Sprintf("%v was done", r.method.Type())
}

// answersLast checks the identifier of EAP-Success: that of our last response (RFC 3748, Section 4.2), or the next number,
// which some servers count on to.
func (r *peerRun) answersLast(p Packet) bool {
	last := r.response[1]
	return p.Identifier == last || p.Identifier == last+1
}

func (r *peerRun) failure() Result {
	if r.doomed != nil {
		return r.failed(r.doomed, nil)
	}
	if r.method == nil && r.refused != 0 {
		return r.failed(&Failure{Code: explain.EAPNoMethod,
			Cause:  fmt.Sprintf("the server wants %v and gives up when it is asked for %s instead", r.refused, names(r.methods)),
			Action: "allow a method on both sides"}, nil)
	}
	return r.failed(&Failure{Code: explain.EAPRejected,
		Cause:  fmt.Sprintf("the server sent EAP-Failure to %q before or after %s", r.identity, r.progress()),
		Action: "look at the log of the server"}, nil)
}
