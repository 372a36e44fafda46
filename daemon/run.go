package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"culvert/api"
	"culvert/auth/fetch"
	"culvert/auth/lookup"
	"culvert/auth/revocation"
	"culvert/config"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/metrics"
	"culvert/web"
)

// Options say how to run a daemon.
type Options struct {
	Config  string // path of the configuration; empty is config.DefaultPath, or none with Swanctl
	Swanctl string // path of a folder as /etc/swanctl, which is read as well; empty is none
	Socket  string // of the management interface; empty is what the configuration says
	Version string
	Stderr  io.Writer // of the log
	Packets *Packets  // nil: those of a fake data plane are dropped
	Plane   Plane     // nil: the data plane that is configured
	Ready   func()    // called when the daemon serves; may be nil
}

// A Plane makes the data plane of a daemon inside of a program, whose packets leave through the network. name is for people.
// Sockets need no privilege then, and leases end with the daemon.
type Plane func(dataplane.Network) (b dataplane.Backend, name string, err error)

// Packets connect a fake data plane with the program around the daemon: its inside is in memory.
type Packets struct {
	Deliver func(packet []byte)       // takes what arrived through a tunnel; called from the daemon's goroutines
	Inject  func(packet []byte) error // sends an IP packet; set before Ready is called
}

// A Daemon is a running gateway or client. It implements api.Control.
type Daemon struct {
	options Options
	started time.Time
	log     *slog.Logger
	level   *slog.LevelVar
	lines   *api.Feed[api.LogEntry]
	fetcher fetch.Fetcher
	answers *revocation.Cache // they outlive a reload
	lookups *lookup.Service
	running *config.Daemon // what the process was started with; of a later one only what can change takes effect
	engine  *engine
	world   *world
	scrapes http.Handler
	server  *api.Server        // nil: only a program manages it
	stop    context.CancelFunc // of the engine

	looks     api.Shared[found]
	overviews api.Shared[api.Overview]

	reloading sync.Mutex // one reload at a time; guards sources, and writes of trial
	deferred  deferral
	tokens    *tokenDesk
	trial     atomic.Pointer[trial] // nil: no configuration waits to be confirmed
	sources   sources

	mu     sync.Mutex // guards what a reload replaces
	config *config.Config
	loaded time.Time
}

// Run reads the configuration, brings everything up and serves until ctx ends. Then it closes its IKE SAs, and takes away
// what it made.
func Run(ctx context.Context, o Options) error {
	if o.Config == "" && o.Swanctl == "" {
		o.Config = config.DefaultPath
	}
	from := sources{main: o.Config, tree: o.Swanctl, desk: newTokenDesk()}
	first := from.waiting()
	cfg, diagnostics := first.load(time.Now())
	if cfg == nil {
		return diagnostics.Err()
	}
	if o.Socket == "" {
		o.Socket = cfg.Daemon.Socket
	}
	d := newDaemon(cfg, o)
	from.texts, from.inTokens = first.texts, first.inTokens
	d.sources, d.tokens = from, from.desk
	for _, w := range diagnostics.Concern() {
		d.log.Warn(w.Message, "code", string(w.Code), "place", w.Place.String())
	}
	if err := d.openWorld(cfg); err != nil {
		return err
	}
	m, err := d.listen(cfg)
	if err != nil {
		d.world.close(d.log)
		return err
	}
	d.server = api.NewServer(d, o.Version, api.WithLog(d.log), api.WithPage(web.Handler()))
	if err := d.begin(cfg); err != nil {
		return errors.Join(err, m.close())
	}
	defer d.Close()
	return d.live(ctx, m)
}

// Start brings up a daemon inside of a program: nobody but the program manages it, and it hears no signals. The caller
// closes it.
func Start(cfg *config.Config, o Options) (*Daemon, error) {
	d := newDaemon(cfg, o)
	if err := d.openWorld(cfg); err != nil {
		return nil, err
	}
	if err := d.begin(cfg); err != nil {
		return nil, err
	}
	return d, nil
}

func newDaemon(cfg *config.Config, o Options) *Daemon {
	d := &Daemon{
		options: o, started: time.Now(), level: new(slog.LevelVar), lines: api.NewLogFeed(linesKept),
		fetcher: fetch.New(fetch.RevocationRules()), answers: revocation.NewCache(revocation.CacheLimits{}),
		lookups: lookup.NewService(fetch.New(lookup.Rules())), running: cfg.Daemon, tokens: newTokenDesk(),
	}
	d.sources.desk = d.tokens
	d.scrapes = metrics.Handler(d.snapshot)
	_, journal := os.LookupEnv("JOURNAL_STREAM")
	d.level.Set(cfg.Daemon.LogLevel)
	d.log = newLogger(o.Stderr, cfg.Daemon, journal, d.level, d.lines)
	return d
}

// begin has the engine run in the world. After an error nothing is left of both.
func (d *Daemon) begin(cfg *config.Config) error {
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	if err := d.build(ctx, cfg, d.log); err != nil {
		stop()
		d.world.close(d.log)
		return err
	}
	d.engine.start()
	if err := d.configure(cfg); err != nil {
		d.end()
		return err
	}
	if err := d.settle(); err != nil {
		d.log.Warn("what another daemon has left may stop packets", "error", err)
	}
	d.world.start(d.engine)
	return nil
}

// Close closes the IKE SAs and takes away what the daemon made. It may be called once, and waits for the peers' answers a
// few seconds at most.
func (d *Daemon) Close() {
	d.sayGoodbye()
	d.log.Info("stopped")
	d.end()
}

func (d *Daemon) end() {
	d.dropTrial()
	d.stop()
	d.engine.wait()
	d.world.close(d.log)
}

// live is the life of a daemon whose engine runs. It closes the listeners.
func (d *Daemon) live(ctx context.Context, m *management) error {
	scrapes, err := listenMetrics(&d.config.Metrics)
	if err != nil {
		return errors.Join(err, m.close())
	}
	d.log.Info("ready", "version", d.options.Version, "socket", d.options.Socket, "dataplane", d.world.name)
	for _, w := range d.warnings() {
		d.log.Warn(w.Text, "code", string(w.Code), "action", w.Action)
	}
	if d.options.Ready != nil {
		d.options.Ready()
	}
	return d.serve(ctx, m, scrapes)
}

// serve answers commands and scrapes, and tells systemd how it is, until ctx ends or no packet can pass any longer.
func (d *Daemon) serve(ctx context.Context, m *management, scrapes []net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { d.watchSystem(ctx) })
	wg.Go(func() { d.serveMetrics(ctx, scrapes) })
	wg.Go(func() { d.serveVICI(ctx, m.vici) })
	var err error
	wg.Go(func() {
		select {
		case <-ctx.Done():
		case <-d.engine.lost:
			err = api.NewProblem(0, explain.HostDevice, "", "the network device of the data plane was removed")
			cancel()
		}
	})
	served := m.serve(ctx, d.server)
	cancel()
	wg.Wait()
	return errors.Join(err, served)
}

// listening lists the addresses that are bound: those configured, or all.
func listening(d *config.Daemon, ike, nat uint16) []string {
	addrs := d.Listen
	if len(addrs) == 0 {
		addrs = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	var out []string
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(a, ike).String(), netip.AddrPortFrom(a, nat).String())
		for _, port := range d.TCPPorts {
			out = append(out, netip.AddrPortFrom(a, port).String()+"/tcp")
		}
	}
	return out
}
