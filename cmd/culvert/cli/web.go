package cli

import (
	"time"

	"github.com/spf13/cobra"
)

func (a *app) webCommand() *cobra.Command {
	return &cobra.Command{
		Use: "web", Short: "Open the web page on this host",
		Long: `Have the daemon open its web page on loopback, and show an address for the browser. It can
be used once, within two minutes, and lets you do there what you may do here. The session
ends when the page was closed for a while (api.session), or after 12 hours.

From another host, forward the port: ssh -L 4580:localhost:4580 gateway`,
		Example: `  culvert web
  xdg-open "$(culvert web --json | jq -r .url)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := a.client()
			defer client.Close()
			w, err := client.Web(cmd.Context())
			if err != nil {
				return err
			}
			return a.show(w, func() {
				out := a.out()
				out.verbatim(w.URL)
				out.line("good once, until %s", w.Expires.Local().Format(time.TimeOnly))
			})
		},
	}
}
