package keystore

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"culvert/keystore/token"
)

// A Module is a PKCS #11 library, by the name that the configuration has for it.
type Module struct {
	Name         string
	Path         string // absolute
	Certificates bool   // those in its tokens are used without being named
}

// A Certificate is one in a token.
type Certificate struct {
	DER     []byte
	Trusted bool // by the token, or the token does not say
	Module  string
	ID      []byte
}

// candidates are conversations with the modules that an object may be in.
func (s Store) candidates(n name) ([]*conversation, error) {
	modules, err := s.modules(n)
	if err != nil {
		return nil, err
	}
	program, err := s.helper()
	if err != nil {
		return nil, err
	}
	list := make([]*conversation, len(modules))
	for i, m := range modules {
		o := n.object
		o.Module = m.Path
		list[i] = &conversation{program: program, object: o, pin: bytes.Clone(n.pin), limit: cmp.Or(s.Patience, patience)}
	}
	return list, nil
}

// modules are those that a name allows: the one that it names, or all that are known.
func (s Store) modules(n name) ([]Module, error) {
	switch {
	case n.object.Module != "":
		return []Module{{Path: n.object.Module}}, nil
	case n.module != "":
		i := slices.IndexFunc(s.Modules, func(m Module) bool { return m.Name == n.module })
		if i < 0 {
			return nil, fmt.Errorf("there is no PKCS #11 module %q%s", n.module, s.known())
		}
		return s.Modules[i : i+1], nil
	case len(s.Modules) == 0:
		return nil, errors.New("PKCS #11 URI: module-path is missing, the shared library of the token's maker, and no module is configured that could be searched")
	}
	return s.Modules, nil
}

// known names the modules that there are.
func (s Store) known() string {
	if len(s.Modules) == 0 {
		return ": none is configured"
	}
	names := make([]string, len(s.Modules))
	for i, m := range s.Modules {
		names[i] = m.Name
	}
	return ": there are " + strings.Join(names, ", ")
}

// locate finds the module and the token that have an object.
func (s Store) locate(n name) (*conversation, error) {
	list, err := s.candidates(n)
	if err != nil {
		return nil, err
	}
	c, answer, err := first(list, token.Find)
	if err != nil {
		return nil, err
	}
	// The PIN is for this token and no other, wherever it is put in next.
	c.object.Token, c.object.Serial = answer.Place.Token, answer.Place.Serial
	return c, nil
}

// A reply is what a conversation has come to.
type reply struct {
	from   *conversation
	answer token.Response
	err    error
}

// grace is how long the other modules may still take once one has what is looked for.
const grace = time.Second

// first asks several modules the same at once, and returns the first of them that has an answer; the others are left.
func first(list []*conversation, op token.Op) (*conversation, token.Response, error) {
	replies := make(chan reply, len(list))
	for _, c := range list {
		go func() {
			answer, err := c.ask(token.Request{Op: op})
			replies <- reply{c, answer, err}
		}()
	}
	got := make(map[*conversation]reply, len(list))
	var late <-chan time.Time
	for len(got) < len(list) {
		select {
		case r := <-replies:
			if got[r.from] = r; r.err == nil && late == nil {
				late = time.After(grace)
			}
			continue
		case <-late:
		}
		break
	}
	return choose(list, got)
}

// choose takes the first module that has an answer, and ends the other conversations.
func choose(list []*conversation, got map[*conversation]reply) (chosen *conversation, answer token.Response, err error) {
	var failures []error
	for _, c := range list {
		r, answered := got[c]
		if answered && r.err == nil && chosen == nil {
			chosen, answer = c, r.answer
			continue
		}
		failures = append(failures, r.err)
		go c.stop() // one that still talks is over at its limit
	}
	if chosen == nil {
		return nil, answer, notFound(failures)
	}
	return chosen, answer, nil
}

// A search is why no module has an object.
type search []error

func (s search) Unwrap() []error { return s }

func (s search) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// notFound puts modules that are broken before those that only do not have the object.
func notFound(failures []error) error {
	slices.SortStableFunc(failures, func(a, b error) int { return cmp.Compare(absence(a), absence(b)) })
	return search(failures)
}

// absence is 1 for errors that only say that something is not there.
func absence(err error) int {
	if known, ok := errors.AsType[*token.Error](err); ok && known.Failure == token.Absent {
		return 1
	}
	return 0
}
