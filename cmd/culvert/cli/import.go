package cli

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"culvert/config"
	"culvert/explain"
	"culvert/swanctl"
	"culvert/swanctl/settings"
	"culvert/swanctl/wgconf"
)

func (a *app) importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import", Short: "Turn the configuration of other software into one of Culvert",
		Long: `Write a configuration of Culvert that does what another program's configuration does.
It goes to standard output; comments tell what is not as it was, and what was left out and
why. What needs attention is told on standard error as well. Nothing is changed.`,
		Example: `  culvert import swanctl /etc/swanctl > culvert.hcl
  culvert check --config ./culvert.hcl`,
	}
	cmd.AddCommand(
		a.importFrom("swanctl DIR|FILE", "From strongSwan's swanctl.conf, with the folders beside it",
			`Certificates and keys stay in their files; secrets stand in what is written, so keep it to
yourself. docs/swanctl-keys.md tells what becomes of each key.`, "culvert import swanctl /etc/swanctl > /etc/culvert/culvert.hcl", swanctl.Import),
		a.importFrom("ipsec.conf FILE", "From strongSwan's older ipsec.conf, with ipsec.secrets and ipsec.d beside it",
			`What conn %default and also have is written out; left is taken for our side.`, "culvert import ipsec.conf /etc/ipsec.conf > /etc/culvert/culvert.hcl", swanctl.ImportIPsec),
		a.importFrom("wg FILE", "From a WireGuard tunnel: what it would be with IKEv2",
			`Keys cannot be carried over, as those of WireGuard make no signatures: each peer gets a secret
that has to be filled in on both sides.`, "culvert import wg /etc/wireguard/wg0.conf > culvert.hcl", importWireGuard),
	)
	return cmd
}

// importFrom makes the command for one kind of configuration.
func (a *app) importFrom(use, short, long, example string, read func(fs.FS, string) (string, config.Diagnostics)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Example: "  " + example,
		Args: oneArg("PATH"),
		RunE: func(_ *cobra.Command, args []string) error {
			whole, err := filepath.Abs(args[0])
			if err != nil {
				return usage("%s: %v", args[0], err)
			}
			text, found := read(a.Source.Files, whole)
			fmt.Fprint(a.Out, text)
			told := a.printer(a.Err)
			for _, d := range found {
				told.diagnostic(d)
			}
			if found.Errors() {
				return silent{a.corrections(found, whole)}
			}
			return nil
		},
	}
}

// importWireGuard reads a tunnel of wg-quick.
func importWireGuard(files fs.FS, name string) (string, config.Diagnostics) {
	text, err := settings.ReadFile(files, name)
	if err == nil {
		var t *wgconf.Tunnel
		if t, err = wgconf.Parse(string(text)); err == nil {
			return t.Twin(strings.TrimSuffix(filepath.Base(name), ".conf")), nil
		}
	}
	return "", config.Diagnostics{{Severity: config.Error, Code: explain.ConfigFile, Place: config.Place{File: name}, Message: err.Error()}}
}
