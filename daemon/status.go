package daemon

import (
	"cmp"
	"context"
	"os"
	"runtime"
	runtimemetrics "runtime/metrics"
	"time"

	"culvert/api"
	"culvert/ike"
	"culvert/supervisor"
)

// A moment is what all there is was at one moment, before it is put into words. Several may look at it.
type moment struct {
	links   []supervisor.LinkStatus
	sas     []ike.SAStatus
	stats   ike.Stats
	carried totals // by what was gone already
}

// Status tells everything about this moment.
func (d *Daemon) Status(ctx context.Context) (api.Status, error) {
	s, _, err := d.look(ctx)
	return s, err
}

// look tells everything about this moment, and what SAs have carried by whom they belong to.
func (d *Daemon) look(ctx context.Context) (api.Status, totals, error) {
	found, err := d.looks.Ask(ctx, d.whole)
	return found.status, found.carried, err
}

// A found is what was found at one moment, which all share who have asked for it.
type found struct {
	status  api.Status
	carried totals
}

// whole looks at everything.
func (d *Daemon) whole(ctx context.Context) (f found, err error) {
	m, err := d.moment(ctx)
	if err != nil {
		return f, err
	}
	v := d.engine.wide(&m.carried)
	f.status = d.bare(v, m)
	f.status.SAs = make([]api.SA, 0, len(m.sas))
	for i := range m.sas {
		f.status.SAs = append(f.status.SAs, v.sa(&m.sas[i]))
	}
	f.status.Counters = d.engine.counters(m.stats, d.engine.hub.show(m.carried))
	f.carried = m.carried
	return f, nil
}

// Overview tells everything about this moment but the SAs, of which it has sums.
func (d *Daemon) Overview(ctx context.Context) (api.Overview, error) {
	return d.overviews.Ask(ctx, d.sums)
}

// sums looks at everything, and adds SAs up without putting them into words.
func (d *Daemon) sums(ctx context.Context) (api.Overview, error) {
	m, err := d.moment(ctx)
	if err != nil {
		return api.Overview{}, err
	}
	v := d.engine.wide(&m.carried)
	status := d.bare(v, m)
	sum := api.NewSummary(&status, time.Now())
	var sa api.SA
	for i := range m.sas {
		v.brief(&m.sas[i], &sa)
		sum.Add(&sa)
	}
	sum.Counters = d.engine.counters(m.stats, d.engine.hub.show(m.carried))
	return sum.Overview, nil
}

// moment asks everybody.
func (d *Daemon) moment(ctx context.Context) (m moment, err error) {
	d.useLoaded()
	e := d.engine
	var links []supervisor.LinkStatus
	err = e.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) {
		links = d.machine().Status()
		return nil, nil
	})
	if err != nil {
		return m, err
	}
	m.links = links
	m.carried = e.hub.past() // first: what is removed from here on must not be counted twice
	m.carried.owned = e.tally.Past()
	m.sas, m.stats, err = e.snapshot(ctx)
	return m, err
}

// bare is a status without SAs and counters.
func (d *Daemon) bare(v view, m moment) api.Status {
	d.mu.Lock()
	loaded := d.loaded
	d.mu.Unlock()
	ikePort, natPort := d.world.listener.Ports()
	s := api.Status{
		Version: d.options.Version, Started: d.started, Loaded: loaded, Config: cmp.Or(d.options.Config, d.options.Swanctl),
		Listening: listening(d.running, ikePort, natPort), Dataplane: d.world.name, DataplaneReason: d.world.plane.reason,
		Connections: v.connections(m.links, m.sas), Warnings: d.warnings(), Process: process(),
	}
	d.attribute(s.Connections)
	return s
}

// process asks the runtime.
func process() api.Process {
	list := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(list)
	return api.Process{PID: os.Getpid(), Heap: list[0].Value.Uint64(), Goroutines: runtime.NumGoroutine()}
}

// snapshot asks every shard for its SAs and counters.
func (e *engine) snapshot(ctx context.Context) ([]ike.SAStatus, ike.Stats, error) {
	var all []ike.SAStatus
	var total ike.Stats
	for _, l := range e.shards {
		var list []ike.SAStatus
		var stats ike.Stats
		if err := l.ask(ctx, func() { list, stats = l.shard.Status(), l.shard.Stats() }); err != nil {
			return nil, total, err
		}
		all = append(all, list...)
		total.Add(stats)
	}
	return all, total, nil
}

// Pools tells about address pools and their leases.
func (d *Daemon) Pools(context.Context) ([]api.Pool, error) {
	d.useLoaded()
	return d.engine.leases.status(), nil
}

// counters are totals since the start, by name; docs/logging.md lists them.
func (e *engine) counters(stats ike.Stats, carried totals) map[string]uint64 {
	m := map[string]uint64{
		"esp_in_bytes": carried.in.Bytes, "esp_in_packets": carried.in.Packets,
		"esp_out_bytes": carried.out.Bytes, "esp_out_packets": carried.out.Packets,
	}
	for name, n := range map[string]uint64{"ike_dropped_overflow": e.hub.overflows.Load(), "events_withheld": e.hub.withheld.Load()} {
		if n > 0 {
			m[name] = n
		}
	}
	for name, n := range stats.All {
		if n > 0 {
			m[name] = n
		}
	}
	e.world.count(m)
	e.radius.count(m)
	e.telemetry.count(m)
	return m
}
