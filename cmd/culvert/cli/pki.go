package cli

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/explain"
	"culvert/pki"
)

// defaultPKI is the folder of the certificate authority.
const defaultPKI = "/etc/culvert/pki"

// authority is the certificate authority that commands work with.
type authority struct {
	*app
	dir string
}

func (a *app) pkiCommand() *cobra.Command {
	p := &authority{app: a}
	cmd := &cobra.Command{
		Use: "pki", Short: "Keep a certificate authority for gateways and clients",
		Long: `Make certificates that Culvert, strongSwan, Windows, Apple and Android take as they are.

The authority is a folder of PEM files. It is not needed for tunnels to come up: keep it on
another machine than the gateway if you can, and take there only what a gateway needs.`,
		Example: `  culvert pki init --name "Example VPN CA" --crl-url http://pki.example.org/culvert.crl
  culvert pki gateway vpn.example.org --san 192.0.2.1
  culvert pki client carol@example.org
  culvert pki revoke carol@example.org && culvert pki crl`,
		Args: noSubcommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	p.dirFlag(cmd)
	cmd.AddCommand(p.initCommand(), p.issueGatewayCommand(), p.issueClientCommand(), p.listCommand(), p.renewCommand(), p.revokeCommand(), p.crlCommand(), p.acmeCommand(), p.bundleCommand())
	return cmd
}

func (p *authority) dirFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&p.dir, "dir", defaultPKI, "folder of the authority")
	_ = cmd.MarkPersistentFlagDirname("dir") // fails only without the flag
}

// noSubcommand refuses a word that is none of the commands below.
func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return usage("there is no %s %q; there are %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))
}

// pkiProblem is a failure of the authority.
func pkiProblem(err error) error {
	return api.NewProblem(0, explain.PKIFailed, "", "%v", err)
}

// open opens the authority for a function.
func (p *authority) open(f func(*pki.Authority) error) error {
	ca, err := pki.Open(p.dir)
	if err != nil {
		return pkiProblem(err)
	}
	defer ca.Close()
	if err := f(ca); err != nil {
		return pkiProblem(err)
	}
	return nil
}

func (p *authority) initCommand() *cobra.Command {
	var o pki.Options
	algorithm, validity := string(pki.ECDSAP384), dayFlag(3650*day)
	cmd := &cobra.Command{
		Use: "init", Short: "Make a certificate authority",
		Long: `Make a certificate authority: its key, its certificate, and an empty list of what it issued.
Where its revocation list can be fetched is written into every certificate that it issues, so
decide on --crl-url now.`,
		Example: `  culvert pki init --name "Example VPN CA"`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			o.Algorithm, o.Validity = pki.Algorithm(algorithm), time.Duration(validity)
			ca, err := pki.Create(p.dir, o, p.Now())
			if err != nil {
				return pkiProblem(err)
			}
			defer ca.Close()
			return p.issued(pki.Record{Name: o.Name, Serial: ca.Certificate.SerialNumber.Text(16), Expires: ca.Certificate.NotAfter}, ca.File("ca.pem"), ca.File("ca.key"))
		},
	}
	cmd.Flags().StringVar(&o.Name, "name", "Culvert CA", "name of the authority")
	cmd.Flags().StringVar(&algorithm, "algorithm", algorithm, "kind of key: "+algorithmNames())
	cmd.Flags().Var(&validity, "days", "validity in days")
	cmd.Flags().StringVar(&o.CRLURL, "crl-url", "", "where the revocation list will be")
	cmd.Flags().StringVar(&o.OCSPURL, "ocsp-url", "", "where an OCSP responder will be")
	return cmd
}

func algorithmNames() string {
	var names []string
	for _, a := range pki.Algorithms() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}

func (p *authority) listCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show what was issued",
		Long:    `Show every certificate that the authority issued: whose it is, how long it lasts, and whether it is revoked.`,
		Example: `  culvert pki list --json | jq -r '.[] | select(.revoked | not) | .name'`,
		Args:    noArgs,
		RunE:    p.list(func(pki.Record) bool { return true }),
	}
}

// list shows the records for which a condition holds.
func (p *authority) list(shown func(pki.Record) bool) func(*cobra.Command, []string) error {
	return func(*cobra.Command, []string) error {
		return p.open(func(ca *pki.Authority) error {
			records := slices.DeleteFunc(ca.Records(), func(r pki.Record) bool { return !shown(r) })
			return p.show(append([]pki.Record{}, records...), func() { p.showRecords(records) })
		})
	}
}

func (p *authority) showRecords(records []pki.Record) {
	out := p.out()
	if len(records) == 0 {
		out.line("nothing was issued yet")
		return
	}
	var rows [][]cell
	for _, r := range records {
		state := cell{"valid", out.good}
		switch {
		case !r.Revoked.IsZero():
			state = cell{"revoked", out.bad}
		case !r.Valid(p.Now()):
			state = cell{"expired", out.bad}
		case r.Expires.Sub(p.Now()) < 30*day:
			state = cell{"ends soon", out.warn}
		}
		rows = append(rows, []cell{plain(r.Name), plain(string(r.Kind)), state, plain(r.Expires.Format(time.DateOnly)), {r.Serial, out.faint}})
	}
	out.table([]string{"NAME", "KIND", "STATE", "UNTIL", "SERIAL"}, rows)
}

// issued tells what was made and where it is. A client to which no certificate was issued has no serial number.
func (p *authority) issued(r pki.Record, files ...string) error {
	if p.json {
		p.printJSON(struct {
			pki.Record
			Files []string `json:"files"`
		}{r, files})
		return nil
	}
	out := p.out()
	if r.Serial == "" && r.Expires.IsZero() {
		out.line("%s connects with a password (EAP)", out.bold(r.Name))
	} else {
		out.line("%s is valid until %s", out.bold(r.Name), r.Expires.Format(time.DateOnly))
	}
	for _, f := range files {
		out.line("  %s", f)
	}
	return nil
}

func (p *authority) revokeCommand() *cobra.Command {
	reason := string(pki.Unspecified)
	cmd := &cobra.Command{
		Use: "revoke NAME", Short: "Revoke the certificates of a name",
		Long: `Revoke every valid certificate of a name, or the one with a serial number. Peers take notice
when they have the next revocation list: run culvert pki crl and put it where they look.`,
		Example: `  culvert pki revoke carol@example.org --reason key-compromise`,
		Args:    oneArg("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.open(func(ca *pki.Authority) error {
				revoked, err := ca.Revoke(args[0], pki.Reason(reason), p.Now())
				if err != nil {
					return err
				}
				return p.show(revoked, func() {
					for _, r := range revoked {
						p.out().line("revoked %s, serial %s", r.Name, r.Serial)
					}
					p.out().line("make a new list with culvert pki crl")
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", reason, "unspecified, key-compromise, affiliation-changed, superseded or cessation-of-operation")
	return cmd
}

func (p *authority) crlCommand() *cobra.Command {
	var file string
	validity := dayFlag(30 * day)
	cmd := &cobra.Command{
		Use: "crl", Short: "Make the revocation list",
		Long: `Make a revocation list of what is revoked, also when nothing is: peers that insist on one
need a list that has not ended. Run it regularly, for example every week.`,
		Example: `  culvert pki crl --out /var/www/pki/culvert.crl`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			return p.open(func(ca *pki.Authority) error {
				list, err := ca.RevocationList(time.Duration(validity), p.Now())
				if err == nil && file != "" {
					err = os.WriteFile(file, list, 0o644)
				}
				if err != nil {
					return err
				}
				until := p.Now().Add(time.Duration(validity))
				if file == "" {
					file = ca.File("crl.pem")
				}
				return p.issued(pki.Record{Name: "the revocation list", Expires: until}, file)
			})
		},
	}
	cmd.Flags().StringVar(&file, "out", "", "a copy of the list in DER, as --crl-url should serve it, in a file that everybody may read")
	cmd.Flags().Var(&validity, "days", "validity in days")
	return cmd
}
