package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/suite"
)

func (a *app) poolsCommand() *cobra.Command {
	var leases bool
	cmd := &cobra.Command{
		Use: "pools", Short: "Show address pools and who holds which address",
		Long: `Show the address pools of a gateway: how many addresses they have, how many are in use, and
how many are kept for peers that are away. With --leases, show who holds which address.`,
		Example: `  culvert pools --leases`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := a.client()
			defer client.Close()
			pools, err := client.Pools(cmd.Context())
			if err != nil {
				return err
			}
			return a.show(pools, func() { a.showPools(pools, leases) })
		},
	}
	cmd.Flags().BoolVar(&leases, "leases", false, "show every lease")
	return cmd
}

func (a *app) showPools(pools []api.Pool, leases bool) {
	out := a.out()
	if len(pools) == 0 {
		out.line("there are no pools")
		return
	}
	var rows, held [][]cell
	for _, p := range pools {
		rows = append(rows, []cell{plain(p.Name), plain(p.Size), plain(fmt.Sprint(p.Online)), plain(fmt.Sprint(p.Offline))})
		for _, l := range p.Leases {
			state := cell{"offline", out.faint}
			if l.Online {
				state = cell{"online", out.good}
			}
			held = append(held, []cell{plain(l.Address), state, plain(a.ago(l.Since)), plain(l.Identity)})
		}
	}
	out.table([]string{"POOL", "SIZE", "ONLINE", "OFFLINE"}, rows)
	if leases && len(held) > 0 {
		out.line("")
		out.table([]string{"ADDRESS", "STATE", "SINCE", "IDENTITY"}, held)
	}
}

// A versionInfo is the JSON of the command version.
type versionInfo struct {
	Version string `json:"version"`
	API     string `json:"api"`
	Go      string `json:"go"`
	System  string `json:"system"`
	AESGCM  string `json:"aes_gcm"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this command",
		Long: `Show the version of this command, and what computes AES-GCM on this machine: vector
instructions or the standard library. culvert status shows the version of the daemon, which
may differ after an upgrade until the daemon is restarted.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versionInfo{a.Version, api.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH,
				suite.GCM()}
			return a.show(v, func() {
				a.out().line("culvert %s (interface %s, %s, %s)", v.Version, v.API, v.Go, v.System)
				a.out().line("AES-GCM: %s", v.AESGCM)
			})
		},
	}
}
