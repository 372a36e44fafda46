package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"culvert/api"
	"culvert/tunnel"
)

// A board shows what happens; several goroutines write on it.
type board struct {
	*app
	begun time.Time

	mu sync.Mutex
	on bool // the tunnel was up: single messages are of no interest any more
}

// event shows an event of the tunnel.
func (b *board) event(e api.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.json:
		b.printJSON(e)
	case b.on && (e.Kind == api.EventSent || e.Kind == api.EventReceived || e.Kind == api.EventRetransmit || e.Kind == api.EventDropped):
	default:
		b.out().event(e, e.Time.Sub(b.begun))
	}
}

// failed shows what somebody could not reach.
func (b *board) failed(target string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.json {
		b.printJSON(unreached{Target: target, Problem: err.Error()})
		return
	}
	out := b.out()
	out.hanging(fmt.Sprintf("%8.3fs  ", max(0, b.Now().Sub(b.begun).Seconds())), cell{target + ": " + err.Error(), out.warn})
}

// unreached is the JSON of a target that somebody could not reach.
type unreached struct {
	Target  string `json:"target"`
	Problem string `json:"problem"`
}

func (b *board) line(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.json {
		b.out().line(format, args...)
	}
}

// joined is the JSON of a tunnel that is up.
type joined struct {
	outcome
	Addresses []string `json:"addresses"`
	SOCKS     string   `json:"socks,omitempty"`
	HTTP      string   `json:"http,omitempty"`
	Forward   []string `json:"forward,omitempty"`
	Reverse   []string `json:"reverse,omitempty"`
}

// up tells that the tunnel is up, and how to get into it.
func (b *board) up(t *tunnel.Tunnel, w *ways) {
	j := joined{outcome: outcome{Target: t.Name(), Result: "up"}, Addresses: []string{}}
	for _, a := range t.Addrs() {
		j.Addresses = append(j.Addresses, a.String())
	}
	for _, way := range w.list {
		at := way.listener.Addr().String()
		switch way.kind {
		case "socks":
			j.SOCKS = at
		case "http":
			j.HTTP = at
		case "forward":
			j.Forward = append(j.Forward, at+" -> "+way.target)
		case "reverse":
			j.Reverse = append(j.Reverse, at+" -> "+way.target)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on = true
	if b.json {
		b.printJSON(j)
		return
	}
	b.out().joined(j)
}

func (p *printer) joined(j joined) {
	p.line("%s is up; our addresses in it: %s", j.Target, strings.Join(j.Addresses, " "))
	for _, row := range []struct {
		what string
		at   []string
	}{{"SOCKS5 proxy", []string{j.SOCKS}}, {"HTTP proxy", []string{j.HTTP}}, {"forward", j.Forward}, {"reverse", j.Reverse}} {
		for _, at := range row.at {
			if at != "" {
				p.line("  %-13s %s", styled(row.what), at)
			}
		}
	}
	p.line("Ctrl-C closes it.")
}
