package cli

import (
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"culvert/auth"
	"culvert/auth/lookup"
)

// bundleCommand writes what local.certificate_bundle_url points to.
func (p *authority) bundleCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "bundle FILE...", Short: "Put certificates into one file to be looked up by peers",
		Long: `Put the certificates of some files, in the order of local.certificate, into one bundle as
RFC 7296, Section 3.6 has it, without roots. Serve it by http at local.certificate_bundle_url:
peers that look certificates up get its hash and address instead of the certificates.
No authority is needed. Make it anew whenever a certificate changes.`,
		Example: `  culvert pki bundle gw.pem intermediate.pem --out /var/www/certs/gw.bundle`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			certs, err := readCertificates(files)
			if err != nil {
				return pkiProblem(err)
			}
			sent := auth.Credential{Chain: certs}.Sent()
			bundle := lookup.Bundle(sent)
			if err := os.WriteFile(out, bundle, 0o644); err != nil {
				return pkiProblem(err)
			}
			if hash := sha1.Sum(bundle); p.json {
				p.printJSON(map[string]any{"file": out, "certificates": len(sent), "sha1": fmt.Sprintf("%x", hash)})
			} else {
				p.out().line("%d of the certificates are in %s, SHA-1 %x", len(sent), out, hash)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "gw.bundle", "the file to write")
	return cmd
}

// readCertificates reads all certificates of some files.
func readCertificates(files []string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		more, err := auth.ParseCertificates(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		certs = append(certs, more...)
	}
	return certs, nil
}
