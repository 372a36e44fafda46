package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"culvert/api"
	"culvert/explain"
	"culvert/proxy"
	"culvert/tunnel"
)

// connect brings the tunnel up and serves until ctx ends.
func (a *app) connect(ctx context.Context, c connecting) error {
	ways, err := c.ways()
	if err != nil {
		return err
	}
	defer ways.close()
	b := &board{app: a, begun: a.Now()}
	t, err := a.open(ctx, c, b)
	if err != nil {
		return a.refused(timedOut(err, c))
	}
	defer t.Close()
	if err := ways.listenInside(t, c.reverse); err != nil {
		return err
	}
	b.up(t, ways)
	err = ways.serve(ctx, t, b.failed)
	b.line("closing %s", t.Name())
	return err
}

func (a *app) open(ctx context.Context, c connecting, b *board) (*tunnel.Tunnel, error) {
	inside, err := addressFlag("address", c.address)
	if err != nil {
		return nil, err
	}
	servers, err := addressFlag("dns", c.dns)
	if err != nil {
		return nil, err
	}
	attempt, cancel := c.limited(ctx)
	defer cancel()
	return tunnel.Open(attempt, tunnel.Config{
		File: c.config, Connection: c.connection, Addresses: inside, DNS: servers, Events: b.event, Version: a.Version,
	})
}

// timedOut explains the end of --timeout.
func timedOut(err error, c connecting) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return api.NewProblem(0, explain.ManageTimeout, "the lines above say how far it came; --timeout allows more time", "the tunnel was not up within %v", c.timeout)
	}
	return err
}

// A way is a listener and what serves it.
type way struct {
	kind     string // socks, http, forward or reverse
	target   string // of a forward
	listener net.Listener
}

// ways lead into the tunnel, and out of it.
type ways struct {
	account *proxy.Account
	list    []way
}

// ways opens what listens on this host, before the tunnel is brought up for nothing.
func (c *connecting) ways() (*ways, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	account, err := c.account()
	if err != nil {
		return nil, err
	}
	w := &ways{account: account}
	if err := w.listen(c); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *ways) listen(c *connecting) error {
	for _, p := range [][2]string{{"socks", c.socks}, {"http", c.http}} {
		if p[1] == off {
			continue
		}
		if err := w.add(p[0], proxy.Mapping{Listen: p[1]}, net.Listen); err != nil {
			return err
		}
	}
	return w.mappings("forward", c.forward, "127.0.0.1", net.Listen)
}

// listenInside opens what listens in the tunnel.
func (w *ways) listenInside(t *tunnel.Tunnel, reverse []string) error {
	return w.mappings("reverse", reverse, "", t.Listen)
}

func (w *ways) mappings(kind string, texts []string, host string, listen func(network, address string) (net.Listener, error)) error {
	for _, text := range texts {
		m, err := proxy.ParseMapping(text, host)
		if err != nil {
			return usage("--%s: %v", kind, err)
		}
		if err := w.add(kind, m, listen); err != nil {
			return err
		}
	}
	return nil
}

func (w *ways) add(kind string, m proxy.Mapping, listen func(network, address string) (net.Listener, error)) error {
	l, err := listen("tcp", m.Listen)
	if err != nil {
		return api.NewProblem(0, explain.ManageListen, "", "--%s cannot listen at %s: %v", kind, m.Listen, err)
	}
	w.list = append(w.list, way{kind, m.Target, l})
	return nil
}

func (w *ways) close() {
	for _, way := range w.list {
		_ = way.listener.Close()
	}
}

// serve serves all of them until ctx ends or one of them fails.
func (w *ways) serve(ctx context.Context, t *tunnel.Tunnel, failed func(target string, err error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	server := &proxy.Server{Network: t, Account: w.account, Failed: failed}
	var running sync.WaitGroup
	for _, way := range w.list {
		running.Go(func() {
			if err := way.serve(ctx, server); err != nil {
				cancel(fmt.Errorf("%s: %w", way.kind, err))
			}
		})
	}
	<-ctx.Done()
	running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (w way) serve(ctx context.Context, s *proxy.Server) error {
	switch w.kind {
	case "socks":
		return s.SOCKS(ctx, w.listener)
	case "http":
		return s.HTTP(ctx, w.listener)
	case "forward":
		return s.Forward(ctx, w.listener, w.target)
	}
	return s.Reverse(ctx, w.listener, w.target)
}
