package eap

import (
	"context"
	"errors"

	"culvert/secret"
)

// scripted is a method that plays steps, one after the other; the last one for ever.
type scripted struct {
	kind   Type
	claims Properties
	steps  []Step
	begin  error
	closed *int
}

func (m scripted) Type() Type             { return m.kind }
func (m scripted) Properties() Properties { return m.claims }

func (m scripted) Begin(Session, string) (Exchange, error) { return &play{m, 0}, m.begin }

type play struct {
	scripted
	at int
}

func (p *play) Step(context.Context, Input) Step {
	step := p.steps[min(p.at, len(p.steps)-1)]
	p.at++
	return step
}

func (p *play) Close() {
	if p.closed != nil {
		*p.closed++
	}
}

var errScripted = errors.New("the script says so")

// key is an MSK.
func key() secret.Bytes {
	b := make([]byte, 64)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

var (
	mutual   = Properties{Mutual: true, Keys: true, Guarded: true}
	asks     = Step{Data: []byte("ask")}
	answers  = Step{Data: []byte("answer")}
	discards = Step{Discard: true}
)

// done is the last step of a method on either side.
func done() Step { return Step{State: Succeeded, Data: []byte("done"), MSK: key(), Identity: "carol"} }

func client(kind Type, steps ...Step) scripted {
	return scripted{kind: kind, claims: mutual, steps: steps}
}
