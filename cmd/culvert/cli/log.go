package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/legible"
)

func (a *app) logCommand() *cobra.Command {
	var follow api.Follow
	var on, events bool
	cmd := &cobra.Command{
		Use: "log", Short: "Show what the daemon logs",
		Long: `Show the last lines that the daemon has logged, and with -f what it goes on to log.

With --events, show the events that programs use instead: attempts, messages, what came up
and what went down. If this reader is too slow, a line tells how much is lost; the daemon
never waits for it. The system journal has what is older: journalctl -u culvert.`,
		Example: `  culvert log -f
  culvert log -n 500 --level warn
  culvert log -f --events --connection office --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			follow.Once = !on
			if levels := []string{"", "debug", "info", "warn", "error"}; !slices.Contains(levels, follow.Level) {
				return usage("there is no level %q; there are%s", follow.Level, strings.Join(levels, " "))
			}
			if follow.Backlog < 0 {
				return usage("-n is a number of lines, not %d", follow.Backlog)
			}
			client := a.client()
			defer client.Close()
			if events || follow.Connection != "" {
				return client.Events(cmd.Context(), follow, a.showEvent, a.showGap)
			}
			return client.Log(cmd.Context(), follow, a.showEntry, a.showGap)
		},
	}
	cmd.Flags().BoolVarP(&on, "follow", "f", false, "go on until Ctrl-C")
	cmd.Flags().IntVarP(&follow.Backlog, "lines", "n", 50, "lines of the past")
	cmd.Flags().StringVar(&follow.Level, "level", "", "least level: debug, info, warn or error")
	cmd.Flags().BoolVar(&events, "events", false, "events instead of log lines")
	cmd.Flags().StringVar(&follow.Connection, "connection", "", "events of this connection only")
	return cmd
}

func (a *app) showGap(missed uint64) {
	if a.json {
		a.printJSON(api.Gap{Missed: missed})
		return
	}
	out := a.out()
	out.line("%s", out.warn(fmt.Sprintf("... %d lost, this reader was too slow", missed)))
}

const clock = "15:04:05.000"

func (a *app) showEvent(e api.Event) error {
	if a.json {
		a.printJSON(e)
		return nil
	}
	about := e.Connection
	if e.Child != "" {
		about += "/" + e.Child
	}
	out := a.out()
	out.line("%s %-13s %-12s %s", out.faint(e.Time.Local().Format(clock)), e.Kind, about, e.Text)
	if e.Problem != nil {
		out.indented(strings.Repeat(" ", len(clock)+1), e.Problem.Error())
	}
	return nil
}

func (a *app) showEntry(e api.LogEntry) error {
	if a.json {
		a.printJSON(e)
		return nil
	}
	out := a.out()
	level := plain(fmt.Sprintf("%-5s", e.Level))
	switch e.Level {
	case "ERROR":
		level.paint = out.bad
	case "WARN":
		level.paint = out.warn
	}
	var attrs strings.Builder
	for _, k := range slices.Sorted(maps.Keys(e.Attrs)) {
		fmt.Fprintf(&attrs, " %s=%s", out.faint(k), legible.OneLine(e.Attrs[k]))
	}
	out.line("%s %s %s%s", out.faint(e.Time.Local().Format(clock)), level.styled(), e.Text, styled(attrs.String()))
	return nil
}
