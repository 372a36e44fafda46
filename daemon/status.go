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

// Status tells everything about this moment.
func (d *Daemon) Status(ctx context.Context) (api.Status, error) {
	s, _, err := d.look(ctx)
	return s, err
}

// look tells everything about this moment, and what SAs have carried by whom they belong to.
func (d *Daemon) look(ctx context.Context) (api.Status, totals, error) {
	d.useLoaded()
	e := d.engine
	var links []supervisor.LinkStatus
	err := e.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) {
		links = d.machine().Status()
		return nil, nil
	})
	if err != nil {
		return api.Status{}, totals{}, err
	}
	carried := e.hub.past() // first: what is removed from here on must not be counted twice
	carried.owned = e.tally.Past()
	sas, stats, err := e.snapshot(ctx)
	if err != nil {
		return api.Status{}, totals{}, err
	}
	d.mu.Lock()
	loaded := d.loaded
	d.mu.Unlock()
	ikePort, natPort := d.world.listener.Ports()
	v := e.view(&carried)
	s := api.Status{
		Version: d.options.Version, Started: d.started, Loaded: loaded, Config: cmp.Or(d.options.Config, d.options.Swanctl),
		Listening: listening(d.running, ikePort, natPort), Dataplane: d.world.name, DataplaneReason: d.world.plane.reason,
		SAs: make([]api.SA, 0, len(sas)), Connections: v.connections(links, sas), Warnings: d.warnings(),
		Process: process(),
	}
	d.attribute(s.Connections)
	for i := range sas {
		s.SAs = append(s.SAs, v.sa(&sas[i]))
	}
	s.Counters = e.counters(stats, e.hub.show(carried))
	return s, carried, nil
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
func (d *Daemon) Pools(context.Context) ([]api.Pool, error) { return d.engine.leases.status(), nil }

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
