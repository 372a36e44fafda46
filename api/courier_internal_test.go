package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/explain"
)

// silent returns a client of a daemon that takes every request and answers none.
func silent() *Client {
	return newClient(url.URL{Scheme: "http", Host: "culvert"}, "/run/s", &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, there) }()
		return here, nil
	}})
}

func TestQuestionsToADaemonThatHangsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, begun := silent(), time.Now()
		_, err := c.Status(t.Context())
		var p *Problem
		if !errors.As(err, &p) || p.Code != explain.ManageUnreachable || !strings.Contains(p.Detail, "on /run/s does not answer in time") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took != answerWithin {
			t.Errorf("it took %v", took)
		}
	})
}

// A command takes as long as the peer does: its own time and its context end it.
func TestCommandsTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*answerWithin)
		defer cancel()
		if err := silent().Down(ctx, Command{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// A daemon that hangs does not keep to the time of a command: the client does.
func TestCommandsWithATimeEndThoughTheDaemonHangs(t *testing.T) {
	for name, command := range map[string]func(*Client, context.Context, Command) error{
		"down": (*Client).Down, "rekey": (*Client).Rekey, "reauth": (*Client).Reauth,
		"up": func(c *Client, ctx context.Context, cmd Command) error { return c.Up(ctx, cmd, func(Event) {}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			err := command(silent(), t.Context(), Command{TimeoutSeconds: 60})
			var p *Problem
			if !errors.As(err, &p) || p.Code != explain.ManageTimeout {
				t.Errorf("%s: got %v", name, err)
			}
			if took := time.Since(begun); took != time.Minute+grace {
				t.Errorf("%s took %v", name, took)
			}
		})
	}
}
