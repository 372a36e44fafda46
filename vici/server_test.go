package vici

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/swanctl/settings"
)

// pipes is a listener in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

// A bench is a server with some commands, whose clients the test makes.
type bench struct {
	*testing.T
	*Server
	listener *pipes
}

// newBench serves until the test ends. It is for a bubble of synctest.
func newBench(t *testing.T, more map[string]Command) *bench {
	t.Helper()
	commands := map[string]Command{
		"echo":  func(_ context.Context, c *Call) *settings.Section { return c.Request },
		"count": count,
	}
	for name, c := range more {
		commands[name] = c
	}
	b := &bench{T: t, Server: NewServer(commands, []string{"tick", "number"}, slog.New(slog.NewTextHandler(t.Output(), nil))), listener: &pipes{make(chan net.Conn), make(chan struct{})}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, b.listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("served until %v", err)
		}
	})
	return b
}

// count streams numbers up to n.
func count(_ context.Context, c *Call) *settings.Section {
	for i := range len(c.Request.Text("n")) {
		if c.Stream("number", new(settings.Section).Add("i", fmt.Sprint(i))) != nil {
			break
		}
	}
	return nil
}

func (b *bench) connect() net.Conn {
	ours, theirs := net.Pipe()
	b.listener.conns <- theirs
	b.Cleanup(func() { _ = ours.Close() })
	return ours
}

func (b *bench) client() *Client { return NewClient(b.connect()) }

func (b *bench) call(c *Client, command string, request *settings.Section) *settings.Section {
	b.Helper()
	reply, err := c.Call(b.Context(), command, request)
	if err != nil {
		b.Fatalf("%s: %v", command, err)
	}
	return reply
}

func TestRequestsAreAnsweredInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		conn := b.connect()
		go func() {
			for i := range 20 {
				segment, err := packet{kind: packetRequest, name: "echo", message: new(settings.Section).Add("i", fmt.Sprint(i))}.segment()
				if err != nil {
					t.Error(err)
				}
				if _, err := conn.Write(segment); err != nil {
					t.Error(err)
				}
			}
		}()
		c := NewClient(conn)
		for i := range 20 {
			if p, err := c.next(t.Context()); err != nil || p.message.Text("i") != fmt.Sprint(i) {
				t.Fatalf("answer %d is %+v, %v", i, p, err)
			}
		}
	})
}

func TestUnknownCommandsAndEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		c := b.client()
		if _, err := c.Call(t.Context(), "nothing", nil); !errors.Is(err, ErrUnknown) {
			t.Errorf("unknown command: %v", err)
		}
		if err := c.Register(t.Context(), "nothing"); !errors.Is(err, ErrUnknown) {
			t.Errorf("unknown event: %v", err)
		}
		if err := c.Unregister(t.Context(), "tick"); !errors.Is(err, ErrUnknown) {
			t.Errorf("event that is not held: %v", err)
		}
		b.call(c, "echo", nil)
	})
}

// What cannot be understood is passed over without an answer; a request whose message is broken has one.
func TestNonsenseIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		conn := b.connect()
		c := NewClient(conn)
		for _, text := range []string{"00000000", "0000000109", "0000000101", "00000003000107", "00000007" + "0004" + "6563686f" + "09"} {
			if _, err := conn.Write(unhex(t, text)); err != nil {
				t.Fatal(err)
			}
		}
		if p, err := c.next(t.Context()); err != nil || p.message.Text("errmsg") != "parsing request failed" {
			t.Errorf("a broken message is answered by %+v, %v", p, err)
		}
		if got := b.call(c, "echo", new(settings.Section).Add("a", "b")).Text("a"); got != "b" {
			t.Errorf("then echo says %q", got)
		}
	})
}

func TestTooLargeSegmentEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		conn := b.connect()
		if _, err := conn.Write([]byte{0xff, 0xff, 0xff, 0xff}); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read %v", err)
		}
	})
}

// Whoever registers twice gets an event twice, and has to unregister twice.
func TestRegistrationsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		c, other := b.client(), b.client()
		var got []string
		c.Event = func(name string, m *settings.Section) { got = append(got, name+m.Text("n")) }
		other.Event = func(name string, _ *settings.Section) { t.Errorf("the other client got %s", name) }
		for range 2 {
			if err := c.Register(t.Context(), "tick"); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 4 {
			if n > 0 {
				if err := c.Unregister(t.Context(), "tick"); (err != nil) != (n > 2) {
					t.Fatal(err)
				}
			}
			if b.Listened("tick") != (n < 2) {
				t.Errorf("after %d ends: listened is %v", n, b.Listened("tick"))
			}
			b.Publish("tick", new(settings.Section).Add("n", fmt.Sprint(n)))
			b.call(c, "echo", nil)
		}
		b.call(other, "echo", nil)
		if !slices.Equal(got, []string{"tick0", "tick0", "tick1"}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestListenersAreForgottenWithTheirClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		c := b.client()
		if err := c.Register(t.Context(), "tick"); err != nil {
			t.Fatal(err)
		}
		c.Close()
		synctest.Wait()
		if b.Listened("tick") || len(b.clients) != 0 {
			t.Errorf("%d clients, listened is %v", len(b.clients), b.Listened("tick"))
		}
	})
}

func TestStreamsGoToWhoAsksAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		c, other := b.client(), b.client()
		if err := other.Register(t.Context(), "number"); err != nil {
			t.Fatal(err)
		}
		other.Event = func(name string, _ *settings.Section) { t.Errorf("the other client got %s", name) }
		var got []string
		_, err := c.Stream(t.Context(), "count", "number", new(settings.Section).Add("n", "xxx"), func(m *settings.Section) { got = append(got, m.Text("i")) })
		if err != nil || strings.Join(got, "") != "012" {
			t.Errorf("got %v, %v", got, err)
		}
		b.call(other, "echo", nil)
		b.call(c, "count", new(settings.Section).Add("n", "xxx")) // not registered any more: nothing but the answer
	})
}

// What does not fit is refused, and the client learns of it.
func TestAnswersThatAreTooLargeAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large := new(settings.Section)
		for range 9 {
			large.Add("k", strings.Repeat("v", 60000))
		}
		b := newBench(t, map[string]Command{
			"large":  func(context.Context, *Call) *settings.Section { return large },
			"stream": func(_ context.Context, c *Call) *settings.Section { _ = c.Stream("number", large); return nil },
		})
		c := b.client()
		if err := c.Register(t.Context(), "number"); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"large", "stream"} {
			var refused *RefusedError
			if _, err := c.Call(t.Context(), command, nil); !errors.As(err, &refused) || !strings.Contains(refused.Message, "exceeds the limit of 524288") {
				t.Errorf("%s: %v", command, err)
			}
		}
		b.Publish("number", large)
		if b.Dropped() != 1 {
			t.Errorf("%d events are dropped", b.Dropped())
		}
	})
}

// A client that reads nothing costs the others and the daemon nothing, and is given up.
func TestSlowClientIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		slow, quick := b.client(), b.client()
		heard := 0
		quick.Event = func(string, *settings.Section) { heard++ }
		for _, c := range []*Client{slow, quick} {
			if err := c.Register(t.Context(), "tick"); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		const events, size = 100, 60000
		for range events {
			b.Publish("tick", new(settings.Section).Add("v", strings.Repeat("v", size)))
			b.call(quick, "echo", nil)
		}
		if heard != events || time.Since(began) != 0 {
			t.Errorf("the quick one heard %d of %d in %v", heard, events, time.Since(began))
		}
		kept := outboxLimit / (size + 12)
		if n := b.Dropped(); n != uint64(events-kept) {
			t.Errorf("%d events are dropped, want %d", n, events-kept)
		}
		time.Sleep(patience + time.Second)
		synctest.Wait()
		if len(b.clients) != 1 {
			t.Errorf("%d clients are left", len(b.clients))
		}
		b.call(quick, "echo", nil)
	})
}

// Clients that take their time in the middle of everything hold up nobody.
func TestHangingClientsCostTheirSocketsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		synctest.Wait()
		before := runtime.NumGoroutine()
		segment, err := packet{kind: packetRequest, name: "count", message: new(settings.Section).Add("n", strings.Repeat("x", 60000))}.segment()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			conn := b.connect()
			sent := [][]byte{nil, {0}, {0, 7, 0xff, 0xff, 1, 2}, segment}[i%4]
			go func() {
				if _, err := conn.Write(sent); err != nil && !errors.Is(err, io.ErrClosedPipe) {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 300 {
			t.Errorf("100 clients take %d goroutines", n)
		}
		b.call(b.client(), "echo", nil)
	})
}

func TestClientsBeyondTheLimitAreTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		var conns []net.Conn
		for range MaxClients {
			conns = append(conns, b.connect())
		}
		if _, err := b.connect().Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the next one reads %v", err)
		}
		conns[0].Close()
		synctest.Wait()
		b.call(b.client(), "echo", nil)
	})
}

// A command learns that its client has gone.
func TestCommandsSeeTheirClientGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		b := newBench(t, map[string]Command{"wait": func(ctx context.Context, _ *Call) *settings.Section {
			<-ctx.Done()
			close(ended)
			return Done()
		}})
		c := b.client()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.Call(ctx, "wait", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waited until %v", err)
		}
		c.Close()
		<-ended
	})
}
