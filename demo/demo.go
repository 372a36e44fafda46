// Package demo shows Culvert at work: two gateways, one tunnel, real packets, and on the terminal what happened.
//
// With root each gateway is a daemon in a network namespace of its own, joined by a virtual cable. Without, both run in
// this process over loopback, on a data plane in memory.
package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"culvert/api"
)

// Options say where to show it.
type Options struct {
	Out  io.Writer
	Exe  string // the culvert binary, for the daemons
	Root bool   // network namespaces may be made
	// Transfer is how long a stream runs through the tunnel; 0 is 4 s.
	Transfer time.Duration
}

const defaultTransfer = 4 * time.Second

// A gateway is one end of the demonstration.
type gateway struct {
	name   string
	client *api.Client
}

// A scene is two gateways that can reach each other, and the networks behind them.
type scene interface {
	gateways() (west, east *gateway)
	// ping sends echo requests from behind west to behind east and returns the round trips.
	ping(ctx context.Context, n int) ([]time.Duration, error)
	// transfer sends a stream through the tunnel for a while and returns what arrived.
	transfer(ctx context.Context, d time.Duration) (received int64, lost string, err error)
	// close takes everything away.
	close()
}

// Run shows everything and returns the first thing that went wrong.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "culvert-demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &show{out: o.Out, transfer: cmp.Or(o.Transfer, defaultTransfer)}
	s, err := d.open(ctx, o, dir)
	if err != nil {
		return err
	}
	defer s.close()
	return d.play(ctx, s, o.Root)
}

// A show writes what happens.
type show struct {
	out      io.Writer
	transfer time.Duration
}

func (d *show) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *show) title(text string) { d.say("\n%s\n%s", text, strings.Repeat("-", len(text))) }

func (d *show) open(ctx context.Context, o Options, dir string) (scene, error) {
	if o.Root {
		d.title("Two gateways in network namespaces of their own")
		d.say("%s", drawing)
		return openNamespaces(ctx, o.Exe, dir)
	}
	d.title("Two gateways in one process, over loopback")
	return openLoopback(ctx, dir)
}

const drawing = `
   10.1.0.1 [west] 192.0.2.1 ======= 192.0.2.2 [east] 10.2.0.1
             |         IKEv2, then ESP         |
             +------ 10.1.0.0/24 === 10.2.0.0/24
`

// play goes through the life of a tunnel.
func (d *show) play(ctx context.Context, s scene, root bool) error {
	west, east := s.gateways()
	if _, err := s.ping(ctx, 1); err == nil {
		return fmt.Errorf("a packet arrived although there is no tunnel")
	}
	d.say("Without a tunnel nothing passes: the policy protects the traffic or holds it back.")

	d.title("The tunnel comes up")
	if err := d.watch(ctx, west, func() error {
		return west.client.Up(ctx, api.Command{Target: api.Target{Connection: "demo"}}, func(api.Event) {})
	}); err != nil {
		return err
	}
	if err := d.pingThrough(ctx, s); err != nil {
		return err
	}
	if err := d.transferAndRekey(ctx, s, west); err != nil {
		return err
	}
	if err := d.showSAs(ctx, west, east); err != nil {
		return err
	}
	d.title("And down again")
	if err := d.watch(ctx, west, func() error {
		return west.client.Down(ctx, api.Command{Target: api.Target{Connection: "demo"}})
	}); err != nil {
		return err
	}
	if !root {
		d.say("\nThis ran without root: the packets were real, the sockets loopback, the hosts in memory.\n" +
			"With root (sudo make demo) each gateway is a daemon in a network namespace of its own,\n" +
			"with TUN devices, routes and TCP of the kernel.")
	}
	d.say("\nDone. The next step: docs/site-to-site.md")
	return nil
}

func (d *show) pingThrough(ctx context.Context, s scene) error {
	d.title("Ping through the tunnel")
	times, err := s.ping(ctx, 3)
	if err != nil {
		return err
	}
	for i, t := range times {
		d.say("10.2.0.1 answered request %d after %v", i+1, t.Round(time.Microsecond))
	}
	return nil
}

// transferAndRekey changes the keys while a stream runs.
func (d *show) transferAndRekey(ctx context.Context, s scene, west *gateway) error {
	d.title(fmt.Sprintf("A stream through the tunnel for %v, with new keys for child and IKE SA meanwhile", d.transfer))
	type outcome struct {
		received int64
		lost     string
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		n, lost, err := s.transfer(ctx, d.transfer)
		done <- outcome{n, lost, err}
	}()
	target := api.Target{Connection: "demo"}
	err := d.watch(ctx, west, func() error {
		for _, layer := range []api.Layer{api.LayerChild, api.LayerIKE, api.LayerChild} {
			if err := west.client.Rekey(ctx, api.Command{Target: target, Layer: layer}); err != nil {
				return err
			}
		}
		return nil
	})
	end := <-done
	if err != nil {
		return err
	}
	if end.err != nil {
		return end.err
	}
	d.say("\n%.1f MB in %v: %.2f Gbit/s; %s", float64(end.received)/1e6, d.transfer, float64(end.received)*8/d.transfer.Seconds()/1e9, end.lost)
	return nil
}

// showSAs prints what both sides have.
func (d *show) showSAs(ctx context.Context, gateways ...*gateway) error {
	d.title("What both sides have now")
	for _, g := range gateways {
		status, err := g.client.Status(ctx)
		if err != nil {
			return err
		}
		for _, sa := range status.SAs {
			d.say("%s  IKE SA %s  %s", g.name, sa.SPI, sa.Suite)
			if sa.Quantum != nil && sa.Quantum.IKE {
				d.say("      quantum-resistant: %s", strings.Join(sa.Quantum.Means, "; "))
			}
			for _, c := range sa.Children {
				d.say("      child %s  %s in UDP %s, %s === %s", c.Name, c.Mode, c.Suite, strings.Join(c.Local, " "), strings.Join(c.Remote, " "))
				d.say("        in  %s: %d packets, %.1f MB", c.InSPI, c.In.Packets, float64(c.In.Bytes)/1e6)
				d.say("        out %s: %d packets, %.1f MB", c.OutSPI, c.Out.Packets, float64(c.Out.Bytes)/1e6)
			}
		}
	}
	return nil
}

// write makes the configuration of a gateway.
func (g *gateway) write(dir, text string) (config, socket string, err error) {
	config, socket = filepath.Join(dir, g.name+".hcl"), filepath.Join(dir, g.name+".sock")
	g.client = api.NewClient(socket)
	return config, socket, os.WriteFile(config, []byte(text), 0o600)
}

// connection is the part of the configuration that both scenes share.
func connection(local, remote end, port string) string {
	return fmt.Sprintf(`
connection "demo" {
  local {
    address = %q
    id      = "%s.example.org"
    %s
  }
  remote {
    address = %q
    id      = "%s.example.org"
    %s
  }
  force_encapsulation = true
  child "net" {
    local  = [%q]
    remote = [%q]
  }
}
secret "demo" {
  psk = "correct horse battery staple, and then some"
}
`, local.address, local.name, port, remote.address, remote.name, port, local.network, remote.network)
}

// An end is where a gateway is and what lies behind it.
type end struct{ name, address, network string }
