package cli

import (
	"time"

	"github.com/spf13/cobra"

	"culvert/cmd/culvert/top"
)

func (a *app) topCommand() *cobra.Command {
	var interval time.Duration
	cmd := &cobra.Command{
		Use: "top", Short: "Watch connections live: state, throughput, lifetimes, failures",
		Long: `Watch the connections of the daemon on the terminal: their state, what they carry in each
direction with the course of the last looks, when they are rekeyed, and why they fail.
Details, events and help are panes; connections can be sorted and filtered, brought up,
taken down and rekeyed, after a question. The key ? shows all keys.

80 by 24 characters are enough. Colours follow NO_COLOR. If the daemon is restarted, the
view goes on when it is back. For programs there is culvert status -w --json.`,
		Example: `  culvert top
  NO_COLOR=1 culvert top --interval 5s`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.Terminal || a.In == nil || a.dumb() {
				return usage("culvert top draws on a terminal that can be drawn on; use culvert status, or culvert status -w --json")
			}
			client := a.client()
			defer client.Close()
			return top.Run(cmd.Context(), client, a.In, a.Out, top.Options{Interval: interval, Colour: a.out().colour, Now: a.Now})
		},
	}
	spanVar(cmd.Flags(), &interval, "interval", time.Second, shortestLook, longestSpan, "time between looks")
	return cmd
}
