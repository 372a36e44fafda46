package cli

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"culvert/pki"
)

const day = 24 * time.Hour

// dayFlag is a duration in whole days.
type dayFlag time.Duration

// String, Set and Type are those of pflag.Value.
func (d *dayFlag) String() string { return strconv.Itoa(int(time.Duration(*d) / day)) }

// Set reads a number of days.
func (d *dayFlag) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 100*365 {
		return errors.New("a whole number of days from 1 to 36500 is expected")
	}
	*d = dayFlag(time.Duration(n) * day)
	return nil
}

// Type names the values for help texts.
func (*dayFlag) Type() string { return "days" }

// oneArg demands one word.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("%s takes one %s, there are %d", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

func (p *authority) issueGatewayCommand() *cobra.Command {
	r, cmd := p.issueCommand(397 * day)
	r.Kind = pki.Gateway
	cmd.Use, cmd.Short = "gateway NAME", "Issue a certificate for a gateway"
	cmd.Long = `Issue a certificate for a gateway. NAME is the host name that clients connect to; give what
else they may call it with --san. Addresses are written as host names too, as Windows wants
them.`
	cmd.Example = `  culvert pki gateway vpn.example.org --san 192.0.2.1 --san 2001:db8::1`
	return cmd
}

func (p *authority) issueClientCommand() *cobra.Command {
	r, cmd := p.issueCommand(2 * 365 * day)
	r.Kind = pki.Client
	cmd.Use, cmd.Short = "client NAME", "Issue a certificate for a client"
	cmd.Long = `Issue a certificate for a client: a user (carol@example.org) or a device
(laptop.example.org). It identifies itself to gateways by this name.`
	cmd.Example = `  culvert pki client carol@example.org
  culvert pki client laptop.example.org --csr laptop.csr`
	return cmd
}

// issueCommand is what gateways and clients have in common.
func (p *authority) issueCommand(usual time.Duration) (*pki.Request, *cobra.Command) {
	r := &pki.Request{}
	algorithm, csr, validity := string(pki.ECDSAP256), "", dayFlag(usual)
	cmd := &cobra.Command{
		Args: oneArg("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			r.Name, r.Algorithm, r.Validity = args[0], pki.Algorithm(algorithm), time.Duration(validity)
			if csr != "" {
				if err := takeRequest(r, csr); err != nil {
					return pkiProblem(err)
				}
			}
			return p.open(func(ca *pki.Authority) error {
				got, err := ca.Issue(*r, p.Now())
				if err != nil {
					return err
				}
				return p.issued(got.Record, ca.Files(got.Record)...)
			})
		},
	}
	cmd.Flags().StringSliceVar(&r.AltNames, "san", nil, "another host name, address or mail address; may be given several times")
	cmd.Flags().StringVar(&algorithm, "algorithm", algorithm, "kind of key: "+algorithmNames())
	cmd.Flags().StringVar(&csr, "csr", "", "PKCS #10 request with the public key; without it a key is made")
	cmd.Flags().Var(&validity, "days", "validity in days")
	return r, cmd
}

// takeRequest takes the key of a certification request. Its names do not count: it is up to the authority whom it names.
func takeRequest(r *pki.Request, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	public, err := pki.ParseRequest(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	r.Public = public
	return nil
}

func (p *authority) renewCommand() *cobra.Command {
	var validity dayFlag
	cmd := &cobra.Command{
		Use: "renew NAME", Short: "Issue the newest certificate of a name once more",
		Long: `Issue another certificate with the names and kind of the newest one of a name: with a new key
if the old one was made here. The old certificate stays valid until it ends or is revoked.`,
		Example: `  culvert pki renew vpn.example.org && culvert reload`,
		Args:    oneArg("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.open(func(ca *pki.Authority) error {
				got, err := ca.Renew(args[0], time.Duration(validity), p.Now())
				if err != nil {
					return err
				}
				return p.issued(got.Record, ca.Files(got.Record)...)
			})
		},
	}
	cmd.Flags().Var(&validity, "days", "validity in days; 0: as usual for its kind")
	return cmd
}
