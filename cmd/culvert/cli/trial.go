package cli

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/explain"
	"culvert/trial"
)

func (a *app) testCommand() *cobra.Command {
	var p trial.Plan
	var child, address string
	cmd := &cobra.Command{
		Use: "test CONNECTION", Short: "Try a connection: traffic both ways, rekeying, reauthentication",
		Long: `Bring a connection up if it is not, send packets through it and see the counters grow in
both directions. With --rekey, give new keys to the IKE SA and the children, see that all
SPIs are others, and that traffic goes on; with --reauth, authenticate anew; with --mtu,
send a packet as large as the child carries. The connection is left up.

A rekeying that fails hours later is the usual way in which two configurations turn out to
differ: try it when the tunnel is new. Each step has a verdict. It ends with 0 if none has
failed, with 4 if the peer refused, and with 1 otherwise. The host must have an address
within the selectors of a child to ping from; --ping names the address to ping.`,
		Example: `  culvert test office --rekey
  culvert test office --rekey --reauth --mtu --ping 10.2.0.1
  culvert test office --child net --rekey --json`,
		Args: oneTarget, ValidArgsFunction: a.targets,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if p.Target, err = parseTarget(args[0]); err != nil {
				return err
			}
			if child != "" {
				p.Target.Child = child
			}
			if address != "" {
				if p.Ping, err = netip.ParseAddr(address); err != nil {
					return usage("--ping %s: an address is expected", address)
				}
			}
			return a.try(cmd.Context(), p)
		},
	}
	cmd.Flags().StringVar(&child, "child", "", "this child only")
	cmd.Flags().StringVar(&address, "ping", "", "address on the other side that answers pings")
	cmd.Flags().BoolVar(&p.Rekey, "rekey", false, "give new keys to the IKE SA and the children")
	cmd.Flags().BoolVar(&p.Reauth, "reauth", false, "authenticate anew")
	cmd.Flags().BoolVar(&p.MTU, "mtu", false, "send a packet as large as the child carries")
	spanVar(cmd.Flags(), &p.Timeout, "timeout", time.Minute, time.Millisecond, longestSpan, "time for each command to the daemon")
	spanVar(cmd.Flags(), &p.Patience, "patience", 10*time.Second, time.Millisecond, longestSpan, "time for pings and for the effect of a command")
	return cmd
}

// A tried is the JSON of the command test.
type tried struct {
	Target string       `json:"target"`
	Result string       `json:"result"` // "passed" or "failed"
	Steps  []trial.Step `json:"steps"`
}

func (a *app) try(ctx context.Context, p trial.Plan) error {
	client := a.client()
	defer client.Close()
	all := tried{Target: p.Target.String(), Result: "passed", Steps: []trial.Step{}}
	out := a.out()
	err := trial.Run(ctx, client, a.Pinger, p, func(s trial.Step) {
		if all.Steps = append(all.Steps, s); !a.json {
			out.tried(s)
		}
	})
	if err != nil {
		all.Result = "failed"
	}
	if a.json {
		a.printJSON(all)
	}
	return a.verdict(err, p.Target)
}

// verdict is the error of a trial. What it is about has been shown.
func (a *app) verdict(err error, t api.Target) error {
	var p *api.Problem
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &p):
		return silent{p}
	}
	return silent{api.NewProblem(0, explain.ManageTrial, "", "%s did not pass", t)}
}

func (p *printer) tried(s trial.Step) {
	mark := map[trial.Verdict]styled{trial.OK: p.good("ok     "), trial.Failed: p.bad("FAILED "), trial.Unknown: p.warn("unknown")}[s.Verdict]
	p.line("%s  %s %s", mark, s.Name, p.faint("("+time.Duration(s.Seconds*float64(time.Second)).Round(time.Millisecond).String()+")"))
	p.indented("         ", s.Text)
}
