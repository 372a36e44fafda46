package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/bugreport"
	"culvert/config"
	"culvert/doctor"
	"culvert/explain"
	"culvert/legible"
)

func (a *app) bugreportCommand() *cobra.Command {
	var path, file string
	cmd := &cobra.Command{
		Use: "bugreport", Short: "Gather what somebody needs who is to help, without secrets",
		Long: `Write an archive for whoever is to help: version, status, the configuration as it counts,
the last log lines and events, traces of exchanges, what the doctor finds, and the state of
the kernel (links, routes, rules, policies and SAs without keys, sysctls).

Secrets, keys and passwords are left out, and whatever is gathered is searched for those of
the configuration all the same. Addresses, names and identities are in it. The manifest in
the archive says what is there; look through it before you give it away. Run it as root
while the trouble lasts; without a daemon, what can be had is gathered.`,
		Example: `  sudo culvert bugreport
  sudo culvert bugreport -o /tmp/office-does-not-come-up.tar.gz`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			whole, err := filepath.Abs(path)
			if err != nil {
				return usage("--config %s: %v", path, err)
			}
			if file == "" {
				file = "culvert-bugreport-" + a.Now().UTC().Format("20060102T150405Z") + ".tar.gz"
			}
			return a.bugreport(cmd.Context(), whole, file)
		},
	}
	configFlag(cmd, &path)
	cmd.Flags().StringVarP(&file, "out", "o", "", "the archive; culvert-bugreport-TIME.tar.gz unless given")
	_ = cmd.MarkFlagFilename("out", "tar.gz") // fails only without the flag
	return cmd
}

// A reported is the JSON of the command bugreport.
type reported struct {
	File    string            `json:"file"`
	Entries []bugreport.Entry `json:"entries"`
}

func (a *app) bugreport(ctx context.Context, path, file string) error {
	entries, err := a.writeReport(ctx, path, file)
	if err != nil {
		return err
	}
	if a.json {
		a.printJSON(reported{file, entries})
		return nil
	}
	out := a.out()
	for _, e := range entries {
		switch {
		case e.Unsearched != "":
			out.hanging("  "+e.Name+": ", cell{"the daemon has not searched it for secrets: " + e.Unsearched, out.warn})
		case e.Problem != "":
			out.hanging("  "+e.Name+": ", cell{e.Problem, out.warn})
		case e.Removed > 0:
			out.line("  %s: %s, secrets were taken out at %s", e.Name, legible.Octets(uint64(e.Octets)), legible.Count(e.Removed, "place"))
		default:
			out.line("  %s: %s", e.Name, legible.Octets(uint64(e.Octets)))
		}
	}
	out.indented("", file+" has no secrets in it, but addresses, names and identities; see MANIFEST.md there")
	return nil
}

// writeReport writes the archive for its owner alone. One that is not whole is taken away.
func (a *app) writeReport(ctx context.Context, path, file string) ([]bugreport.Entry, error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, api.NewProblem(0, explain.ManageUsage, "name another one with --out", "%v", err)
	}
	client := a.client()
	defer client.Close()
	p := a.patient(ctx, path)
	s := &bugreport.Cleaner{Scrubber: bugreport.NewScrubber(a.secretsOf(p))}
	if p.Status != nil {
		s.Daemon = func(ctx context.Context, text []byte) ([]byte, int, error) {
			clean, n, err := client.Scrub(ctx, text)
			if err != nil {
				err = errors.New(reason(err))
			}
			return clean, n, err
		}
	}
	entries, err := bugreport.Write(ctx, f, a.reportSources(client, p), s, a.Now())
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(file) // the error is told
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return entries, nil
}

// secretsOf are those of the configuration on the disk, as far as it can be read.
func (a *app) secretsOf(p *doctor.Patient) [][]byte {
	if p.Config == nil {
		return config.SecretsIn(a.Source.Files, p.Path)
	}
	return bugreport.SecretsOf(p.Config, a.Source.Files)
}
