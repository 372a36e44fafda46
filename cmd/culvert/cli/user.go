package cli

import (
	"encoding/hex"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"culvert/eap/mschapv2"
	"culvert/secret"
	"culvert/users"
)

func (a *app) userCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "user", Short: "Make entries of a user file",
		Long: `Make entries of a user file, by which a gateway authenticates people with EAP. The file is
named in the configuration: users "staff" { file = "staff.users" }. After a change,
culvert reload reads it again.`,
		Example: `  culvert user hash --nt carol >> /etc/culvert/staff.users`,
		Args:    noSubcommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.userHashCommand(), a.userSIMCommand())
	return cmd
}

func (a *app) userHashCommand() *cobra.Command {
	var nt bool
	cmd := &cobra.Command{
		Use: "hash NAME", Short: "Make an entry with the hash of a password",
		Long: `Ask for a password and write an entry for the user file, with a salted hash that is
slow to try passwords against. It serves methods that send the password: GTC, and PAP in
TTLS or PEAP. MSCHAPv2 needs the NT hash beside it, which --nt adds: whoever has that one
can log in as the user, so keep the file for the daemon alone.

The password is asked for on the terminal, twice; without one it is the first line of
standard input. No daemon is needed.`,
		Example: `  culvert user hash carol >> /etc/culvert/staff.users
  culvert user hash --nt carol@example.org < password.txt`,
		Args: oneName,
		RunE: func(_ *cobra.Command, args []string) error { return a.userHash(args[0], nt) },
	}
	cmd.Flags().BoolVar(&nt, "nt", false, "add the NT hash that MSCHAPv2 needs")
	return cmd
}

// oneName takes the name of a user.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes one name", cmd.CommandPath())
	}
	return nil
}

func (a *app) userHash(name string, nt bool) error {
	password, err := a.NewPassword("Password of " + name)
	switch {
	case err != nil:
		return usage("%v", err)
	case len(password) == 0:
		return usage("a password has at least one character")
	}
	defer password.Clear()
	a.showUser(name, users.NewHash(password).String(), ntHash(password, nt))
	return nil
}

// ntHash returns the digits of the hash if it is wanted.
func ntHash(password secret.Bytes, wanted bool) string {
	if !wanted {
		return ""
	}
	h := mschapv2.NTHash(password)
	defer h.Clear()
	return hex.EncodeToString(h)
}

func (a *app) showUser(name, hash, nt string) {
	if a.json {
		a.printJSON(struct {
			Name     string `json:"name"`
			Password string `json:"password"`
			NTHash   string `json:"nt_hash,omitempty"`
		}{name, hash, nt})
		return
	}
	out := a.out()
	out.line("user %s {", quoted(name))
	out.line("  password = %s", quoted(hash))
	if nt != "" {
		out.line("  nt_hash  = %s", quoted(nt))
	}
	out.line("}")
}

// quoted writes a string as the configuration has it.
func quoted(s string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes())
}
