package daemon

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"culvert/api"
	"culvert/explain"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/wire"
)

// Up brings up a target and returns when it is up or an attempt has failed; the daemon goes on trying if the connection is
// configured so.
func (d *Daemon) Up(ctx context.Context, t api.Target) error {
	return d.pursue(ctx, pursuit{
		begin:   func(now time.Time) ([]supervisor.Action, error) { return d.machine().Up(now, t.Connection, t.Child) },
		see:     attempts(t.Connection, t.Child),
		reached: func() bool { return d.machine().IsUp(t.Connection, t.Child) },
	})
}

// Down closes a target and returns when it is gone.
func (d *Daemon) Down(ctx context.Context, t api.Target) error {
	spi, err := parseSPI(t.SA)
	if err != nil {
		return err
	}
	var old []wire.SPI
	return d.pursue(ctx, pursuit{
		begin: func(now time.Time) ([]supervisor.Action, error) {
			old = d.machine().Established(t.Connection, spi)
			return d.machine().Down(now, t.Connection, t.Child, spi)
		},
		see: endings,
		reached: func() bool {
			if t.Child != "" && spi == 0 {
				return d.machine().IsDown(t.Connection, t.Child, 0)
			}
			return d.gone(old)
		},
	})
}

// Reauth authenticates anew, make before break, and returns when the old IKE SAs are gone. Either side may close them: a peer
// whose peers have one IKE SA each does so as soon as the new one is up.
func (d *Daemon) Reauth(ctx context.Context, t api.Target) error {
	spi, err := parseSPI(t.SA)
	if err != nil {
		return err
	}
	var old []wire.SPI
	see := attempts(t.Connection, "")
	return d.pursue(ctx, pursuit{
		begin: func(now time.Time) ([]supervisor.Action, error) {
			old = d.machine().Established(t.Connection, spi)
			return d.machine().Reauth(now, t.Connection, spi)
		},
		see: func(n ike.News) (bool, error) {
			if n.Kind == ike.NewsClosed && slices.Contains(old, n.SA) {
				return true, nil
			}
			return see(n)
		},
		reached: func() bool { return d.gone(old) && len(d.machine().Established(t.Connection, 0)) > 0 },
	})
}

// Rekey gives new keys to IKE SAs or children and returns when they are in use.
func (d *Daemon) Rekey(ctx context.Context, t api.Target, what api.Layer) error {
	spi, err := parseSPI(t.SA)
	if err != nil {
		return err
	}
	r := &rekeying{child: t.Child}
	return d.pursue(ctx, pursuit{
		begin: func(now time.Time) ([]supervisor.Action, error) {
			actions, err := d.machine().Rekey(now, t.Connection, t.Child, spi, what == api.LayerChild)
			r.begin(actions)
			return actions, err
		},
		see:     r.see,
		reached: r.done,
	})
}

func (d *Daemon) pursue(ctx context.Context, p pursuit) error {
	d.useLoaded()
	return asProblem(d.engine.supervisor.pursue(ctx, p))
}

// gone tells whether the supervisor has forgotten IKE SAs.
func (d *Daemon) gone(sas []wire.SPI) bool { return !slices.ContainsFunc(sas, d.machine().Knows) }

func (d *Daemon) machine() *supervisor.Supervisor { return d.engine.supervisor.machine }

// endings are news that something has ended.
func endings(n ike.News) (bool, error) {
	return n.Kind == ike.NewsClosed || n.Kind == ike.NewsChildDown, nil
}

// attempts are news of a connection, and of failures of ours to bring up a child, or any if none is named.
func attempts(connection, child string) func(ike.News) (bool, error) {
	return func(n ike.News) (bool, error) {
		if n.Connection == nil || n.Connection.Name != connection {
			return false, nil
		}
		return true, attemptFailure(n, child)
	}
}

// attemptFailure is news that an attempt of ours has failed, or the child that is named, or any if none is.
func attemptFailure(n ike.News, child string) error {
	switch {
	case n.Failure == nil || byItself(n.Failure):
	case n.Kind == ike.NewsClosed && n.Initiator:
		return n.Failure
	case n.Kind == ike.NewsFailure && n.Child == nil && n.Initiator:
		return n.Failure
	case n.Kind == ike.NewsFailure && n.Child != nil && (child == "" || child == n.Child.Name):
		return n.Failure
	}
	return nil
}

// byItself tells whether what failed is tried again at once, without a new attempt (RFC 7296, Section 2.25; RFC 9329, Section 5.1).
func byItself(f *ike.Failure) bool {
	return f.Code == explain.IKETemporaryFailure || f.Code == explain.IKEUDPSilent || f.Code == explain.IKERedirected
}

// asProblem gives an error of the engine the form in which it is shown.
func asProblem(err error) error {
	var f *ike.Failure
	if !errors.As(err, &f) {
		return err
	}
	p := problem(f)
	if f.Code == explain.ManageNotFound || f.Code == explain.IKENoSuchSA {
		p.Status = http.StatusNotFound
	}
	return p
}

// parseSPI reads an SPI as a command has it; none is 0.
func parseSPI(s string) (wire.SPI, error) {
	if s == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(s, 16, 64)
	if err != nil || v == 0 {
		return 0, api.NewProblem(http.StatusBadRequest, explain.ManageBadRequest, "", "%q is no SPI: hexadecimal digits as `culvert status` shows them", s)
	}
	return wire.SPI(v), nil
}

// Events is what happens.
func (d *Daemon) Events() *api.Feed[api.Event] { return d.engine.hub.events }

// Log is what is logged.
func (d *Daemon) Log() *api.Feed[api.LogEntry] { return d.lines }
