package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
)

func (a *app) upCommand() *cobra.Command {
	cmd, _ := a.command(action{
		use: "up", timeout: 3 * time.Minute,
		short: "Bring up a connection or a child",
		long: `Bring up a connection with all its children, or one child, and show what happens until it
is up or has failed. What is up already is left alone.

When it fails, the last line names the cause with both sides' values, and what to do. An
end by --timeout or Ctrl-C ends the waiting, not the attempt: culvert down stops that.`,
		example: `  culvert up office
  culvert up office/net --timeout 30s`,
	}, a.up)
	return cmd
}

func (a *app) up(ctx context.Context, c api.Command) error {
	client, begun := a.client(), a.Now()
	defer client.Close()
	out := a.out()
	err := client.Up(ctx, c, func(e api.Event) {
		if a.json {
			a.printJSON(e)
			return
		}
		out.event(e, e.Time.Sub(begun))
	})
	if err != nil {
		return err
	}
	a.done(c.Target, "up", "%s is up", c.Target)
	return nil
}

// event writes one step of progress: seconds since the beginning, and what happened.
func (p *printer) event(e api.Event, since time.Duration) {
	text := plain(e.Text)
	switch e.Kind {
	case api.EventUp, api.EventChildUp:
		text.paint = p.good
	case api.EventFailure, api.EventDown, api.EventChildDown:
		text.paint = p.bad
	case api.EventRetransmit, api.EventWaiting, api.EventDropped, api.EventWarning:
		text.paint = p.warn
	}
	p.hanging(fmt.Sprintf("%8.3fs  ", max(0, since.Seconds())), text)
}

// done tells that a command has succeeded.
func (a *app) done(t api.Target, result, format string, args ...any) {
	if a.json {
		a.printJSON(outcome{Target: t.String(), Result: result})
		return
	}
	a.out().line(format, args...)
}

// An outcome is the JSON of a command that has succeeded.
type outcome struct {
	Target string `json:"target"`
	Result string `json:"result"`
}

func (a *app) downCommand() *cobra.Command {
	cmd, _ := a.command(action{
		use: "down", timeout: time.Minute, sa: true,
		short: "Close a connection, a child or one IKE SA",
		long: `Close a connection with all its IKE SAs, one child of it, or one IKE SA. The peer is told.
A connection that is closed by hand stays down until culvert up, even with keep_up.`,
		example: `  culvert down office
  culvert down office/net
  culvert down clients --sa 8c1f0a2b3c4d5e6f`,
	}, func(ctx context.Context, c api.Command) error {
		client := a.client()
		defer client.Close()
		if err := client.Down(ctx, c); err != nil {
			return err
		}
		a.done(c.Target, "down", "%s is down", c.Target)
		return nil
	})
	return cmd
}

func (a *app) rekeyCommand() *cobra.Command {
	var ike, child bool
	cmd, filled := a.command(action{
		use: "rekey", timeout: time.Minute, sa: true,
		short: "Give new keys to IKE SAs or children",
		long: `Give new keys now, without waiting for the lifetime: to the IKE SAs of a connection, or to a
child when one is named. Traffic goes on meanwhile.

Do it once after a change of proposals: a rekey that fails hours later is the usual way in
which two configurations turn out to differ.`,
		example: `  culvert rekey office              the IKE SA
  culvert rekey office/net          one child
  culvert rekey office --child      all children`,
	}, func(ctx context.Context, c api.Command) error {
		client := a.client()
		defer client.Close()
		if err := client.Rekey(ctx, c); err != nil {
			return err
		}
		a.done(c.Target, "rekeyed", "%s has new keys", c.Target)
		return nil
	})
	cmd.Flags().BoolVar(&ike, "ike", false, "the IKE SA, also when a child is named")
	cmd.Flags().BoolVar(&child, "child", false, "the children")
	cmd.MarkFlagsMutuallyExclusive("ike", "child")
	cmd.PreRun = func(*cobra.Command, []string) {
		switch {
		case ike:
			filled.Layer = api.LayerIKE
		case child:
			filled.Layer = api.LayerChild
		}
	}
	return cmd
}

func (a *app) reauthCommand() *cobra.Command {
	cmd, _ := a.command(action{
		use: "reauth", timeout: time.Minute, sa: true,
		short: "Authenticate anew, the new IKE SA before the old one ends",
		long: `Authenticate both sides anew. The new IKE SA with its children is up before the old one is
closed, so traffic goes on. Do it after certificates or secrets have changed.`,
		example: `  culvert reauth office`,
	}, func(ctx context.Context, c api.Command) error {
		client := a.client()
		defer client.Close()
		if err := client.Reauth(ctx, c); err != nil {
			return err
		}
		a.done(c.Target, "reauthenticated", "%s is authenticated anew", c.Target)
		return nil
	})
	return cmd
}
