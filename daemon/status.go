package daemon

import (
	"context"
	"fmt"
	"slices"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/supervisor"
)

// Status tells everything about this moment.
func (d *Daemon) Status(ctx context.Context) (api.Status, error) {
	var links []supervisor.LinkStatus
	err := d.engine.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) {
		links = d.machine().Status()
		return nil, nil
	})
	if err != nil {
		return api.Status{}, err
	}
	sas, counters, err := d.engine.snapshot(ctx)
	if err != nil {
		return api.Status{}, err
	}
	d.mu.Lock()
	cfg, loaded := d.config, d.loaded
	d.mu.Unlock()
	s := api.Status{
		Version: d.options.Version, Started: d.started, Loaded: loaded, Config: d.options.Config,
		Listening: listening(cfg.Daemon, d.world), Dataplane: d.world.name, SAs: []api.SA{}, Connections: []api.Connection{},
		Counters: counters,
	}
	for _, sa := range sas {
		s.SAs = append(s.SAs, d.saStatus(sa))
	}
	for _, l := range links {
		s.Connections = append(s.Connections, connectionStatus(l, sas))
	}
	for _, w := range d.world.warnings() {
		s.Warnings = append(s.Warnings, api.Warning{Text: w.Error()})
	}
	return s, nil
}

// snapshot asks every shard for its SAs and counters.
func (e *engine) snapshot(ctx context.Context) ([]ike.SAStatus, map[string]uint64, error) {
	var all []ike.SAStatus
	var total ike.Stats
	for _, l := range e.shards {
		var list []ike.SAStatus
		var stats ike.Stats
		if err := l.ask(ctx, func() { list, stats = l.shard.Status(), l.shard.Stats() }); err != nil {
			return nil, nil, err
		}
		all = append(all, list...)
		total.Add(stats)
	}
	return all, e.counters(total), nil
}

func (d *Daemon) saStatus(s ike.SAStatus) api.SA {
	sa := api.SA{
		State: api.SAState(s.State.String()), Initiator: s.Initiator, SPI: spiText(s.LocalSPI), PeerSPI: spiText(s.RemoteSPI),
		Local:  api.Endpoint{Address: s.Path.Local.String(), ID: s.Local, NAT: s.LocalNAT},
		Remote: api.Endpoint{Address: s.Path.Remote.String(), ID: s.Remote, NAT: s.RemoteNAT},
		Suite:  s.Suite, Created: s.Created, Established: when(s.Established), Rekey: when(s.Rekey), Reauth: when(s.Reauth),
		Leases: d.engine.leases.of(s.LocalSPI), Children: []api.Child{},
	}
	if s.Connection != nil {
		sa.Connection = s.Connection.Name
	}
	for _, p := range s.Assigned.Addresses {
		sa.VirtualIPs = append(sa.VirtualIPs, p.Addr().String())
	}
	for _, a := range s.Assigned.DNS {
		sa.DNS = append(sa.DNS, a.String())
	}
	for _, c := range s.Children {
		if c.State != lingering {
			sa.Children = append(sa.Children, d.childStatus(c, s.Path.Transport))
		}
	}
	return sa
}

// lingering children are gone for both sides; only late packets may still come in through them.
const lingering = "lingering"

func (d *Daemon) childStatus(c ike.ChildInfo, transport dataplane.Transport) api.Child {
	child := api.Child{
		Name: c.Name, State: api.ChildState(c.State), Mode: "tunnel", Encapsulation: "udp",
		InSPI: fmt.Sprintf("%08x", c.InSPI), OutSPI: fmt.Sprintf("%08x", c.OutSPI), Suite: c.Suite,
		Local: selectorTexts(c.Local), Remote: selectorTexts(c.Remote), Created: c.Created, Rekey: when(c.Rekey), Expire: when(c.Expire),
		In:  d.traffic(dataplane.Inbound, c.InSPI, c.Policy),
		Out: d.traffic(dataplane.Outbound, c.OutSPI, c.Policy),
	}
	if c.Mode == esp.Transport {
		child.Mode = "transport"
	}
	if transport == dataplane.TransportRaw {
		child.Encapsulation = "esp"
	}
	return child
}

// traffic reads the counters of an SA; one that has just gone has none.
func (d *Daemon) traffic(dir dataplane.Direction, spi uint32, policy dataplane.PolicyID) api.Traffic {
	c, err := d.world.backend.Query(dir, spi, policy)
	if err != nil {
		return api.Traffic{}
	}
	t := api.Traffic{Bytes: c.Bytes, Packets: c.Packets}
	if c.LastUse != 0 {
		last := time.Unix(0, c.LastUse)
		t.LastUse = &last
	}
	return t
}

// when is a time that may be missing.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func connectionStatus(l supervisor.LinkStatus, sas []ike.SAStatus) api.Connection {
	c := api.Connection{
		Name: l.Connection.Name, State: stateOf(l, sas), Remote: slices.Clone(l.Connection.RemoteNames), Children: []string{},
		Attempts: l.Attempts, NextAttempt: when(l.NextAttempt), LastFailure: problem(l.Failure),
	}
	for _, p := range l.Connection.RemoteAddrs {
		if p.IsSingleIP() {
			c.Remote = append(c.Remote, p.Addr().String())
			continue
		}
		c.Remote = append(c.Remote, p.String())
	}
	for _, child := range l.Connection.Children {
		c.Children = append(c.Children, child.Name)
	}
	return c
}

func stateOf(l supervisor.LinkStatus, sas []ike.SAStatus) api.ConnectionState {
	switch {
	case slices.ContainsFunc(sas, func(s ike.SAStatus) bool {
		return s.Connection != nil && s.Connection.Name == l.Connection.Name && s.State == ike.StateEstablished
	}):
		return api.Up
	case l.Connecting:
		return api.Connecting
	case !l.NextAttempt.IsZero():
		return api.Waiting
	case slices.ContainsFunc(l.Connection.Children, func(c *ike.ChildConfig) bool { return c.Start == ike.StartTrap }):
		return api.Trapped
	case len(l.Connection.RemoteAddrs)+len(l.Connection.RemoteNames) == 0:
		return api.Listening
	}
	return api.Idle
}

// Pools tells about address pools and their leases.
func (d *Daemon) Pools(context.Context) ([]api.Pool, error) { return d.engine.leases.status(), nil }

// counters are totals since the start, by name.
func (e *engine) counters(stats ike.Stats) map[string]uint64 {
	m := map[string]uint64{"ike_dropped_overflow": e.hub.overflows.Load()}
	for name, n := range stats.All {
		if n > 0 {
			m[name] = n
		}
	}
	e.world.count(m)
	return m
}
