// Package trial tries a connection out: brings it up, sends packets through it and sees the counters grow, gives it new keys and
// sees that packets go on. A rekeying that fails hours later is the usual way in which two configurations turn out to differ.
package trial

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"culvert/api"
	"culvert/trial/ping"
)

// A Daemon is what is asked; *api.Client is one.
type Daemon interface {
	Status(context.Context) (api.Status, error)
	Up(context.Context, api.Command, func(api.Event)) error
	Rekey(context.Context, api.Command) error
	Reauth(context.Context, api.Command) error
}

// A Host sends echo requests; ping.System is one.
type Host interface {
	// Addresses are those of the host.
	Addresses() ([]netip.Addr, error)
	// Ping sends one echo request and waits for its answer.
	Ping(context.Context, ping.Echo) (time.Duration, error)
}

// A Plan says what is tried.
type Plan struct {
	Target   api.Target
	Ping     netip.Addr // invalid: an address that can be found
	Rekey    bool
	Reauth   bool
	MTU      bool
	Timeout  time.Duration // of each command to the daemon
	Patience time.Duration // for the effect of a command, and for an answer
}

// Verdict is what became of a step.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Failed  Verdict = "failed"
	Unknown Verdict = "unknown" // it could not be tried
)

// A Step is one that was tried.
type Step struct {
	Name    string  `json:"step"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
	Seconds float64 `json:"seconds"`
	// Err is why it failed, if the daemon has said so.
	Err error `json:"-"`
}

// A trial is one run of a plan.
type trial struct {
	Plan
	ctx    context.Context
	daemon Daemon
	host   Host
	each   func(Step)
	failed error
}

// errFailed is a failure that no command of the daemon has reported.
var errFailed = errors.New("a step failed")

// Run carries a plan out, and tells each step. The error is the first failure.
func Run(ctx context.Context, d Daemon, h Host, p Plan, each func(Step)) error {
	t := &trial{Plan: p, ctx: ctx, daemon: d, host: h, each: each}
	if !t.step("up", t.up) {
		return t.failed
	}
	t.step("traffic", t.traffic)
	if p.MTU {
		t.step("MTU", t.mtu)
	}
	if p.Rekey && p.Target.Child == "" {
		t.step("rekey the IKE SA", t.rekeyIKE)
		t.step("traffic after it", t.traffic)
	}
	if p.Rekey {
		t.step("rekey the children", t.rekeyChildren)
		t.step("traffic after it", t.traffic)
	}
	if p.Reauth {
		t.step("reauthentication", t.reauth)
		t.step("traffic after it", t.traffic)
	}
	return t.failed
}

// step does one thing, tells what became of it, and returns whether it has not failed.
func (t *trial) step(name string, do func() (Verdict, string, error)) bool {
	if err := t.ctx.Err(); err != nil {
		t.failed = err
		return false
	}
	begun := time.Now()
	verdict, text, err := do()
	if err != nil {
		verdict, text = Failed, err.Error()
	}
	if verdict == Failed && t.failed == nil {
		if t.failed = err; err == nil {
			t.failed = errFailed
		}
	}
	t.each(Step{Name: name, Verdict: verdict, Text: text, Seconds: time.Since(begun).Seconds(), Err: err})
	return verdict != Failed
}

// command is one for the daemon about the target.
func (t *trial) command(l api.Layer) api.Command {
	return api.Command{Target: t.Target, Layer: l, TimeoutSeconds: t.Timeout.Seconds()}
}
