package api

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/config"
)

// pipes is a listener whose connections are in memory, so that time can be played.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// piped serves a control in memory; every caller administers.
func piped(t *testing.T, c Control, talk func(net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(c, "test")
		if err := s.Permit(&config.API{Session: time.Minute}, ""); err != nil {
			t.Fatal(err)
		}
		l := make(pipes)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		everybody := func(*http.Request) Caller { return Caller{Name: "test", Role: Administer} }
		go func() { ended <- s.run(ctx, s.server(s.guarded(everybody, socketName), 0), l) }()
		ours, theirs := net.Pipe()
		l <- theirs
		talk(ours)
		ours.Close()
		cancel()
		<-ended
	})
}

// A command takes as long as it takes: the time that a body has ends with the body.
func TestLongCommandsAreNotCutOff(t *testing.T) {
	q := newQuiet(8)
	q.up = func(ctx context.Context) error {
		select {
		case <-time.After(3 * time.Minute):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	piped(t, q, func(c net.Conn) {
		const body = `{"connection":"office"}`
		go func() {
			_, _ = c.Write([]byte("POST /v1/up HTTP/1.1\r\nHost: culvert\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n" + body))
		}()
		var told strings.Builder
		lines := bufio.NewScanner(c)
		for lines.Scan() && !strings.Contains(told.String(), "event: ") {
			told.WriteString(lines.Text() + "\n")
		}
		if !strings.Contains(told.String(), "event: done") {
			t.Errorf("got\n%s", told.String())
		}
	})
}

func TestBodyThatDoesNotComeIsGivenUp(t *testing.T) {
	piped(t, newQuiet(8), func(c net.Conn) {
		begun := time.Now()
		go func() {
			_, _ = c.Write([]byte("POST /v1/down HTTP/1.1\r\nHost: culvert\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{"))
		}()
		answer, err := bufio.NewReader(c).ReadString('\n')
		if took := time.Since(begun); took != patience || err != nil || strings.Contains(answer, "204") {
			t.Errorf("after %v: %q, %v", took, answer, err)
		}
	})
}

func TestClientThatDoesNotReadIsGivenUp(t *testing.T) {
	piped(t, newQuiet(8), func(c net.Conn) {
		begun := time.Now()
		_, _ = c.Write([]byte("GET /openapi.json HTTP/1.1\r\nHost: culvert\r\n\r\n"))
		time.Sleep(patience + time.Second) // of the clock that is played
		_ = c.SetReadDeadline(begun.Add(time.Hour))
		n := 0
		for b := make([]byte, 1<<20); ; {
			k, err := c.Read(b)
			if n += k; err != nil {
				break
			}
		}
		if n > 20000 {
			t.Errorf("%d octets came", n)
		}
	})
}

func TestNamesOfThisHost(t *testing.T) {
	for host, want := range map[string][2]bool{
		"localhost": {true, true}, "localhost:4580": {true, true}, "127.0.0.1:80": {true, true}, "127.9.9.9": {true, true}, "[::1]:80": {true, true}, "a.localhost": {true, true},
		"culvert": {false, true}, "culvert:80": {false, true}, "d": {false, true}, "": {false, true},
		"evil.example": {false, false}, "evil.example:80": {false, false}, "192.0.2.1": {false, false}, "localhost.evil.example": {false, false}, "evillocalhost": {false, true},
	} {
		if got := [2]bool{loopbackName(host), socketName(host)}; got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// What nobody reads of a request has no more time than what somebody does: the connection ends, whatever the answer was.
func TestBodyThatNobodyReadsIsGivenUp(t *testing.T) {
	for _, request := range []string{
		"POST /v1/nothing HTTP/1.1\r\nHost: culvert\r\nContent-Length: 1000\r\n\r\n{",
		"POST /v1/nothing HTTP/1.1\r\nHost: elsewhere.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{",
		"GET /v1/status HTTP/1.1\r\nHost: culvert\r\nContent-Length: 1000\r\n\r\n{",
	} {
		piped(t, newQuiet(8), func(c net.Conn) {
			begun := time.Now()
			go func() { _, _ = c.Write([]byte(request)) }()
			_, _ = io.Copy(io.Discard, c)
			if took := time.Since(begun); took > 2*patience {
				t.Errorf("%q: the connection is held for %v", request[:30], took)
			}
		})
	}
}
