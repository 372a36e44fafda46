package daemon

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"culvert/api"
	"culvert/auth/revocation"
	"culvert/config"
	"culvert/daemon/keylog"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/supervisor"
)

// Options say how to run a daemon.
type Options struct {
	Config  string // path of the configuration; empty is config.DefaultPath
	Socket  string // of the management interface; empty is what the configuration says
	Version string
	Stderr  io.Writer // of the log
	Packets *Packets  // nil: those of a fake data plane are dropped
	Ready   func()    // called when the daemon serves; may be nil
}

// Packets connect a fake data plane with the program around the daemon: its inside is in memory.
type Packets struct {
	Deliver func(packet []byte)       // takes what arrived through a tunnel; called from the daemon's goroutines
	Inject  func(packet []byte) error // sends an IP packet; set before Ready is called
}

// goodbye is how long a daemon that ends waits for its peers to hear of it.
const goodbye = 3 * time.Second

// A Daemon is a running gateway or client. It implements api.Control.
type Daemon struct {
	options Options
	started time.Time
	level   *slog.LevelVar
	lines   *api.Feed[api.LogEntry]
	engine  *engine
	world   *world

	mu     sync.Mutex // guards what a reload replaces
	config *config.Config
	loaded time.Time
}

// Run reads the configuration, brings everything up and serves until ctx ends. Then it closes its IKE SAs, and takes away
// what it made.
func Run(ctx context.Context, o Options) error {
	d := &Daemon{options: o, started: time.Now(), level: new(slog.LevelVar), lines: api.NewLogFeed(linesKept)}
	if d.options.Config == "" {
		d.options.Config = config.DefaultPath
	}
	cfg, diagnostics := config.System(time.Now()).Load(d.options.Config)
	if cfg == nil {
		return diagnostics.Err()
	}
	_, journal := os.LookupEnv("JOURNAL_STREAM")
	d.level.Set(cfg.Daemon.LogLevel)
	log := newLogger(o.Stderr, cfg.Daemon, journal, d.level, d.lines)
	for _, w := range diagnostics {
		log.Warn(w.Message, "code", string(w.Code), "place", w.Place.String())
	}
	return d.run(ctx, cfg, log)
}

func (d *Daemon) run(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	w, err := openWorld(cfg.Daemon, d.options.Packets, log)
	if err != nil {
		return err
	}
	defer w.close(log)
	d.world = w
	engineCtx, stop := context.WithCancel(context.Background())
	defer stop()
	if err := d.build(engineCtx, cfg, log); err != nil {
		return err
	}
	socket := cfg.Daemon.Socket
	if d.options.Socket != "" {
		socket = d.options.Socket
	}
	l, err := api.Listen(socket, cfg.Daemon.SocketGroup)
	if err != nil {
		return err
	}
	d.engine.start()
	w.start(d.engine)
	if err := d.configure(cfg); err != nil {
		return err
	}
	log.Info("ready", "version", d.options.Version, "socket", socket, "dataplane", w.name)
	if d.options.Ready != nil {
		d.options.Ready()
	}
	err = d.serve(ctx, l)
	d.sayGoodbye()
	stop()
	d.engine.wait()
	return err
}

// serve answers commands and tells systemd how it is, until ctx ends.
func (d *Daemon) serve(ctx context.Context, l listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { d.watchSystem(ctx) })
	err := api.NewServer(d, d.options.Version).Serve(ctx, l)
	cancel()
	wg.Wait()
	return err
}

// build makes the engine with its shards.
func (d *Daemon) build(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	e := &engine{
		ctx: ctx, clock: newClock(), log: log, network: d.world.listener, backend: d.world.backend, world: d.world,
		workers: newWorkers(ctx, cfg.Daemon.Workers), owners: newOwners(), hub: newHub(), leases: newLeases(), seed: maphash.MakeSeed(),
	}
	if cfg.Daemon.KeyLog != "" {
		keys, err := keylog.Open(cfg.Daemon.KeyLog)
		if err != nil {
			return fmt.Errorf("daemon.key_log: %w", err)
		}
		e.keys = keys
		log.Warn("session keys are written to " + cfg.Daemon.KeyLog + ": whoever reads them reads the traffic")
	}
	newPolicy := policySource()
	e.supervisor = &supervisorLoop{
		engine: e, machine: supervisor.New(jitter, newPolicy), box: newMailbox[func()](),
		source: d.world.listener.Source, ports: d.world.listener.Ports, resolver: newResolver(),
	}
	for i := range shardCount() {
		e.shards = append(e.shards, newShardLoop(e, uint8(i), d.world, cfg, newPolicy))
	}
	d.engine = e
	return nil
}

// policySource hands out policies, to every shard and to the supervisor.
func policySource() func() dataplane.PolicyID {
	var last atomic.Uint32
	return func() dataplane.PolicyID {
		for {
			if id := last.Add(1); id != 0 {
				return dataplane.PolicyID(id)
			}
		}
	}
}

// newShardLoop makes a shard with its share of the limits.
func newShardLoop(e *engine, index uint8, w *world, cfg *config.Config, newPolicy func() dataplane.PolicyID) *shardLoop {
	half, shards := cfg.Daemon.HalfOpen, shardCount()
	_, nat := w.listener.Ports()
	env := &ike.Env{
		Rand: rand.Reader, SPIs: w.backend, NewPolicy: newPolicy, Connections: ike.NewConnections(),
		Admit:       func(a ike.Admission) ike.Work { return admit{engine: e, admission: a} },
		LastInbound: func(children []ike.ChildRef) ike.Work { return lastInbound{backend: w.backend, children: children} },
		Gateway: ike.Gateway{
			NATTPort: nat,
			HalfOpen: ike.HalfOpenLimits{
				Total: max(1, half.Limit/shards), Prefix: max(1, half.PerPrefix/shards), Cookie: cookieThreshold(half, shards), Timeout: half.Timeout,
			},
		},
		ExportKeys: e.keys != nil, Trace: true,
	}
	return &shardLoop{engine: e, shard: ike.NewShard(index, env), box: newMailbox[any]()}
}

// cookieThreshold is a shard's share of the configured one; for the engine a negative one is always.
func cookieThreshold(h config.HalfOpen, shards int) int {
	if h.CookieThreshold == 0 {
		return -1
	}
	return max(1, h.CookieThreshold/shards)
}

// lastInbound is the work that tells when a child last received something.
type lastInbound struct {
	backend  dataplane.Backend
	children []ike.ChildRef
}

// Run returns a time.Time, zero when nothing ever came.
func (w lastInbound) Run(context.Context) any {
	var last int64
	for _, c := range w.children {
		if counters, err := w.backend.Query(dataplane.Inbound, c.SPI, c.Policy); err == nil {
			last = max(last, counters.LastUse)
		}
	}
	if last == 0 {
		return time.Time{}
	}
	return time.Unix(0, last)
}

// configure gives a configuration to shards, supervisor and pools.
func (d *Daemon) configure(cfg *config.Config) error {
	t := &translator{config: cfg, fetcher: revocation.NewHTTPFetcher()}
	if err := d.engine.leases.configure(cfg.Pools, d.world.store); err != nil {
		return err
	}
	connections := t.connections()
	set := ike.NewConnections(connections...)
	for _, l := range d.engine.shards {
		l.box.put(ike.SetConnections{Connections: set})
	}
	d.mu.Lock()
	d.config, d.loaded = cfg, time.Now()
	d.mu.Unlock()
	d.level.Set(cfg.Daemon.LogLevel)
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

// sayGoodbye closes every IKE SA and gives the peers a moment to hear of it.
func (d *Daemon) sayGoodbye() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	look := make(chan struct{}, 1)
	_, done := d.engine.hub.wait(func(n ike.News) (bool, error) {
		if n.Kind == ike.NewsClosed {
			select {
			case look <- struct{}{}:
			default:
			}
		}
		return false, nil
	})
	defer done()
	_ = d.engine.supervisor.ask(ctx, func(now time.Time) ([]supervisor.Action, error) { return d.machine().Configure(now, nil, nil), nil })
	for {
		left := 0
		err := d.engine.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) {
			left = d.machine().Len()
			return nil, nil
		})
		if err != nil || left == 0 {
			return
		}
		select {
		case <-look:
		case <-ctx.Done():
			return
		}
	}
}

// listening lists the addresses that are bound: those configured, or all.
func listening(d *config.Daemon, w *world) []string {
	ike, nat := w.listener.Ports()
	addrs := d.Listen
	if len(addrs) == 0 {
		addrs = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	var out []string
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(a, ike).String(), netip.AddrPortFrom(a, nat).String())
	}
	return out
}
