package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/keylog"
)

func (a *app) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Hand out session keys to decrypt captures with",
		Long: `Hand out session keys, with which Wireshark and culvert decrypt read captured packets.

Whoever has the keys of an SA reads its traffic. Only administrators get them; log and
events tell who has asked.`,
		Example: `  culvert keys export --connection office --for 10m -o keys`,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keysExportCommand())
	return cmd
}

func (a *app) keysExportCommand() *cobra.Command {
	const longest = time.Hour
	var request api.KeyRequest
	var wait time.Duration
	var dir string
	cmd := &cobra.Command{
		Use: "export", Short: "Write session keys into a folder",
		Long: `Write the keys of IKE and Child SAs that are up into a folder, and with --for those of new ones
for that time, an hour at most. It ends by itself.

The folder gets the tables ikev2_decryption_table and esp_sa of a Wireshark profile, and
culvert_keys with all algorithms for culvert decrypt. They are readable by you alone. Remove
them when they have served.`,
		Example: `  culvert keys export -o keys
  culvert keys export --connection office --for 10m -o keys
  tshark -o esp.enable_encryption_decode:TRUE -C keys -r office.pcapng`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return usage("-o names the folder for the keys")
			}
			request.Seconds = wait.Seconds()
			return a.exportKeys(cmd.Context(), request, dir)
		},
	}
	cmd.Flags().StringVar(&request.Connection, "connection", "", "keys of this connection only")
	spanVar(cmd.Flags(), &wait, "for", 0, 0, longest, "time for which keys of new SAs are written; 0: only those that are up")
	cmd.Flags().StringVarP(&dir, "output", "o", "", "folder for the tables")
	_ = cmd.RegisterFlagCompletionFunc("connection", a.targets)
	return cmd
}

// exportKeys writes keys into a folder until the time is over, or the user has enough.
func (a *app) exportKeys(ctx context.Context, r api.KeyRequest, dir string) error {
	log, err := keylog.Open(dir)
	if err != nil {
		return err
	}
	client := a.client()
	defer client.Close()
	counts := map[string]int{}
	err = client.ExportKeys(ctx, r, func(l api.KeyLine) error {
		counts[l.Table]++
		return log.Write([]keylog.Line{{Table: l.Table, Text: []byte(l.Line)}})
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return a.show(counts, func() {
		a.out().line("keys of %d SAs are in %s; Wireshark can use %d of them", counts[keylog.TableAll], dir, counts[keylog.TableIKE]+counts[keylog.TableESP])
	})
}
