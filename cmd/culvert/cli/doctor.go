package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/config"
	"culvert/doctor"
	"culvert/explain"
	"culvert/legible"
)

func (a *app) doctorCommand() *cobra.Command {
	var path string
	var strict, quiet bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what is in the way of tunnels on this host",
		Long: `Examine this host and say in words what is in the way of tunnels, each with what to do:
ports and who holds them, other IKE daemons, ESP in the kernel, the TUN device,
capabilities, forwarding, the reverse path filter, packet filters, NAT, overlaps of
networks, routes, MTU, names, the clock, certificates, the kernel's counters, leftovers and
limits.

Connections that came to the running daemon in another way than by the file, as over
VICI, are examined as it has them.

Nothing is changed. It works without root and without a daemon; what only root can see is
listed as unknown. It ends with 0 if nothing fails, and with 1 otherwise.`,
		Example: `  culvert doctor
  sudo culvert doctor --quiet
  culvert doctor --json | jq -r '.findings[] | select(.level == "fail") | .text'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.remote.client != nil {
				return usage("doctor looks at the host that it runs on: run it on %s, without --server", a.remote.server)
			}
			whole, err := filepath.Abs(path)
			if err != nil {
				return usage("--config %s: %v", path, err)
			}
			return a.showReport(doctor.Examine(cmd.Context(), a.patient(cmd.Context(), whole)), strict, quiet)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().BoolVar(&strict, "strict", false, "end with 1 for warnings, too")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "leave out what is right")
	return cmd
}

// patient is this host with its configuration, and its daemon if one answers.
func (a *app) patient(ctx context.Context, path string) *doctor.Patient {
	const soon = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	client := a.client()
	defer client.Close()
	p := &doctor.Patient{Host: a.Host, Now: a.Now(), Socket: a.socket}
	if status, err := client.Status(ctx); err == nil {
		p.Status = &status
		if path == config.DefaultPath && status.Config != "" && a.remote.client == nil {
			path = status.Config // the daemon of this host has another one
		}
	} else {
		p.Unreachable = errors.New(reason(err))
	}
	p.Path = path
	p.Config, p.Diagnostics = a.Source.Load(path)
	if p.Status != nil {
		p.Loaded = loaded(ctx, client, p.Config)
	}
	return p
}

// loaded is what the daemon has beside a file.
func loaded(ctx context.Context, client *api.Client, file *config.Config) (l doctor.Loaded) {
	got, err := client.Configuration(ctx)
	if err != nil {
		l.Err = errors.New(reason(err))
		return l
	}
	l.Connections = slices.DeleteFunc(config.Outline(got.Effective), func(c *config.Connection) bool {
		return file != nil && file.Connection(c.Name) != nil
	})
	if len(l.Connections) > 0 {
		l.Certificates, err = client.Certificates(ctx)
	}
	if err != nil {
		l.Err = errors.New(reason(err))
	}
	return l
}

// reason is the sentence of an error, without what to do and its code.
func reason(err error) string {
	var p *api.Problem
	if errors.As(err, &p) {
		return p.Detail
	}
	return err.Error()
}

// An examined is the JSON of the command doctor.
type examined struct {
	Findings doctor.Report        `json:"findings"`
	Counts   map[doctor.Level]int `json:"counts"`
}

func (a *app) showReport(r doctor.Report, strict, quiet bool) error {
	counts := map[doctor.Level]int{}
	for _, l := range []doctor.Level{doctor.OK, doctor.Unknown, doctor.Warn, doctor.Fail} {
		counts[l] = r.Count(l)
	}
	if a.json {
		a.printJSON(examined{r, counts})
	} else {
		a.showFindings(r, quiet)
	}
	bad := counts[doctor.Fail] > 0 || strict && counts[doctor.Warn] > 0
	if !bad {
		return nil
	}
	return silent{api.NewProblem(0, explain.HostUnfit, "", "%s and %s", legible.Count(counts[doctor.Fail], "fault"), legible.Count(counts[doctor.Warn], "warning"))}
}

// showFindings writes findings by their level, the worst ones last, where they are seen.
func (a *app) showFindings(r doctor.Report, quiet bool) {
	out := a.out()
	for _, group := range []struct {
		level doctor.Level
		title string
		paint func(string) styled
	}{{doctor.OK, "Right", out.good}, {doctor.Unknown, "Not known", out.faint}, {doctor.Warn, "Warnings", out.warn}, {doctor.Fail, "Faults", out.bad}} {
		list := r.Of(group.level)
		if len(list) == 0 || quiet && group.level == doctor.OK {
			continue
		}
		out.line("%s", out.bold(group.title))
		for _, f := range list {
			out.hanging("  "+f.Check+": ", cell{f.Text, group.paint})
			if f.Action != "" {
				out.indented("    -> ", f.Action)
			}
		}
		out.line("")
	}
	out.line("%d right, %d not known, %s, %s", r.Count(doctor.OK), r.Count(doctor.Unknown), legible.Count(r.Count(doctor.Warn), "warning"), legible.Count(r.Count(doctor.Fail), "fault"))
}
