// Package proxy leads connections of programs into a network that they do not see, such as a tunnel of package tunnel: as a
// SOCKS5 proxy (RFC 1928, RFC 1929) with CONNECT and UDP ASSOCIATE, as an HTTP proxy (RFC 9110, Section 9.3.6) with CONNECT
// and plain requests, and by forwarded ports in both directions.
//
// Names that clients send are looked up in that network and nowhere else. What a client can cost is bounded: connections
// at a time, the time to say what it wants, the time to connect, and the time that one half of a connection may be left
// open. A client that hangs costs its sockets and no more.
package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Network is where connections lead. tunnel.Tunnel is one.
type Network interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	Listen(network, address string) (net.Listener, error)
	ListenPacket(network, address string) (net.PacketConn, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Limits bound what clients cost. Zero fields are those of DefaultLimits.
type Limits struct {
	Connections int           // at a time, of each listener; others wait in the queue of the system
	Request     time.Duration // to say what is wanted
	Dial        time.Duration // to connect, look-up included
	HalfOpen    time.Duration // of silence, after one side of a connection has ended its half
	Idle        time.Duration // between two requests of an HTTP client
}

// DefaultLimits are for one person's programs.
func DefaultLimits() Limits {
	return Limits{Connections: 512, Request: 15 * time.Second, Dial: 30 * time.Second, HalfOpen: 2 * time.Minute, Idle: 2 * time.Minute}
}

// A Server serves any number of listeners. Its methods are safe for concurrent use; the fields do not change once one runs.
// Each method serves a listener until the context ends, closes it and the connections, and waits for them.
type Server struct {
	Network Network
	Account *Account // whom clients of the proxies have to be; nil: anybody
	Limits  Limits
	// Failed is told what could not be reached and why; nil: nobody is.
	Failed func(target string, err error)
}

// limits fills in the defaults.
func (s *Server) limits() Limits {
	l, d := s.Limits, DefaultLimits()
	if l.Connections == 0 {
		l.Connections = d.Connections
	}
	for _, f := range []struct{ value, otherwise *time.Duration }{{&l.Request, &d.Request}, {&l.Dial, &d.Dial}, {&l.HalfOpen, &d.HalfOpen}, {&l.Idle, &d.Idle}} {
		if *f.value == 0 {
			*f.value = *f.otherwise
		}
	}
	return l
}

// dial connects to a target, in the time that there is for it.
func (s *Server) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.limits().Dial)
	defer cancel()
	conn, err := s.Network.DialContext(ctx, "tcp", address)
	s.report(address, err)
	return conn, err
}

// report tells of a failure that is not the client's doing.
func (s *Server) report(target string, err error) {
	if err != nil && s.Failed != nil && !errors.Is(err, context.Canceled) {
		s.Failed(target, err)
	}
}

// acceptPause is how long a listener that fails is left alone.
const acceptPause = 100 * time.Millisecond

// serve hands each connection to a goroutine until ctx ends. handle may return early; the connection is closed behind it.
func (s *Server) serve(ctx context.Context, l net.Listener, handle func(context.Context, net.Conn)) error {
	ctx, cancel := context.WithCancel(ctx)
	var connections sync.WaitGroup
	defer connections.Wait()
	defer cancel()
	limited := bound(l, s.limits().Connections)
	defer context.AfterFunc(ctx, func() { _ = limited.Close() })()
	for {
		c, err := limited.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = c.Close()
			}
			return nil
		case isTemporary(err):
			time.Sleep(acceptPause)
			continue
		case err != nil:
			return err
		}
		connections.Go(func() {
			defer c.Close()
			defer context.AfterFunc(ctx, func() { _ = c.Close() })()
			handle(ctx, c)
		})
	}
}

// isTemporary tells whether a listener works again later: the process has too many files open.
func isTemporary(err error) bool {
	var e interface{ Temporary() bool }
	return errors.As(err, &e) && e.Temporary()
}
