package daemon

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync/atomic"

	"culvert/config"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/keylog"
	"culvert/metrics"
	"culvert/supervisor"
	"culvert/vici/service"
)

// build makes the engine with its shards.
func (d *Daemon) build(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	w := d.world
	e := &engine{
		ctx: ctx, clock: systemClock(), log: log, network: w.listener, backend: w.backend, world: w,
		owners: newOwners(), keys: new(keyring), hub: newHub(), tally: metrics.NewTally(cfg.Metrics.Peers), strangers: newCrowd(strangersEvery, strangersAtOnce), leases: newLeases(w.leaseStore(), log), seed: maphash.MakeSeed(),
		listers: make(chan struct{}, listersAtOnce), lost: make(chan struct{}),
	}
	e.tracer = newTracer()
	if cfg.VICI.Socket != "" {
		e.vici = service.New(viciControl{d}, d.options.Version, log)
	}
	e.captures.engine = e
	e.radius = newRadiusGroups(e)
	e.sessions = newSessions(e)
	e.radius.rulers = e.sessions
	e.updowns = newUpdowns(e, cfg.Daemon.Hooks)
	e.webhooks = newWebhooks(e)
	e.telemetry.engine, e.telemetry.version = e, d.options.Version
	e.reset.from = map[string]ike.Stats{}
	if cfg.Daemon.KeyLog != "" {
		keys, err := keylog.Open(cfg.Daemon.KeyLog)
		if err != nil {
			return fmt.Errorf("daemon.key_log: %w", err)
		}
		e.keys.log = keys
	}
	e.workers = newWorkers(ctx, cfg.Daemon.Workers)
	newPolicy, sas, children, marks, ifIDs := policySource(), numbers(), numbers(), otherThan(ownMark, numbers()), numbers()
	e.supervisor = &supervisorLoop{
		engine: e, machine: supervisor.New(jitter, newPolicy), box: newMailbox[func()](), pursuits: map[*pursuit]bool{},
		source: w.listener.Source, ports: w.listener.Ports, resolver: newResolver(w.exempt),
	}
	shards := shardCount()
	for i := range shards {
		env := e.env(newPolicy)
		env.NewSAID, env.NewChildID, env.NewMark, env.NewIfID = sas, children, marks, ifIDs
		_, env.Gateway.NATTPort = w.listener.Ports()
		env.Gateway.HalfOpen = halfOpen(cfg.Daemon.HalfOpen, shards)
		e.shards = append(e.shards, &shardLoop{engine: e, shard: ike.NewShard(uint8(i), env), box: newMailbox[any](), looks: newMailbox[func()](), last: e.newLast()})
	}
	d.engine = e
	return nil
}

// env is what the engine gives to a shard.
func (e *engine) env(newPolicy func() dataplane.PolicyID) *ike.Env {
	return &ike.Env{
		Rand: rand.Reader, SPIs: e.backend, NewPolicy: newPolicy, Connections: ike.NewConnections(),
		Admit:       e.admit,
		LastInbound: func(children []ike.ChildRef) ike.Work { return lastInbound{e.backend, e.clock, children} },
		Dial:        func(p dataplane.Path) ike.Work { return dialing{e.network, p} },
		ExportKeys:  true, Trace: true, Detail: true, Resources: resources(e.backend),
	}
}

// resources is how many workers a data plane has.
func resources(b dataplane.Backend) int {
	if r, ok := b.(dataplane.Resources); ok {
		return r.Resources()
	}
	return 1
}

// halfOpen is a shard's share of the limits. For the engine a negative threshold is always to ask for cookies.
func halfOpen(h config.HalfOpen, shards int) ike.HalfOpenLimits {
	limits := ike.HalfOpenLimits{
		Total: max(1, h.Limit/shards), Prefix: max(1, h.PerPrefix/shards), Cookie: max(1, h.CookieThreshold/shards), Timeout: h.Timeout,
	}
	if h.CookieThreshold == 0 {
		limits.Cookie = -1
	}
	return limits
}

// policySource hands out policies, to every shard and to the supervisor.
func policySource() func() dataplane.PolicyID {
	next := numbers()
	return func() dataplane.PolicyID { return dataplane.PolicyID(next()) }
}

// otherThan leaves out a number that means something already.
func otherThan(taken uint32, next func() uint32) func() uint32 {
	return func() uint32 {
		n := next()
		if n == taken {
			n = next()
		}
		return n
	}
}

// numbers hands out 1 and up, to every shard.
func numbers() func() uint32 {
	var last atomic.Uint32
	return func() uint32 {
		for {
			if n := last.Add(1); n != 0 {
				return n
			}
		}
	}
}
