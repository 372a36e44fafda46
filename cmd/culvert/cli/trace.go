package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/legible"
	"culvert/trace/diagram"
)

// traceFormats are the ways in which a trace is written.
var traceFormats = [...]string{"text", "mermaid", "svg", "json"}

// A tracing is what the command line asks of the command trace.
type tracing struct {
	list, follow, verbose bool
	format                string
}

func (a *app) traceCommand() *cobra.Command {
	var t tracing
	cmd := &cobra.Command{
		Use: "trace [CONNECTION|TRACE]", Short: "Show what was said to a peer, as a sequence diagram",
		Long: `Draw the IKE messages of a connection as a sequence diagram: exchanges with their payloads,
sizes, fragments, repetitions and answer times, and what happened between them. It is the
newest trace of the connection, or the one of that number, or the newest of all. Terminals
of less than 60 columns get it as a list.

The daemon keeps the last traces by itself. A trace is the life of an IKE SA with its
successors, or an attempt that led to none. Keys, proofs and passwords are not in it.`,
		Example: `  culvert trace office
  culvert trace --list
  culvert trace 17 --verbose
  culvert trace office --format svg > office.svg`,
		Args:              atMostOne,
		ValidArgsFunction: a.targets,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(traceFormats[:], t.format) {
				return usage("there is no format %q; there are %s", t.format, strings.Join(traceFormats[:], " "))
			}
			if a.json {
				t.format = "json"
			}
			client := a.client()
			defer client.Close()
			return a.trace(cmd.Context(), client, strings.Join(args, ""), t)
		},
	}
	cmd.Flags().BoolVar(&t.list, "list", false, "list the traces that are kept")
	cmd.Flags().BoolVarP(&t.follow, "follow", "f", false, "go on with what is said from now on, until Ctrl-C")
	cmd.Flags().BoolVarP(&t.verbose, "verbose", "v", false, "every field of every payload")
	cmd.Flags().StringVar(&t.format, "format", "text", "text, mermaid, svg or json")
	return cmd
}

func (a *app) trace(ctx context.Context, client *api.Client, word string, t tracing) error {
	switch {
	case t.list:
		return a.listTraces(ctx, client, word)
	case t.follow:
		f := &traceFollower{app: a, client: client, word: word, tracing: t}
		return f.run(ctx)
	}
	id, err := findTrace(ctx, client, word, false)
	if err != nil {
		return err
	}
	one, err := client.Trace(ctx, id)
	if err != nil {
		return err
	}
	a.draw(&one, t)
	return nil
}

// draw writes a whole trace.
func (a *app) draw(one *api.Trace, t tracing) {
	switch t.format {
	case "json":
		a.printJSON(one)
	case "mermaid":
		fmt.Fprint(a.Out, legible.Clean(diagram.Mermaid(one)))
	case "svg":
		fmt.Fprint(a.Out, legible.Clean(diagram.SVG(one)))
	default:
		fmt.Fprint(a.Out, legible.Clean(diagram.Text(one, a.out().width, t.verbose)))
	}
}

func (a *app) listTraces(ctx context.Context, client *api.Client, connection string) error {
	list, err := client.Traces(ctx, connection)
	if err != nil {
		return err
	}
	if a.json {
		a.printJSON(list)
		return nil
	}
	out := a.out()
	if len(list) == 0 {
		out.line("there are no traces")
		return nil
	}
	var rows [][]cell
	for _, t := range list {
		rows = append(rows, a.traceRow(out, &t))
	}
	out.table([]string{"TRACE", "CONNECTION", "STATE", "AGE", "MESSAGES", "PEER"}, rows)
	return nil
}

func (a *app) traceRow(out *printer, t *api.TraceSummary) []cell {
	state := cell{string(t.Outcome), out.faint}
	switch t.Outcome {
	case api.TraceUp:
		state.paint = out.good
	case api.TraceFailed:
		state.paint = out.bad
	}
	about := strings.TrimSpace(t.Remote + " " + t.Peer)
	if t.Failure != nil {
		about += " " + string(t.Failure.Code)
	}
	return []cell{plain(t.ID), plain(t.Connection), state, plain(a.ago(t.Started)), plain(fmt.Sprint(t.Count)), plain(about)}
}
