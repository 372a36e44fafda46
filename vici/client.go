package vici

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"culvert/swanctl/settings"
)

// ErrUnknown is a command or event that the server does not have.
var ErrUnknown = errors.New("the server does not know it")

// A RefusedError is an answer without success.
type RefusedError struct {
	Command, Message string
	Reply            *settings.Section
}

// Error says which command was refused, and why.
func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.Command, e.Message) }

// A Client has a connection with a daemon. It does one thing at a time, and is not safe for concurrent use.
type Client struct {
	conn net.Conn
	in   *bufio.Reader
	// Event takes events that come meanwhile; nil: they are passed over.
	Event func(name string, message *settings.Section)
}

// Dial connects to a Unix socket.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	return NewClient(conn), nil
}

// NewClient speaks through a connection, which it owns.
func NewClient(conn net.Conn) *Client { return &Client{conn: conn, in: bufio.NewReader(conn)} }

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Call has the server do a command and returns its answer. One without success is a *RefusedError.
func (c *Client) Call(ctx context.Context, command string, request *settings.Section) (*settings.Section, error) {
	p, err := c.exchange(ctx, packet{kind: packetRequest, name: command, message: request})
	switch {
	case err != nil:
		return nil, err
	case p.kind == packetUnknown:
		return nil, fmt.Errorf("%s: %w", command, ErrUnknown)
	case p.kind != packetResponse:
		return nil, fmt.Errorf("%s: answered by a packet of type %d", command, p.kind)
	}
	if success := p.message.Text("success"); success != "" && success != "yes" {
		return p.message, &RefusedError{Command: command, Message: p.message.Text("errmsg"), Reply: p.message}
	}
	return p.message, nil
}

// Stream has the server do a command that tells by events, which it hands to each.
func (c *Client) Stream(ctx context.Context, command, event string, request *settings.Section, each func(*settings.Section)) (*settings.Section, error) {
	if err := c.Register(ctx, event); err != nil {
		return nil, err
	}
	before := c.Event
	c.Event = func(name string, m *settings.Section) {
		switch {
		case name == event:
			each(m)
		case before != nil:
			before(name, m)
		}
	}
	defer func() { c.Event = before }()
	reply, err := c.Call(ctx, command, request)
	return reply, errors.Join(err, c.Unregister(ctx, event))
}

// Register has the server send an event from now on.
func (c *Client) Register(ctx context.Context, event string) error {
	return c.registration(ctx, packetEventRegister, event)
}

// Unregister ends that.
func (c *Client) Unregister(ctx context.Context, event string) error {
	return c.registration(ctx, packetEventUnregister, event)
}

func (c *Client) registration(ctx context.Context, kind packetType, event string) error {
	p, err := c.exchange(ctx, packet{kind: kind, name: event})
	switch {
	case err != nil:
		return err
	case p.kind == packetEventUnknown:
		return fmt.Errorf("event %s: %w", event, ErrUnknown)
	case p.kind != packetEventConfirm:
		return fmt.Errorf("event %s: answered by a packet of type %d", event, p.kind)
	}
	return nil
}

// Wait takes events until ctx ends, or the server does.
func (c *Client) Wait(ctx context.Context) error {
	defer c.until(ctx)()
	for {
		if _, err := c.next(ctx); err != nil {
			return err
		}
	}
}

// exchange sends a packet and returns what answers it. After an error the connection cannot be used any more.
func (c *Client) exchange(ctx context.Context, p packet) (packet, error) {
	segment, err := p.segment()
	if err != nil {
		return packet{}, err
	}
	defer c.until(ctx)()
	if _, err := c.conn.Write(segment); err != nil {
		return packet{}, whyOf(ctx, err)
	}
	for {
		if p, err := c.next(ctx); err != nil || p.kind != packetEvent {
			return p, err
		}
	}
}

// next reads a packet, and hands an event on.
func (c *Client) next(ctx context.Context) (packet, error) {
	b, err := readSegment(c.in)
	if err != nil {
		return packet{}, whyOf(ctx, err)
	}
	p, err := parsePacket(b)
	if err == nil && p.kind == packetEvent && c.Event != nil {
		c.Event(p.name, p.message)
	}
	return p, err
}

// until has reading and writing fail once ctx ends. The function that it returns makes an end of that.
func (c *Client) until(ctx context.Context) func() {
	_ = c.conn.SetDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// whyOf prefers the end of a context to the error that it causes.
func whyOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
