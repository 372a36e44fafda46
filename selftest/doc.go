// Package selftest tries whether what is built into this program computes what it should on this machine: every algorithm against
// answers that are known beforehand, whole handshakes with packets through their tunnels, seal and open of ESP, and the source of
// randomness.
//
// The known answers (known.json) come from another implementation: Python's cryptography 48.0.0 with OpenSSL, and for what that lacks (XCBC, the
// key schedule, MODP groups) the formulas of the RFCs in Python.
package selftest

import (
	"context"
	"time"
)

// A Test tries one thing.
type Test struct {
	Kind string // "known answers", "handshake"
	Name string
	Try  func() error // nil when it passes
}

// A Result is what became of a test.
type Result struct {
	Kind    string  `json:"kind"`
	Name    string  `json:"name"`
	Passed  bool    `json:"passed"`
	Reason  string  `json:"reason,omitempty" doc:"Why it did not pass"`
	Seconds float64 `json:"seconds"`
}

// Tests are all there are.
func Tests() ([]Test, error) {
	known, err := readKnown()
	if err != nil {
		return nil, err
	}
	list := append(known.tests(), agreements()...)
	list = append(list, randomness()...)
	list = append(list, loops()...)
	return append(list, handshakes()...), nil
}

// Run runs the tests one after the other until ctx ends, and tells each what has become of them.
func Run(ctx context.Context, tests []Test, each func(Result)) {
	for _, t := range tests {
		if ctx.Err() != nil {
			return
		}
		begun := time.Now()
		err := t.Try()
		r := Result{Kind: t.Kind, Name: t.Name, Passed: err == nil, Seconds: time.Since(begun).Seconds()}
		if err != nil {
			r.Reason = err.Error()
		}
		each(r)
	}
}
