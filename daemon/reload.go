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
	r := api.Reloaded{}
	_ = old
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
