package carrier

import (
	"context"
	"crypto/tls"
	"fmt"
	"iter"

	"culvert/eap"
)

// An Exchange is one run of a TLS-based method, as eap.Exchange. Its coroutine ends with the program or with Close. How many
// packets there may be is for the machines of package eap, what they may hold for the assembler.
type Exchange struct {
	tunnel  *Tunnel
	server  bool
	started bool
	in      assembler
	out     sender
	resume  func() (struct{}, bool)
	stop    func()
	over    bool      // the program has ended
	verdict *eap.Step // what it has come to; the last step of the turn, when everything is sent
}

// newExchange starts a program, which rests before its first statement.
func newExchange(typ eap.Type, server bool, version uint8, fragment int, program Program) *Exchange {
	e := &Exchange{server: server, out: sender{size: fragment, version: version}}
	e.tunnel = &Tunnel{stream: &stream{}, typ: typ, settle: e.settle}
	e.resume, e.stop = iter.Pull(func(yield func(struct{}) bool) {
		e.tunnel.stream.rest = func() bool { return yield(struct{}{}) }
		outcome, err := program(e.tunnel)
		e.over = true
		if err != nil {
			step := eap.Fail(failure(typ, err))
			e.verdict = &step
		} else {
			e.settle(outcome)
		}
	})
	return e
}

// settle notes that the program is content with the other side.
func (e *Exchange) settle(o Outcome) {
	e.verdict = &eap.Step{State: eap.Succeeded, MSK: o.MSK, Identity: o.Identity, Grant: o.Grant}
}

// attach gives the exchange its TLS connection.
func (e *Exchange) attach(config *tls.Config) {
	if e.server {
		e.tunnel.conn = tls.Server(e.tunnel.stream, config)
	} else {
		e.tunnel.conn = tls.Client(e.tunnel.stream, config)
	}
}

// Step takes the packet that arrived. It has the contract of eap.Exchange.
func (e *Exchange) Step(ctx context.Context, in eap.Input) eap.Step {
	if in.Packet == nil {
		return eap.Step{Data: frame{start: true, version: e.out.version}.append(nil)}
	}
	f, err := parseFrame(in.Packet.Data)
	if err == nil {
		err = e.expect(f)
	}
	if err != nil {
		return e.broken(err)
	}
	if e.out.pending() {
		return e.send()
	}
	if f.start {
		f.data = nil // TLVs outside of the tunnel, which nobody protects
	}
	message, whole, err := e.in.add(f)
	switch {
	case err != nil:
		return e.broken(err)
	case !whole:
		return eap.Step{Data: e.out.empty()}
	}
	return e.turn(ctx, message)
}

// expect checks what frame may come now.
func (e *Exchange) expect(f frame) error {
	start := !e.server && !e.started
	e.started = true
	switch {
	case f.start && !start:
		return fmt.Errorf("%w: a start in the middle", ErrFraming)
	case start && !f.start:
		return fmt.Errorf("%w: no start", ErrFraming)
	case e.out.pending() && !f.acknowledges():
		return fmt.Errorf("%w: data while fragments are on the way", ErrFraming)
	case e.server && e.tunnel.typ != eap.TypeTLS && f.version != e.out.version:
		return fmt.Errorf("%w: version %d, which was not offered", ErrFraming, f.version)
	}
	return nil
}

// turn lets the program work on a message. A server whose program has ended has waited for the message only.
func (e *Exchange) turn(ctx context.Context, message []byte) eap.Step {
	switch {
	case e.over && e.verdict != nil:
		return e.end(nil)
	case e.over:
		return eap.Fail(failure(e.tunnel.typ, errEnded))
	}
	e.drop()
	e.tunnel.ctx = ctx
	e.tunnel.stream.in.Write(message)
	if !e.server {
		e.tunnel.keys.hear(message)
	}
	e.resume()
	out := e.tunnel.stream.take()
	if e.server {
		e.tunnel.keys.hear(out)
	}
	e.out.load(out)
	if e.out.pending() {
		return e.send()
	}
	return e.silent(len(message) == 0)
}

// end returns the verdict and gives away what it holds.
func (e *Exchange) end(data []byte) eap.Step {
	last := *e.verdict
	last.Data = data
	e.verdict = nil
	return last
}

// drop forgets a verdict that nobody has fetched.
func (e *Exchange) drop() {
	if e.verdict != nil {
		e.verdict.MSK.Clear()
	}
	e.verdict = nil
}

// send returns the next fragment. With the last one a client says what it has come to; a server waits until the other side has
// read it, an alert for example (RFC 5216, Section 2.1.3).
func (e *Exchange) send() eap.Step {
	data := e.out.next()
	if e.out.pending() || e.verdict == nil || e.server {
		return eap.Step{Data: data}
	}
	return e.end(data)
}

// silent is the end of a turn in which the program had nothing to send. One that gets nothing and gives nothing would go on
// for ever.
func (e *Exchange) silent(gotNothing bool) eap.Step {
	switch {
	case e.verdict != nil && e.server:
		return e.end(nil)
	case e.verdict != nil:
		return e.end(e.out.empty())
	case gotNothing:
		return e.broken(fmt.Errorf("%w: an empty message where data has to follow", ErrFraming))
	}
	return eap.Step{Data: e.out.empty()}
}

// broken ends the run because the other side does not follow the rules.
func (e *Exchange) broken(err error) eap.Step {
	e.Close()
	return eap.Fail(failure(e.tunnel.typ, err))
}

// Close ends the program, and clears the key that nobody has fetched.
func (e *Exchange) Close() {
	e.over = true
	e.stop()
	e.drop()
	e.tunnel.keys.clear()
	e.out.load(nil)
}
