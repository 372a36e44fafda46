package vici

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"culvert/swanctl/settings"
)

// MaxClients is how many clients a server has at a time. A further one takes the place of the one that has taken nothing of what waits
// for it for the longest time, and no less than the grace; if there is none it is turned away.
const (
	MaxClients = 512
	grace      = 10 * time.Second
)

// patience is how long a client may take nothing of what waits for it. It costs little, and may be somebody who reads a page of a long
// list in a pager.
const patience = 10 * time.Minute

// A Command answers a request. It may take its time: other clients are served meanwhile. When its client goes, ctx ends.
type Command func(ctx context.Context, call *Call) *settings.Section

// A Server serves clients. Publish and Listened are safe for concurrent use and never wait for a client.
type Server struct {
	commands map[string]Command
	events   map[string]*atomic.Int32 // how many clients listen
	log      *slog.Logger
	patience time.Duration

	mu      sync.Mutex
	clients map[*client]bool
	dropped atomic.Uint64
}

// NewServer returns a server of commands, and of events of these names.
func NewServer(commands map[string]Command, events []string, log *slog.Logger) *Server {
	s := &Server{commands: commands, events: make(map[string]*atomic.Int32), log: log, patience: patience, clients: make(map[*client]bool)}
	for _, name := range events {
		s.events[name] = new(atomic.Int32)
	}
	return s
}

// Dropped returns how many events were left out because a client was too slow, or they were too large.
func (s *Server) Dropped() uint64 { return s.dropped.Load() }

// Serve serves the clients of a listener until ctx ends, and returns when the last one is gone. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			cancel()
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			s.log.Warn("VICI: cannot accept a client", "error", err)
			rest(ctx)
		default:
			s.welcome(ctx, conn, &wg)
		}
	}
}

// rest waits until an attempt to accept is worth it again: the process is out of files, most likely.
func rest(ctx context.Context) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
}

// welcome serves a client, unless there are too many.
func (s *Server) welcome(ctx context.Context, conn net.Conn, wg *sync.WaitGroup) {
	c := &client{server: s, out: newOutbox(conn, s.patience), registered: make(map[string]int)}
	if !s.admit(c) {
		s.log.Warn("VICI: too many clients, one is turned away", "limit", MaxClients)
		_ = conn.Close()
		return
	}
	wg.Go(func() {
		c.run(ctx, conn)
		s.leave(c)
	})
}

// admit gives a client a place, if there is one.
func (s *Server) admit(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clients) >= MaxClients {
		idle := s.mostStalled()
		if idle == nil {
			return false
		}
		s.log.Warn("VICI: too many clients, one that reads nothing is closed", "limit", MaxClients)
		idle.out.close()
		s.remove(idle)
	}
	s.clients[c] = true
	return true
}

// mostStalled returns the client that has read nothing for the longest time, and longer than the grace; nil: none has.
func (s *Server) mostStalled() (most *client) {
	now, longest := time.Now(), grace
	for c := range s.clients {
		if d := c.out.stalled(now); d >= longest {
			most, longest = c, d
		}
	}
	return most
}

// leave forgets a client.
func (s *Server) leave(c *client) {
	c.out.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(c)
}

func (s *Server) remove(c *client) {
	delete(s.clients, c)
	for name, n := range c.forget() {
		s.events[name].Add(int32(-n))
	}
}

// Listened tells whether any client has registered for an event.
func (s *Server) Listened(event string) bool { return s.events[event].Load() > 0 }

// Publish sends an event to all clients that have registered for it, once for each time. A client whose outbox is full does not get it.
func (s *Server) Publish(event string, message *settings.Section) {
	segment, err := packet{kind: packetEvent, name: event, message: message}.segment()
	if err != nil {
		s.dropped.Add(1)
		s.log.Warn("VICI: an event has no room in a message", "event", event, "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.clients {
		for range c.listens(event) {
			if !c.out.offer(segment) {
				s.dropped.Add(1)
			}
		}
	}
}
