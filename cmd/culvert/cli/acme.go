package cli

import (
	"context"
	"crypto"
	"crypto/x509"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"culvert/auth"
	"culvert/pki"
	"culvert/pki/enroll"
)

// enrolling is what the command line says about a certificate by ACME.
type enrolling struct {
	enroll.Config
	challenge, out, root string
	before               dayFlag
	timeout              time.Duration
}

func (p *authority) acmeCommand() *cobra.Command {
	e := enrolling{challenge: string(enroll.HTTP), before: dayFlag(30 * day)}
	cmd := &cobra.Command{
		Use: "acme NAME...", Short: "Get a gateway's certificate from a public authority",
		Long: `Get a certificate for a gateway's host names by ACME, from an authority that clients trust
already. The authority looks at port 80 (http) or 443 (tls-alpn) of the names, so this has to
run on the gateway, with the port free and reachable. You agree to the authority's terms.

Nothing happens while the certificate has more than --renew-before days to go: run it every
day. The key is a new one each time.`,
		Example: `  culvert pki acme vpn.example.org --contact admin@example.org && culvert reload`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("culvert pki acme takes one or more host names")
			}
			e.Names, e.Challenge = args, enroll.Challenge(e.challenge)
			ctx, cancel := context.WithTimeout(cmd.Context(), e.timeout)
			defer cancel()
			if err := p.enroll(ctx, e); err != nil {
				return pkiProblem(err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&e.Directory, "directory", "https://acme-v02.api.letsencrypt.org/directory", "the authority's ACME directory")
	flags.StringVar(&e.Contact, "contact", "", "mail address for the authority's warnings")
	flags.StringVar(&e.challenge, "challenge", e.challenge, "http or tls-alpn")
	flags.StringVar(&e.Listen, "listen", "", "address that answers the challenge; default: :80 or :443")
	flags.StringVar(&e.out, "out", "/etc/culvert/acme", "folder for gateway.pem, gateway.key and account.key")
	flags.StringVar(&e.root, "directory-ca", "", "file with the authority of the directory's own certificate; default: the system's")
	flags.Var(&e.before, "renew-before", "days before its end at which a certificate is renewed")
	spanVar(flags, &e.timeout, "timeout", 5*time.Minute, time.Second, longestSpan, "when to give up")
	return cmd
}

// enroll gets a certificate unless the present one is good for a while.
func (p *authority) enroll(ctx context.Context, e enrolling) error {
	files := []string{filepath.Join(e.out, "gateway.pem"), filepath.Join(e.out, "gateway.key")}
	if end, ok := e.present(files[0]); ok && end.Sub(p.Now()) > time.Duration(e.before) {
		return p.issued(pki.Record{Name: e.Names[0], Kind: pki.Gateway, Expires: end}, files...)
	}
	if err := e.complete(); err != nil {
		return err
	}
	got, err := enroll.Obtain(ctx, e.Config)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(got.Chain[0])
	if err != nil {
		return err
	}
	if err := pki.WritePair(files[0], files[1], got.Chain, got.Key); err != nil {
		return err
	}
	return p.issued(pki.Record{Name: e.Names[0], Kind: pki.Gateway, Serial: leaf.SerialNumber.Text(16), Expires: leaf.NotAfter}, files...)
}

// present returns the end of the certificate that is there, if it has all names.
func (e *enrolling) present(file string) (end time.Time, ok bool) {
	data, err := os.ReadFile(file)
	if err != nil {
		return end, false
	}
	certs, err := auth.ParseCertificates(data)
	if err != nil {
		return end, false
	}
	for _, name := range e.Names {
		if certs[0].VerifyHostname(name) != nil {
			return end, false
		}
	}
	return certs[0].NotAfter, true
}

// complete fills in what the command line left open, and makes the account's key once.
func (e *enrolling) complete() (err error) {
	if e.Listen == "" {
		e.Listen = map[enroll.Challenge]string{enroll.TLSALPN: ":443"}[e.Challenge]
	}
	if e.Listen == "" {
		e.Listen = ":80"
	}
	if e.root != "" {
		if e.HTTP, err = enroll.Trusting(e.root); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(e.out, 0o700); err != nil {
		return err
	}
	e.Account, err = accountKey(filepath.Join(e.out, "account.key"))
	return err
}

// accountKey reads the key of the account, or makes it.
func accountKey(file string) (crypto.Signer, error) {
	data, err := os.ReadFile(file)
	if err == nil {
		return auth.ParsePrivateKey(data)
	}
	if !os.IsNotExist(err) {
		return nil, err
	}
	return pki.NewKeyFile(file, pki.ECDSAP256)
}
