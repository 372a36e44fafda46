package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	return d.until(ctx, t, func(now time.Time) ([]supervisor.Action, error) {
		return d.machine().Up(now, t.Connection, t.Child)
	}, func() bool { return d.machine().IsUp(t.Connection, t.Child) }, attemptFailure)
}

// Down closes a target and returns when it is gone.
func (d *Daemon) Down(ctx context.Context, t api.Target) error {
	spi, err := parseSPI(t.SA)
	if err != nil {
		return err
	}
	return d.until(ctx, t, func(now time.Time) ([]supervisor.Action, error) {
		return d.machine().Down(now, t.Connection, t.Child, spi)
	}, func() bool { return d.machine().IsDown(t.Connection, t.Child, spi) }, neverFails)
}

// Rekey gives new keys to IKE SAs or children and returns when they are in use.
func (d *Daemon) Rekey(ctx context.Context, t api.Target, what api.Layer) error {
	spi, err := parseSPI(t.SA)
	if err != nil {
		return err
	}
	kind := ike.NewsRekeyed
	if what == api.LayerChild {
		kind = ike.NewsChildRekeyed
	}
	asked, seen := 1, 0 // of the supervisor's goroutine
	return d.until(ctx, t, func(now time.Time) ([]supervisor.Action, error) {
		actions, err := d.machine().Rekey(now, t.Connection, t.Child, spi, what == api.LayerChild)
		asked = len(actions)
		return actions, err
	}, func() bool { return seen >= asked }, func(n ike.News) error {
		if n.Kind == kind {
			d.engine.supervisor.box.put(func() { seen++ })
		}
		return anyFailure(n)
	})
}

// Reauth authenticates anew, make before break, and returns when the old IKE SAs are gone.
func (d *Daemon) Reauth(ctx context.Context, t api.Target) error {
	spi, err := parseSPI(t.SA)
	if err != nil {
		return err
	}
	var old []wire.SPI
	return d.until(ctx, t, func(now time.Time) ([]supervisor.Action, error) {
		old = d.machine().Established(t.Connection, spi)
		return d.machine().Reauth(now, t.Connection, spi)
	}, func() bool {
		for _, spi := range old {
			if d.machine().Knows(spi) {
				return false
			}
		}
		return true
	}, attemptFailure)
}

// until has the supervisor begin something and waits until it is reached, or news tell of a failure. begin and reached
// run on the supervisor's goroutine.
func (d *Daemon) until(ctx context.Context, t api.Target, begin func(time.Time) ([]supervisor.Action, error), reached func() bool, failed func(ike.News) error) error {
	look := make(chan struct{}, 1)
	w, cancel := d.engine.hub.wait(func(n ike.News) (bool, error) {
		if n.Connection == nil || n.Connection.Name != t.Connection {
			return false, nil
		}
		if err := failed(n); err != nil {
			return true, err
		}
		select {
		case look <- struct{}{}:
		default:
		}
		return false, nil
	})
	defer cancel()
	if err := d.engine.supervisor.ask(ctx, begin); err != nil {
		return asProblem(err)
	}
	for {
		over := false
		err := d.engine.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) {
			over = reached()
			return nil, nil
		})
		if err != nil || over {
			return err
		}
		select {
		case <-look:
		case err := <-w.done:
			return asProblem(err)
		case <-ctx.Done():
			return ctx.Err()
		case <-d.engine.ctx.Done():
			return errStopped
		}
	}
}

func (d *Daemon) machine() *supervisor.Supervisor { return d.engine.supervisor.machine }

// attemptFailure is news that an attempt of ours, or a child of it, has failed.
func attemptFailure(n ike.News) error {
	if n.Kind == ike.NewsClosed && !n.Initiator {
		return nil
	}
	return anyFailure(n)
}

// anyFailure is news that something failed, whoever began it. What failed for the moment is tried again by itself
// (RFC 7296, Section 2.25).
func anyFailure(n ike.News) error {
	if n.Failure == nil || n.Failure.Code == explain.IKETemporaryFailure {
		return nil
	}
	if n.Kind == ike.NewsFailure || n.Kind == ike.NewsClosed {
		return n.Failure
	}
	return nil
}

func neverFails(ike.News) error { return nil }

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
	if err != nil {
		return 0, api.NewProblem(http.StatusBadRequest, explain.ManageBadRequest, "", "%s is no SPI: hexadecimal digits as `culvert status` shows them", fmt.Sprintf("%q", s))
	}
	return wire.SPI(v), nil
}

// Events is what happens.
func (d *Daemon) Events() *api.Feed[api.Event] { return d.engine.hub.events }

// Log is what is logged.
func (d *Daemon) Log() *api.Feed[api.LogEntry] { return d.lines }
