package daemon

import (
	"context"
	"time"

	"culvert/api"
	"culvert/config"
)

// Reload reads the configuration again and applies the difference. One with errors is refused whole, and the running one
// stays.
func (d *Daemon) Reload(context.Context) (api.Reloaded, error) {
	cfg, diagnostics := config.System(time.Now()).Load(d.options.Config)
	if cfg == nil {
		return api.Reloaded{}, diagnostics.Err()
	}
	d.mu.Lock()
	old := d.config
	d.mu.Unlock()
	if err := d.configure(cfg); err != nil {
		return api.Reloaded{}, err
	}
	r := reloaded(config.Diff(old, cfg))
	for _, w := range diagnostics {
		r.Warnings = append(r.Warnings, api.Warning{Code: w.Code, Text: w.Message, Action: w.Hint})
	}
	d.engine.hub.events.Publish(api.Event{Time: d.engine.clock.now(), Kind: api.EventReloaded, Text: "another configuration is in use"})
	d.engine.log.Info("configuration read again", "added", len(r.Added), "removed", len(r.Removed), "changed", len(r.Changed))
	return r, nil
}

// Check reads the configuration as Reload would, and changes nothing.
func (d *Daemon) Check(context.Context) config.Diagnostics {
	_, diagnostics := config.System(time.Now()).Load(d.options.Config)
	return diagnostics
}

// reloaded tells people what a difference is about.
func reloaded(d *config.Difference) api.Reloaded {
	r := api.Reloaded{Added: []string{}, Removed: []string{}, Changed: []string{}, Restart: []string{}}
	for _, kind := range []struct {
		name    string
		changes config.Changes
	}{{"connection", d.Connections}, {"child", d.Children}, {"pool", d.Pools}, {"secret", d.Secrets}, {"policy", d.Policies}} {
		for _, name := range kind.changes.Added {
			r.Added = append(r.Added, kind.name+" "+name)
		}
		for _, name := range kind.changes.Removed {
			r.Removed = append(r.Removed, kind.name+" "+name)
		}
		for _, c := range kind.changes.Changed {
			r.Changed = append(r.Changed, kind.name+" "+c.Name)
		}
	}
	for _, option := range d.Daemon {
		if option != "log_level" {
			r.Restart = append(r.Restart, "daemon."+option)
		}
	}
	return r
}
