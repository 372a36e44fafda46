package daemon

import (
	"context"
	"time"

	"culvert/api"
	"culvert/supervisor"
)

// Install has packets of children bring them up.
func (d *Daemon) Install(ctx context.Context, t api.Target) error {
	d.useLoaded()
	return asProblem(d.engine.supervisor.ask(ctx, func(now time.Time) ([]supervisor.Action, error) {
		return d.machine().Install(now, t.Connection, t.Child)
	}))
}

// Uninstall takes traps away.
func (d *Daemon) Uninstall(ctx context.Context, t api.Target) error {
	d.useLoaded()
	return asProblem(d.engine.supervisor.ask(ctx, func(now time.Time) ([]supervisor.Action, error) {
		return d.machine().Uninstall(now, t.Connection, t.Child)
	}))
}
