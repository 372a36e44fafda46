package vici

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
)

// readBuffer is small: most requests are, and clients that only wait shall cost little.
const readBuffer = 512

// A client is one that the server serves.
type client struct {
	server *Server
	out    *outbox

	mu         sync.Mutex
	registered map[string]int // events, and how many times
}

// run reads segments and handles them one by one, until the client or ctx ends. One segment is read ahead, to see the client go while a
// command runs.
func (c *client) run(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, c.out.close)()
	segments := make(chan []byte)
	go func() {
		defer close(segments)
		defer cancel()
		c.read(ctx, bufio.NewReaderSize(conn, readBuffer), segments)
	}()
	for segment := range segments {
		if err := c.handle(ctx, segment); err != nil {
			cancel()
		}
	}
}

func (c *client) read(ctx context.Context, r *bufio.Reader, segments chan<- []byte) {
	for {
		segment, err := readSegment(r)
		var size *SizeError
		if errors.As(err, &size) {
			c.server.log.Warn("VICI: a client is closed", "error", err)
		}
		if err != nil {
			return
		}
		select {
		case segments <- segment:
		case <-ctx.Done():
			return
		}
	}
}

// handle does what a segment asks for. What cannot be understood is passed over; the error is that the client is gone.
func (c *client) handle(ctx context.Context, segment []byte) error {
	p, err := parsePacket(segment)
	switch {
	case errors.Is(err, errPacket):
		c.server.log.Warn("VICI: a segment is ignored", "error", err)
		return nil
	case p.kind == packetRequest:
		return c.answer(ctx, p, err)
	case p.kind == packetEventRegister:
		return c.confirm(c.register(p.name, 1))
	case p.kind == packetEventUnregister:
		return c.confirm(c.register(p.name, -1))
	}
	c.server.log.Warn("VICI: a packet that only servers send is ignored", "type", int(p.kind))
	return nil
}

// answer runs a command, and answers.
func (c *client) answer(ctx context.Context, p packet, malformed error) error {
	command := c.server.commands[p.name]
	if command == nil {
		return c.send(packet{kind: packetUnknown})
	}
	if malformed != nil {
		c.server.log.Warn("VICI: a request cannot be read", "command", p.name, "error", malformed)
		return c.send(packet{kind: packetResponse, message: Refused("parsing request failed")})
	}
	call := &Call{Command: p.name, Request: p.message, client: c}
	reply := packet{kind: packetResponse, message: command(ctx, call)}
	if call.trouble != nil {
		reply.message = Refused(call.trouble.Error())
	}
	err := c.send(reply)
	var size *SizeError
	if errors.As(err, &size) {
		c.server.log.Warn("VICI: a reply has no room in a message", "command", p.name, "error", err)
		return c.send(packet{kind: packetResponse, message: Refused(err.Error())})
	}
	return err
}

func (c *client) send(p packet) error {
	segment, err := p.segment()
	if err != nil {
		return err
	}
	return c.out.send(segment)
}

func (c *client) confirm(known bool) error {
	if known {
		return c.send(packet{kind: packetEventConfirm})
	}
	return c.send(packet{kind: packetEventUnknown})
}

// register adds or takes away a registration, and tells whether it could.
func (c *client) register(event string, n int) bool {
	listeners, known := c.server.events[event]
	c.mu.Lock()
	defer c.mu.Unlock()
	if !known || c.registered[event]+n < 0 || c.registered[event]+n > maxRegistrations {
		return false
	}
	c.registered[event] += n
	listeners.Add(int32(n))
	return true
}

// maxRegistrations bounds how many times a client may hold an event, and so get it.
const maxRegistrations = 16

// listens returns how many times the client has registered for an event.
func (c *client) listens(event string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.registered[event]
}

// forget returns all registrations, and ends them.
func (c *client) forget() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.registered
	c.registered = nil
	return was
}
