package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/config"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Show the configuration of the daemon, and change it safely",
		Long: `Show what the daemon has read and how it counts, compare a file with it, and try one out: it
counts at once, and is taken back unless it is confirmed in time, so that nobody is locked
out. Only what was confirmed is written to the disk.`,
		Example: `  culvert config diff new.hcl
  culvert config apply new.hcl --confirm-within 2m
  culvert config confirm`,
		Args: noSubcommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configShowCommand(), a.configDiffCommand(), a.configApplyCommand(),
		a.decisionCommand("confirm", "confirmed", "Keep the configuration that was applied",
			`Keep the configuration that was applied: it takes the place of the file, at once or not at all.`, (*api.Client).Confirm),
		a.decisionCommand("rollback", "rolled back", "Go back to the configuration before the one that was applied",
			`Go back to the configuration before the one that was applied, without waiting for its time to end.`, (*api.Client).Rollback))
	return cmd
}

func (a *app) configShowCommand() *cobra.Command {
	var effective bool
	cmd := &cobra.Command{
		Use: "show", Short: "Show the configuration in use",
		Long: `Show the files that the daemon has read, or with --effective every option as it counts, those
included that stand in no file. Secrets do not show.`,
		Example: `  culvert config show
  culvert config show --effective | grep dpd_delay`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := a.client()
			defer client.Close()
			c, err := client.Configuration(cmd.Context())
			if err != nil {
				return err
			}
			switch {
			case a.json:
				a.printJSON(c)
			case effective:
				a.showEffective("", c.Effective)
			default:
				a.showFiles(c)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&effective, "effective", false, "every option as it counts, with * before those that stand in a file")
	return cmd
}

func (a *app) showFiles(c api.Configuration) {
	out := a.out()
	if p := c.Pending; p != nil {
		out.line("# applied by %s, rolled back at %s unless confirmed", p.Caller, p.Until.Local().Format(time.TimeOnly))
	}
	for _, f := range c.Files {
		out.line("# %s", f.Path)
		out.verbatim(strings.TrimRight(f.Text, "\n"))
	}
}

func (a *app) showEffective(indent string, blocks []config.Effective) {
	out := a.out()
	for _, b := range blocks {
		out.verbatim(indent + strings.TrimSpace(b.Kind+" "+b.Name))
		for _, o := range b.Options {
			mark := " "
			if o.Given {
				mark = "*"
			}
			if o.Value != "" {
				out.verbatim(fmt.Sprintf("%s %s %s = %s", indent, mark, o.Name, o.Value))
			}
		}
		a.showEffective(indent+"    ", b.Blocks)
	}
}

// readText reads a file, or standard input for "-".
func readText(path string) (string, error) {
	read := func() ([]byte, error) { return os.ReadFile(path) }
	if path == "-" {
		read = func() ([]byte, error) { return io.ReadAll(os.Stdin) }
	}
	text, err := read()
	if err != nil {
		return "", usage("%v", err)
	}
	return string(text), nil
}

func (a *app) configDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use: "diff FILE", Short: "Show what a file would change",
		Long: `Compare a file with the configuration in use, by what they mean: every option that differs,
with both values. The file is read as if it were the daemon's main file, on the daemon's
host; nothing is changed. - is standard input.`,
		Example: `  culvert config diff new.hcl`,
		Args:    oneArg("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readText(args[0])
			if err != nil {
				return err
			}
			client := a.client()
			defer client.Close()
			c, err := client.Compare(cmd.Context(), text)
			if err != nil {
				return a.refused(err)
			}
			return a.show(c, func() { a.showComparison(c) })
		},
	}
}

func (a *app) showComparison(c api.Comparison) {
	out := a.out()
	for _, d := range c.Alterations {
		switch {
		case d.Option != "":
			out.line("%s %s: %s", out.warn("changed"), d.Block, d.Option)
			out.verbatim("  - " + d.Old)
			out.verbatim("  + " + d.New)
		case d.New != "":
			out.line("%s %s", out.good("added"), d.Block)
		default:
			out.line("%s %s", out.bad("removed"), d.Block)
		}
	}
	if len(c.Alterations) == 0 {
		out.line("nothing would change")
	}
	for _, option := range c.Restart {
		out.indented("warning: ", option+" would count from the next start of the daemon on")
	}
}

func (a *app) configApplyCommand() *cobra.Command {
	var within time.Duration
	cmd := &cobra.Command{
		Use: "apply FILE", Short: "Try a configuration out",
		Long: `Have the daemon use a file in the place of its main file, at once. Unless culvert config
confirm follows within --confirm-within, the daemon goes back to what it had. Until then
nothing is written to the disk. One configuration can be tried at a time. - is standard
input.`,
		Example: `  culvert config apply new.hcl && culvert status && culvert config confirm`,
		Args:    oneArg("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readText(args[0])
			if err != nil {
				return err
			}
			client := a.client()
			defer client.Close()
			p, err := client.Apply(cmd.Context(), api.Proposed{Draft: api.Draft{Text: text}, ConfirmWithin: within.Seconds()})
			if err != nil {
				return a.refused(err)
			}
			return a.show(p, func() {
				a.showReloaded(p.Changes)
				a.out().line("rolled back at %s unless you run culvert config confirm", p.Until.Local().Format(time.TimeOnly))
			})
		},
	}
	spanVar(cmd.Flags(), &within, "confirm-within", time.Minute, time.Second, longestSpan, "time until it is rolled back")
	return cmd
}

// decisionCommand is one about the configuration that waits to be confirmed.
func (a *app) decisionCommand(use, result, short, long string, decide func(*api.Client, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Example: "  culvert config " + use, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := a.client()
			defer client.Close()
			if err := decide(client, cmd.Context(), ""); err != nil {
				return err
			}
			return a.show(outcome{Target: "configuration", Result: result}, func() { a.out().line("the configuration is %s", result) })
		},
	}
}

// verbatim writes lines as they are.
func (p *printer) verbatim(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		p.line("%s", line)
	}
}
