package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/explain"
	"culvert/legible"
	"culvert/selftest"
)

func (a *app) selftestCommand() *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use: "selftest", Short: "Try whether everything computes what it should on this machine",
		Long: `Try every algorithm that is built in against answers that are known beforehand, whole
handshakes with packets through their tunnels, ESP in both directions, and the system's
randomness; and tell what the processor has. It takes a second or two, and needs no daemon.

It ends with 0 if everything passes, and with 1 otherwise.`,
		Example: `  culvert selftest
  culvert selftest --verbose
  culvert selftest --json | jq '.results[] | select(.passed | not)'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tests, err := selftest.Tests()
			if err != nil {
				return err
			}
			return a.selftest(cmd.Context(), tests, verbose)
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show each test")
	return cmd
}

// A tested is the JSON of the command selftest.
type tested struct {
	Processor selftest.Processor `json:"processor"`
	Results   []selftest.Result  `json:"results"`
	Passed    int                `json:"passed"`
	Failed    int                `json:"failed"`
}

func (a *app) selftest(ctx context.Context, tests []selftest.Test, verbose bool) error {
	all := tested{Processor: selftest.ThisProcessor()}
	out := a.out()
	selftest.Run(ctx, tests, func(r selftest.Result) {
		all.Results = append(all.Results, r)
		if r.Passed {
			all.Passed++
		} else {
			all.Failed++
		}
		if !a.json && (verbose || !r.Passed) {
			out.tested(r)
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.json {
		a.printJSON(all)
	} else {
		a.showTested(&all)
	}
	if all.Failed == 0 {
		return nil
	}
	return silent{api.NewProblem(0, explain.HostSelftest, "", "%s of %d failed", legible.Count(all.Failed, "test"), len(tests))}
}

func (p *printer) tested(r selftest.Result) {
	if r.Passed {
		p.line("%s  %s: %s", p.good("ok  "), r.Kind, r.Name)
		return
	}
	p.line("%s  %s: %s", p.bad("FAIL"), r.Kind, r.Name)
	p.indented("      ", r.Reason)
}

// showTested sums up by kind.
func (a *app) showTested(all *tested) {
	out := a.out()
	var kinds []string
	passed, number, seconds := map[string]int{}, map[string]int{}, map[string]float64{}
	for _, r := range all.Results {
		if number[r.Kind] == 0 {
			kinds = append(kinds, r.Kind)
		}
		number[r.Kind]++
		seconds[r.Kind] += r.Seconds
		if r.Passed {
			passed[r.Kind]++
		}
	}
	for _, k := range kinds {
		mark := out.good("ok  ")
		if passed[k] < number[k] {
			mark = out.bad("FAIL")
		}
		out.line("%s  %-14s %3d of %3d  %6.2f s", mark, k, passed[k], number[k], seconds[k])
	}
	features := strings.Join(all.Processor.Features, " ")
	if features == "" {
		features = "none that is used"
	}
	out.indented("processor: ", all.Processor.Architecture+" with "+features)
	out.indented("AES-GCM:   ", all.Processor.AESGCM)
	if all.Processor.FIPS {
		out.line("FIPS 140-3 mode")
	}
}
