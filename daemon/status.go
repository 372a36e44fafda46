package daemon

import (
	"cmp"
	"context"
	"culvert/trace"
	"fmt"
	"runtime"
	runtimemetrics "runtime/metrics"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/metrics"
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
	s := api.Status{
		Version: d.options.Version, Started: d.started, Loaded: loaded, Config: cmp.Or(d.options.Config, d.options.Swanctl),
		Listening: listening(d.running, ikePort, natPort), Dataplane: d.world.name, DataplaneReason: d.world.plane.reason,
		SAs: []api.SA{}, Connections: e.connections(links, sas), Warnings: d.warnings(),
		Process: process(),
	}
	d.attribute(s.Connections)
	for _, sa := range sas {
		s.SAs = append(s.SAs, e.saStatus(sa, &carried))
	}
	s.Counters = e.counters(stats, e.hub.show(carried))
	return s, carried, nil
}

// process asks the runtime.
func process() api.Process {
	list := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(list)
	return api.Process{Heap: list[0].Value.Uint64(), Goroutines: runtime.NumGoroutine()}
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

// saStatus shows an IKE SA, and adds to the totals what its children have carried.
func (e *engine) saStatus(s ike.SAStatus, carried *totals) api.SA {
	sa := api.SA{
		ID: s.ID, State: api.SAState(s.State.String()), Initiator: s.Initiator, SPI: spiText(s.LocalSPI), PeerSPI: spiText(s.RemoteSPI), Transport: "udp",
		Local:  api.Endpoint{Address: s.Path.Local.String(), ID: s.Local, NAT: s.LocalNAT},
		Remote: api.Endpoint{Address: s.Path.Remote.String(), ID: s.Remote, NAT: s.RemoteNAT},
		Suite:  s.Suite, Algorithms: algorithms(s.Transforms), Created: e.clock.shown(s.Created), Established: e.when(s.Established), Rekey: e.when(s.Rekey), Reauth: e.when(s.Reauth),
		Children: []api.Child{}, PPK: s.PPK, Tasks: api.Tasks{Active: s.Tasks.Active, Queued: s.Tasks.Queued},
	}
	if s.Path.Transport == dataplane.TransportTCP {
		sa.Transport = "tcp"
	}
	if s.Connection != nil {
		sa.Connection = s.Connection.Name
	}
	if !s.Established.IsZero() {
		sa.Quantum = &api.Quantum{IKE: s.Resistance.IKE, Children: s.Resistance.Children, Means: append([]string{}, s.Resistance.Means...)}
	}
	if p := s.Proof; p != nil {
		sa.Local.Auth, sa.Remote.Auth = p.Local, p.Remote
		if id := p.IKEIdentity.String(); id != s.Remote {
			sa.Remote.IKEID = id
		}
	}
	if p := e.sessions.of(s.LocalSPI); p != nil {
		sa.User, sa.Groups, sa.Session = p.user, p.groups, p.session
	}
	for _, p := range s.Assigned.Addresses {
		sa.VirtualIPs = append(sa.VirtualIPs, p.Addr().String())
	}
	for _, a := range s.Assigned.DNS {
		sa.DNS = append(sa.DNS, a.String())
	}
	for _, p := range s.Assigned.Subnets {
		sa.Subnets = append(sa.Subnets, p.String())
	}
	for _, a := range s.Assigned.Others {
		sa.Attributes = append(sa.Attributes, api.Attribute{Name: a.Type.String(), Value: trace.AttributeText(a)})
	}
	for _, a := range s.Leases {
		sa.Leases = append(sa.Leases, a.String())
	}
	for _, c := range s.Children {
		child := e.childStatus(c, s.ESP, carried)
		carried.book(metrics.Owner{Connection: sa.Connection, Child: c.Name, Peer: s.Remote}, &child)
		if c.State != lingering {
			sa.Children = append(sa.Children, child)
		}
	}
	return sa
}

// reqid is what policy and SAs of a child share: what is configured, else the number of the host, else ours.
func (e *engine) reqid(id dataplane.PolicyID, configured uint32) uint32 {
	if configured != 0 {
		return configured
	}
	if b, ok := e.backend.(dataplane.Identifier); ok {
		return cmp.Or(b.ReqID(id), uint32(id))
	}
	return uint32(id)
}

// lingering children are gone for both sides; only late packets may still come in through them.
const lingering = "lingering"

func (e *engine) childStatus(c ike.ChildInfo, transport dataplane.Transport, carried *totals) api.Child {
	child := api.Child{
		ID: c.ID, Reqid: e.reqid(c.Policy, c.ReqID), Name: c.Name, State: api.ChildState(c.State), Mode: "tunnel", Encapsulation: "udp",
		InSPI: fmt.Sprintf("%08x", c.InSPI), OutSPI: fmt.Sprintf("%08x", c.OutSPI), Suite: c.Suite, Algorithms: algorithms(c.Transforms), Resource: c.Resource,
		KeyExchanges: append([]string{}, c.KeyExchanges...), PPK: c.PPK,
		Local: selectorTexts(c.Local), Remote: selectorTexts(c.Remote),
		Created: e.clock.shown(c.Created), Rekey: e.when(c.Rekey), Expire: e.when(c.Expire),
		In:  e.traffic(dataplane.Inbound, c.InSPI, c.Policy, carried),
		Out: e.traffic(dataplane.Outbound, c.OutSPI, c.Policy, carried),
		MTU: e.mtu(c.OutSPI, c.Policy),
	}
	if c.AggFrag != nil {
		child.In.IPTFS = iptfsStatus(child.In.IPTFS, c.AggFrag.Sending)
		child.Out.IPTFS = iptfsStatus(child.Out.IPTFS, c.AggFrag.Sending)
	}
	if c.Mode == esp.Transport {
		child.Mode = "transport"
	}
	switch transport {
	case dataplane.TransportRaw:
		child.Encapsulation = "esp"
	case dataplane.TransportTCP:
		child.Encapsulation = "tcp"
	}
	return child
}

// traffic reads the counters of an SA; one that has just gone has none.
func (e *engine) traffic(dir dataplane.Direction, spi uint32, policy dataplane.PolicyID, carried *totals) api.Traffic {
	c, err := e.backend.Query(dir, spi, policy)
	if err != nil {
		return api.Traffic{}
	}
	carried.add(dir, c)
	t := api.Traffic{Bytes: c.Bytes, Packets: c.Packets, IPTFS: iptfsTraffic(c.Traffic)}
	if c.LastUse != 0 {
		last := time.Unix(0, c.LastUse)
		t.LastUse = &last
	}
	return t
}

// mtu shows how large packets of a child may be, nil if the data plane does not tell.
func (e *engine) mtu(spi uint32, policy dataplane.PolicyID) *api.MTU {
	b, ok := e.backend.(dataplane.PathTeller)
	if !ok {
		return nil
	}
	m, ok := b.MTU(spi, policy)
	if !ok {
		return nil
	}
	return &api.MTU{Effective: m.Inner, Path: m.Path, Source: m.Source.String()}
}

// when shows a time of the engine that may be missing.
func (e *engine) when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = e.clock.shown(t)
	return &t
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
