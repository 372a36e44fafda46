package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"culvert/api"
	"culvert/auth/fetch"
	"culvert/auth/lookup"
	"culvert/auth/revocation"
	"culvert/config"
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

// A Daemon is a running gateway or client. It implements api.Control.
type Daemon struct {
	options Options
	started time.Time
	level   *slog.LevelVar
	lines   *api.Feed[api.LogEntry]
	fetcher fetch.Fetcher
	answers *revocation.Cache // they outlive a reload
	lookups *lookup.Service
	running *config.Daemon // what the process was started with; of a later one only what can change takes effect
	engine  *engine
	world   *world

	reloading sync.Mutex // one reload at a time

	mu     sync.Mutex // guards what a reload replaces
	config *config.Config
	loaded time.Time
}

// Run reads the configuration, brings everything up and serves until ctx ends. Then it closes its IKE SAs, and takes away
// what it made.
func Run(ctx context.Context, o Options) error {
	if o.Config == "" {
		o.Config = config.DefaultPath
	}
	cfg, diagnostics := config.System(time.Now()).Load(o.Config)
	if cfg == nil {
		return diagnostics.Err()
	}
	if o.Socket == "" {
		o.Socket = cfg.Daemon.Socket
	}
	d := &Daemon{
		options: o, started: time.Now(), level: new(slog.LevelVar), lines: api.NewLogFeed(linesKept),
		fetcher: fetch.New(fetch.RevocationRules()), answers: revocation.NewCache(revocation.CacheLimits{}),
		lookups: lookup.NewService(fetch.New(lookup.Rules())), running: cfg.Daemon,
	}
	_, journal := os.LookupEnv("JOURNAL_STREAM")
	d.level.Set(cfg.Daemon.LogLevel)
	log := newLogger(o.Stderr, cfg.Daemon, journal, d.level, d.lines)
	for _, w := range diagnostics.Concern() {
		log.Warn(w.Message, "code", string(w.Code), "place", w.Place.String())
	}
	return d.run(ctx, cfg, log)
}

// run opens the world, has the engine run in it, and takes it away.
func (d *Daemon) run(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	w, err := openWorld(cfg.Daemon, d.options.Packets, log)
	if err != nil {
		return err
	}
	defer w.close(log)
	l, err := api.Listen(d.options.Socket, cfg.Daemon.SocketGroup)
	if err != nil {
		return err
	}
	d.world = w
	engineCtx, stop := context.WithCancel(context.Background())
	if err := d.build(engineCtx, cfg, log); err != nil {
		stop()
		return errors.Join(err, l.Close())
	}
	d.engine.start()
	err = d.live(ctx, cfg, l)
	stop()
	d.engine.wait()
	return err
}

// live is the life of a daemon whose engine runs. It closes the listener.
func (d *Daemon) live(ctx context.Context, cfg *config.Config, l net.Listener) error {
	if err := d.configure(cfg); err != nil {
		return errors.Join(err, l.Close())
	}
	d.world.start(d.engine)
	log := d.engine.log
	log.Info("ready", "version", d.options.Version, "socket", d.options.Socket, "dataplane", d.world.name)
	for _, w := range d.warnings() {
		log.Warn(w.Text, "code", string(w.Code), "action", w.Action)
	}
	if d.options.Ready != nil {
		d.options.Ready()
	}
	err := d.serve(ctx, l)
	d.sayGoodbye()
	log.Info("stopped")
	return err
}

// serve answers commands and tells systemd how it is, until ctx ends.
func (d *Daemon) serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { d.watchSystem(ctx) })
	err := api.NewServer(d, d.options.Version).Serve(ctx, l)
	cancel()
	wg.Wait()
	return err
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
	}
	return out
}
