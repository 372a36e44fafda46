package tunnel

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"culvert/api"
	"culvert/daemon"
	"culvert/dataplane"
	"culvert/dataplane/netstack"
)

// A Tunnel is a connection to a gateway that lives in this process. Its methods are safe for concurrent use.
type Tunnel struct {
	name     string
	daemon   *daemon.Daemon
	plane    *netstack.Backend
	resolver resolver
	watchers sync.WaitGroup
	stop     context.CancelFunc // of the watchers
	closing  sync.Once
	closed   chan struct{}
}

// Open connects to the gateway and returns when the tunnel with all its children is up, or the first attempt has failed:
// the error says why. The end of the context ends the attempt.
func Open(ctx context.Context, c Config) (*Tunnel, error) {
	model, err := c.load()
	if err != nil {
		return nil, err
	}
	conn := model.Connections[0]
	inside, err := c.inside(conn)
	if err != nil {
		return nil, err
	}
	if d := model.Daemon.Dataplane; c.MTU == 0 && d.Given("mtu") {
		c.MTU = d.MTU
	}
	t := &Tunnel{name: conn.Name, closed: make(chan struct{})}
	plane := func(n dataplane.Network) (dataplane.Backend, string, error) {
		t.plane, err = netstack.New(netstack.Config{MTU: c.MTU, Addresses: inside}, n)
		return t.plane, "in this process, without privileges", err
	}
	if t.daemon, err = daemon.Start(model, daemon.Options{Config: c.where(), Version: c.Version, Stderr: c.log(), Plane: plane}); err != nil {
		return nil, err
	}
	t.resolver = resolver{servers: t.servers(c.DNS), dial: t.dialAddr, families: t.families}
	t.watch(c.Events)
	if err := t.daemon.Up(ctx, api.Target{Connection: t.name}); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// watch tells events until Close.
func (t *Tunnel) watch(events func(api.Event)) {
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	if events == nil {
		return
	}
	reader := t.daemon.Events().Since(0)
	t.watchers.Go(func() {
		for {
			e, missed, err := reader.Read(ctx)
			if err != nil {
				return
			}
			if missed == 0 {
				events(e)
			}
		}
	})
}

// Close ends the tunnel and every connection in it. Their other ends and the gateway are told, for which it waits a few
// seconds at most.
func (t *Tunnel) Close() error {
	t.closing.Do(func() {
		close(t.closed)
		t.plane.Abort()
		t.daemon.Close()
		t.stop()
		t.watchers.Wait()
	})
	return nil
}

// Name is that of the connection.
func (t *Tunnel) Name() string { return t.name }

// Addrs lists our addresses inside of the tunnel, IPv4 first. They may change while the tunnel is down.
func (t *Tunnel) Addrs() []netip.Addr { return t.plane.Addresses() }

// Up tells whether the tunnel is up. When it is down it connects again by itself.
func (t *Tunnel) Up() bool { return t.plane.Up() }

// Status tells everything about this moment, as culvert status does.
func (t *Tunnel) Status(ctx context.Context) (api.Status, error) { return t.daemon.Status(ctx) }

// servers returns the DNS servers of the tunnel: those given, or else the gateway's of this moment.
func (t *Tunnel) servers(given []netip.Addr) func(context.Context) ([]netip.Addr, error) {
	return func(ctx context.Context) ([]netip.Addr, error) {
		if len(given) > 0 {
			return given, nil
		}
		s, err := t.daemon.Status(ctx)
		if err != nil {
			return nil, err
		}
		var list []netip.Addr
		for _, sa := range s.SAs {
			for _, text := range sa.DNS {
				if a, err := netip.ParseAddr(text); err == nil {
					list = append(list, a)
				}
			}
		}
		return list, nil
	}
}

// families tells which address families the tunnel carries.
func (t *Tunnel) families() (four, six bool) {
	for _, a := range t.plane.Addresses() {
		four, six = four || a.Is4(), six || a.Is6()
	}
	return four, six
}

// A DownError says that a tunnel is not up.
type DownError struct {
	Connection string
	Cause      *api.Problem // why the last attempt failed; nil: the first one since it was up is under way
	Next       time.Time    // when the next attempt is made; zero: one is under way
}

// Error says what is wrong.
func (e *DownError) Error() string {
	text := fmt.Sprintf("tunnel %s is down", e.Connection)
	if e.Cause != nil {
		text += ": " + e.Cause.Detail
	}
	if e.Next.IsZero() {
		return text + "; it is connecting"
	}
	return text + "; it is connecting again at " + e.Next.Format(time.TimeOnly)
}

// Is tells that it is what the kernel calls ENETDOWN.
func (e *DownError) Is(err error) bool { return err == syscall.ENETDOWN }

// Unwrap returns the cause.
func (e *DownError) Unwrap() error {
	if e.Cause == nil {
		return nil // not a nil *api.Problem in an interface
	}
	return e.Cause
}

// ready returns why nothing can be dialed at this moment, or nil.
func (t *Tunnel) ready(ctx context.Context) error {
	if t.plane.Up() {
		return nil
	}
	e := &DownError{Connection: t.name}
	s, err := t.daemon.Status(ctx)
	if err != nil {
		return err
	}
	if c, ok := s.Connection(t.name); ok {
		e.Cause = c.LastFailure
		if c.NextAttempt != nil {
			e.Next = *c.NextAttempt
		}
	}
	return e
}
