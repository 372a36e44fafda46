package cli

import (
	"crypto/rand"

	"github.com/spf13/cobra"

	"culvert/eap/usim"
)

func (a *app) userSIMCommand() *cobra.Command {
	var ask bool
	cmd := &cobra.Command{
		Use: "sim NAME", Short: "Make an entry with the keys of a SIM",
		Long: `Write an entry for the user file with the keys of a SIM, for EAP-AKA and EAP-AKA'. NAME is
the IMSI, with 15 digits, or the whole identity that the client shows.

The keys are new, for a SIM in software: the client has the same text, with k= and opc=, in
the file that sim of its block eap names. With --keys they are those of a card that exists:
they are asked for on the terminal, twice, or are the first line of standard input, as k=
and opc= or op=, each with 32 hexadecimal digits. The constant of the operator, op, is not
written, but opc that is made from it. Whoever has the keys can log in as the user and pose
as the gateway, so keep both files for the daemon alone. No daemon is needed.`,
		Example: `  culvert user sim 232010000000000 >> /etc/culvert/staff.users
  culvert user sim --keys 232010000000000 < card.txt`,
		Args: oneName,
		RunE: func(_ *cobra.Command, args []string) error { return a.userSIM(args[0], ask) },
	}
	cmd.Flags().BoolVar(&ask, "keys", false, "ask for the keys of a card")
	return cmd
}

func (a *app) userSIM(name string, ask bool) error {
	keys, err := a.simKeys(name, ask)
	if err != nil {
		return usage("%v", err)
	}
	defer keys.Clear()
	text := keys.Text()
	defer text.Clear()
	if a.json {
		a.printJSON(struct {
			Name string `json:"name"`
			SIM  string `json:"sim"`
		}{name, string(text)})
		return nil
	}
	out := a.out()
	out.line("user %s {", quoted(name))
	out.line("  sim = %s", quoted(string(text)))
	out.line("}")
	return nil
}

// simKeys draws keys, or asks for them.
func (a *app) simKeys(name string, ask bool) (usim.Keys, error) {
	if !ask {
		return usim.NewKeys(rand.Reader)
	}
	text, err := a.NewPassword("Keys of the SIM of " + name)
	if err != nil {
		return usim.Keys{}, err
	}
	defer text.Clear()
	return usim.ParseKeys(string(text))
}
