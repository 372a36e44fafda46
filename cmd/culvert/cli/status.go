package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/explain"
)

// shortestLook is the least time between two looks at a daemon.
const shortestLook = 100 * time.Millisecond

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use: "status [CONNECTION]", Short: "Show what is up, and why the rest is not",
		Long: `Show the connections, their IKE SAs and children, with algorithms, traffic and the time of
the next rekey, and what deserves a look.

The state of a connection:
  up          an IKE SA is established
  connecting  an attempt is under way
  waiting     the last attempt failed; why, and when the next one comes, stands below
  trapped     the first packet will bring it up
  listening   the peer has to connect
  idle        nobody asked for it; culvert up does

If packets leave but none come in (out counts, in does not), the peer or a firewall drops
them: UDP 500 and 4500 have to pass, and ESP (protocol 50) where no NAT is in between.`,
		Example: `  culvert status
  culvert status office
  culvert status -w                 again and again, as things happen
  culvert status --json | jq '.sas[].children[].in.bytes'`,
		Args:              atMostOne,
		ValidArgsFunction: a.targets,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := strings.Join(args, "")
			if watch {
				return a.watch(cmd.Context(), name, interval)
			}
			return a.status(cmd.Context(), name)
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "show it again and again until Ctrl-C")
	spanVar(cmd.Flags(), &interval, "interval", time.Second, shortestLook, longestSpan, "time between two looks with --watch")
	return cmd
}

func (a *app) status(ctx context.Context, name string) error {
	client := a.client()
	defer client.Close()
	return a.look(ctx, client, name, func() {})
}

// watch shows the status until the context ends. A daemon that restarts is waited for.
func (a *app) watch(ctx context.Context, name string, interval time.Duration) error {
	client := a.client()
	defer client.Close()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	clear := func() {
		if a.Terminal && !a.json && !a.dumb() {
			fmt.Fprint(a.Out, "\x1b[H\x1b[2J")
		}
	}
	for {
		err := a.look(ctx, client, name, clear)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && exitCode(err) != exitUnreachable:
			return err
		case err != nil:
			clear()
			a.fail(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// look asks for the status and shows it.
func (a *app) look(ctx context.Context, client *api.Client, name string, before func()) error {
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	if name != "" {
		if status, err = narrowed(status, name); err != nil {
			return err
		}
	}
	before()
	return a.show(status, func() { a.showStatus(&status) })
}

// narrowed returns the status with one connection only.
func narrowed(s api.Status, name string) (api.Status, error) {
	name, _, _ = strings.Cut(name, "/")
	c, ok := s.Connection(name)
	if !ok {
		return s, api.NewProblem(0, explain.ManageNotFound, "culvert status lists those that there are", "there is no connection %q", name)
	}
	s.SAs = s.SAsOf(name)
	s.Connections = []api.Connection{c}
	return s, nil
}
