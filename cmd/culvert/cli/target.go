package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
)

// targetUse is how a target is written.
const targetUse = "CONNECTION[/CHILD]"

// parseTarget reads "office" or "office/net".
func parseTarget(s string) (api.Target, error) {
	connection, child, slash := strings.Cut(s, "/")
	if connection == "" || slash && child == "" || strings.Contains(child, "/") {
		return api.Target{}, usage("%q is no target: write a connection, as in office, or a child of one, as in office/net", s)
	}
	return api.Target{Connection: connection, Child: child}, nil
}

// oneTarget demands exactly one word.
func oneTarget(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usage("%s needs the name of a connection, as in %[1]s office; culvert status lists them", cmd.CommandPath())
	case len(args) > 1:
		return usage("%s takes one target, there is %q as well", cmd.CommandPath(), args[1])
	}
	_, err := parseTarget(args[0])
	return err
}

// targets completes the names of connections and children, as the daemon has them now.
func (a *app) targets(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	const patience = time.Second
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), patience)
	defer cancel()
	status, err := a.client().Status(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, c := range status.Connections {
		names = append(names, c.Name+"\t"+string(c.State))
		if strings.HasPrefix(prefix, c.Name) {
			for _, child := range c.Children {
				names = append(names, c.Name+"/"+child)
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// action builds a command that acts on a target.
type action struct {
	use, short, long, example string
	timeout                   time.Duration
	sa                        bool // one IKE SA can be chosen
}

// command returns the command and what its flags fill.
func (a *app) command(act action, run func(context.Context, api.Command) error) (*cobra.Command, *api.Command) {
	var timeout time.Duration
	filled := new(api.Command)
	cmd := &cobra.Command{
		Use: act.use + " " + targetUse, Short: act.short, Long: act.long, Example: act.example,
		Args: oneTarget, ValidArgsFunction: a.targets,
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := parseTarget(args[0])
			if err != nil {
				return err
			}
			target.SA = filled.SA
			filled.Target, filled.TimeoutSeconds = target, timeout.Seconds()
			return run(cmd.Context(), *filled)
		},
	}
	spanVar(cmd.Flags(), &timeout, "timeout", act.timeout, 0, longestSpan, "time to wait for the end; 0: as long as it takes")
	if act.sa {
		cmd.Flags().StringVar(&filled.SA, "sa", "", "only the IKE SA with this SPI, as culvert status shows it")
	}
	return cmd, filled
}
