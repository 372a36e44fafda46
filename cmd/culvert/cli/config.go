package cli

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/config"
	"culvert/swanctl"
)

func (a *app) checkCommand() *cobra.Command {
	var from origin
	cmd := &cobra.Command{
		Use: "check", Short: "Look for mistakes in the configuration",
		Long: `Read the configuration and show every mistake at once: its place, the line, what was
expected and a code. Nothing is changed and no daemon is needed.

Files that only root may read, such as private keys, are read as well, so run it as root.
Warnings do not keep a configuration from being used. Notes are for some: they tell which
clients of operating systems would refuse the certificate of a gateway, and why.`,
		Example: `  culvert check
  culvert check --config ./new.hcl
  culvert check --swanctl /etc/swanctl
  culvert check --json | jq -r '.diagnostics[] | [.file, .line, .message] | @tsv'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd, from) },
	}
	from.flags(cmd)
	return cmd
}

// An origin is where a configuration is: a file of Culvert's, a tree of strongSwan's, or both.
type origin struct{ config, swanctl string }

func (o *origin) flags(cmd *cobra.Command) {
	configFlag(cmd, &o.config)
	cmd.Flags().StringVar(&o.swanctl, "swanctl", "", "a folder as /etc/swanctl of strongSwan, or its swanctl.conf, to be read as well; without --config alone")
	_ = cmd.MarkFlagDirname("swanctl") // fails only without the flag
}

// paths returns absolute paths of what is to be read. With a tree, the default path counts for nothing.
func (o *origin) paths(cmd *cobra.Command) (file, tree string, err error) {
	if o.swanctl != "" {
		if tree, err = filepath.Abs(o.swanctl); err != nil {
			return "", "", usage("--swanctl %s: %v", o.swanctl, err)
		}
		if !cmd.Flags().Changed("config") {
			return "", tree, nil
		}
	}
	if file, err = filepath.Abs(o.config); err != nil {
		return "", "", usage("--config %s: %v", o.config, err)
	}
	return file, tree, nil
}

func configFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", config.DefaultPath, "the configuration")
	_ = cmd.MarkFlagFilename("config", "hcl", "json") // fails only without the flag
}

func (a *app) check(cmd *cobra.Command, from origin) error {
	file, tree, err := from.paths(cmd)
	if err != nil {
		return err
	}
	whole := cmp.Or(file, tree)
	c, found := swanctl.LoadTree(a.Source, file, tree)
	if a.json {
		a.printJSON(api.Checked{Diagnostics: append(config.Diagnostics{}, found...)})
	} else {
		a.showDiagnostics(whole, found)
	}
	if found.Errors() {
		return silent{a.corrections(found, whole)}
	}
	if empty := emptiness(c, tree); empty != "" && !a.json {
		a.out().indented("", empty)
	}
	return nil
}

// emptiness says of a configuration without errors that it does nothing, as one does in which nothing was written yet; "" of others.
func emptiness(c *config.Config, tree string) string {
	switch {
	case len(c.Connections) > 0:
		return ""
	case c.VICI.Socket != "":
		return "It has no connections: clients of VICI, as swanctl, have to load them."
	case tree != "":
		return "It has no connections, so no tunnel comes up and no peer is let in: write connections { NAME { ... } } into its swanctl.conf."
	}
	return "It has no connections, so no tunnel comes up and no peer is let in: write connection \"NAME\" { ... }; /usr/share/doc/culvert/examples has whole files."
}

func (a *app) showDiagnostics(path string, found config.Diagnostics) {
	out := a.out()
	for _, d := range found {
		out.diagnostic(d)
	}
	switch {
	case len(found) == 0:
		out.line("%s is right", path)
	case !found.Errors():
		out.line("%s can be used: %s", path, found.Summary())
	}
}

// diagnostic writes a diagnostic with its severity in colour.
func (p *printer) diagnostic(d config.Diagnostic) {
	mark := p.warn
	if d.Severity == config.Error {
		mark = p.bad
	}
	severity := ": " + string(d.Severity) + ": "
	place, rest, _ := strings.Cut(strings.TrimSuffix(d.String(), "\n"), severity)
	first, more, several := strings.Cut(rest, "\n")
	p.line("%s: %s: %s", place, mark(string(d.Severity)), first)
	for several {
		first, more, several = strings.Cut(more, "\n")
		p.line("%s", first)
	}
}

func (a *app) reloadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reload", Short: "Apply the changes of the configuration",
		Long: `Have the daemon read its configuration again and apply what has changed; connections that
have not changed are not touched. A configuration with errors is refused whole, and the
daemon goes on with the one it has.`,
		Example: `  culvert check && culvert reload`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := a.client()
			defer client.Close()
			r, err := client.Reload(cmd.Context())
			if err != nil {
				return a.refused(err)
			}
			return a.show(r, func() { a.showReloaded(r) })
		},
	}
}

func (a *app) showReloaded(r api.Reloaded) {
	out := a.out()
	for _, change := range []struct {
		what  string
		names []string
		paint func(string) styled
	}{{"added", r.Added, out.good}, {"removed", r.Removed, out.bad}, {"changed", r.Changed, out.warn}} {
		for _, name := range change.names {
			out.line("%s %s", change.paint(change.what), name)
		}
	}
	if len(r.Added)+len(r.Removed)+len(r.Changed) == 0 {
		out.line("nothing has changed")
	}
	for _, option := range r.Restart {
		out.indented("warning: ", option+" counts from the next start of the daemon on: systemctl restart culvert")
	}
	for _, w := range r.Warnings {
		out.indented("warning: ", w.Text+" ["+string(w.Code)+"]")
	}
}

func (a *app) daemonCommand() *cobra.Command {
	var from origin
	cmd := &cobra.Command{
		Use: "daemon", Short: "Run the daemon",
		Long: `Run the daemon in the foreground until SIGTERM or SIGINT; SIGHUP reloads the configuration.
It needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE, which systemd gives it:
systemctl start culvert. Log lines go to standard error.`,
		Example: `  culvert daemon
  culvert daemon --config ./try.hcl --socket /tmp/try.sock
  culvert daemon --swanctl /etc/swanctl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, tree, err := from.paths(cmd)
			if err != nil {
				return err
			}
			options := DaemonOptions{Config: file, Swanctl: tree, Version: a.Version}
			if cmd.Flags().Changed("socket") || a.Getenv("CULVERT_SOCKET") != "" {
				options.Socket = a.socket
			}
			return a.refused(a.Daemon(cmd.Context(), options))
		},
	}
	from.flags(cmd)
	return cmd
}
