package daemon

import (
	"context"
	"strings"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/supervisor"
)

// Reload reads the configuration again and applies the difference.
func (d *Daemon) Reload(ctx context.Context) (api.Reloaded, error) {
	d.tokens.forget(true)
	return d.reloadWith(ctx, func(*sources) error {
		if t := d.trial.Load(); t != nil {
			return t.busy()
		}
		return nil
	})
}

// reloadWith changes what the configuration is made of, reads all of it again and applies the difference. If the change fails,
// the configuration has errors or the data plane cannot carry it, nothing is changed.
func (d *Daemon) reloadWith(ctx context.Context, change func(*sources) error) (r api.Reloaded, err error) {
	err = d.exclusively(ctx, func() error {
		next := d.sources
		if err := change(&next); err != nil {
			return err
		}
		r, err = d.adopt(next)
		return err
	})
	return r, err
}

// exclusively does something while nobody else changes what the configuration is made of. If it lacks something that is in a token,
// whoever else may have a turn while the token is read; then it is done again, so it must not have done anything by then.
func (d *Daemon) exclusively(ctx context.Context, do func() error) error {
	const mostTurns = 8 // keys of a tree, its certificates, those of the main file, and others' changes in between
	for turn := 1; ; turn++ {
		d.reloading.Lock()
		err := do()
		missing := d.tokens.take()
		d.reloading.Unlock()
		if len(missing) == 0 || turn == mostTurns {
			return err
		}
		if err := readAll(ctx, missing); err != nil {
			return err
		}
	}
}

// adopt has the configuration of other sources count. The caller holds reloading.
func (d *Daemon) adopt(next sources) (api.Reloaded, error) {
	cfg, diagnostics := next.load(time.Now())
	if cfg == nil {
		return api.Reloaded{}, diagnostics.Err()
	}
	if err := d.world.plane.fits(cfg); err != nil {
		return api.Reloaded{}, err
	}
	d.mu.Lock()
	before := d.config
	d.mu.Unlock()
	if err := d.configure(cfg); err != nil {
		return api.Reloaded{}, err
	}
	d.sources = next
	d.deferred.over()
	r := d.told(before, cfg, diagnostics)
	d.engine.hub.events.Publish(api.Event{Time: time.Now(), Kind: api.EventReloaded, Text: "another configuration is in use"})
	d.engine.log.Info("configuration read again", "added", len(r.Added), "removed", len(r.Removed), "changed", len(r.Changed))
	return r, nil
}

// told tells people what differs, and what deserves a look. Options of the process count since it was started.
func (d *Daemon) told(before, cfg *config.Config, found config.Diagnostics) api.Reloaded {
	started := *before
	started.Daemon = d.running
	r := reloaded(config.Diff(&started, cfg))
	for _, w := range found.Concern() {
		r.Warnings = append(r.Warnings, api.Warning{Code: w.Code, Text: w.Message, Action: w.Hint})
	}
	return r
}

// Check reads the configuration as Reload would, and changes nothing.
func (d *Daemon) Check(context.Context) config.Diagnostics {
	d.reloading.Lock()
	current := d.sources.waiting()
	d.reloading.Unlock()
	_, diagnostics := current.load(time.Now())
	return diagnostics
}

// configure gives a configuration to pools, shards and supervisor, or to none of them.
func (d *Daemon) configure(cfg *config.Config) error {
	if err := d.engine.radius.configure(cfg.RADIUS, accountsOf(cfg)); err != nil {
		return err
	}
	if err := d.engine.leases.configure(cfg.Pools); err != nil {
		return err
	}
	connections := Connections(cfg, d.running.Port, d.equip)
	set := ike.NewConnections(connections...)
	for _, l := range d.engine.shards {
		l.box.put(ike.SetConnections{Connections: set})
	}
	d.mu.Lock()
	d.config, d.loaded = cfg, time.Now()
	d.engine.tally.Configured(namesOf(cfg))
	d.mu.Unlock()
	d.level.Set(cfg.Daemon.LogLevel)
	d.permit(cfg)
	d.engine.webhooks.configure(cfg.Webhooks)
	d.engine.telemetry.configure(cfg.Telemetry)
	return d.engine.supervisor.ask(d.engine.ctx, func(now time.Time) ([]supervisor.Action, error) {
		return d.machine().Configure(now, connections, policiesOf(cfg)), nil
	})
}

// policiesOf translates configured bypass and discard policies.
func policiesOf(cfg *config.Config) []dataplane.Policy {
	list := make([]dataplane.Policy, len(cfg.Policies))
	for i, p := range cfg.Policies {
		list[i] = dataplane.Policy{Name: p.Name, Action: p.Action, Local: p.Local, Remote: p.Remote, Priority: p.Priority}
	}
	return list
}

// reloaded tells people what a difference is about.
func reloaded(d *config.Difference) api.Reloaded {
	r := api.Reloaded{Added: []string{}, Removed: []string{}, Changed: []string{}, Restart: []string{}}
	for _, kind := range []struct {
		name    string
		changes config.Changes
	}{{"connection", d.Connections}, {"child", d.Children}, {"pool", d.Pools}, {"secret", d.Secrets}, {"ppk", d.PPKs}, {"policy", d.Policies},
		{"radius", d.RADIUS}, {"radius server", d.Servers}, {"webhook", d.Webhooks}, {"authority", d.Authorities}, {"pkcs11_module", d.Modules}, {"users", d.Users}, {"user", d.Accounts}, {"role", d.Roles}} {
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
		if !live(option) {
			r.Restart = append(r.Restart, "daemon."+option)
		}
	}
	for _, option := range d.Process {
		if liveProcess(option) {
			r.Changed = append(r.Changed, option)
		} else {
			r.Restart = append(r.Restart, option)
		}
	}
	return r
}

// liveProcess tells whether an option of a block about the whole process takes effect without a restart.
func liveProcess(option string) bool {
	return strings.HasPrefix(option, "telemetry.") || strings.HasPrefix(option, "api.") && option != "api.listen" && option != "api.web"
}

// live tells whether an option of the daemon takes effect without a restart.
func live(option string) bool {
	return option == "log_level" || strings.HasPrefix(option, "retransmit.")
}

// namesOf are those of the connections.
func namesOf(cfg *config.Config) []string {
	names := make([]string, 0, len(cfg.Connections))
	for _, c := range cfg.Connections {
		names = append(names, c.Name)
	}
	return names
}
