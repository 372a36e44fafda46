package cli

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culvert/pki"
	"culvert/pki/profile"
)

func (a *app) clientCommand() *cobra.Command {
	p := &authority{app: a}
	cmd := &cobra.Command{
		Use: "client", Short: "Give clients what they need to connect",
		Long: `Give clients a certificate and a file that their system opens: a profile for Apple's systems
or strongSwan's app, a script for Windows, PKCS #12, or a configuration of strongSwan or
Culvert. The certificates come from the authority of culvert pki.`,
		Example: `  culvert client add carol@example.org --format mobileconfig --passphrase-file pass
  culvert client export carol@example.org --format sswan --network 10.1.0.0/16
  culvert client revoke carol@example.org`,
		Args: noSubcommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	p.dirFlag(cmd)
	cmd.AddCommand(p.clientAddCommand(), p.clientListCommand(), p.exportCommand(), p.renewCommand(), p.revokeCommand())
	return cmd
}

// exporting is what the command line says about an export.
type exporting struct {
	format, server, id, title, passphrase, out, qr, url string
	networks                                            []string
}

func (e *exporting) flags(cmd *cobra.Command) {
	var names []string
	for _, f := range profile.Formats() {
		names = append(names, string(f))
	}
	cmd.Flags().StringVarP(&e.format, "format", "f", e.format, strings.Join(names, ", "))
	cmd.Flags().StringVar(&e.server, "server", "", "the gateway's name or address; default: that of the only gateway the authority knows")
	cmd.Flags().StringVar(&e.id, "id", "", "the gateway's identity; default: --server")
	cmd.Flags().StringVar(&e.title, "title", "", "name of the connection for the user; default: --server")
	cmd.Flags().StringSliceVar(&e.networks, "network", nil, "prefix that goes through the tunnel; default: everything")
	cmd.Flags().StringVar(&e.passphrase, "passphrase-file", "", "file with the passphrase that protects the private key")
	cmd.Flags().StringVarP(&e.out, "out", "o", "", "file to write; default: the client's name in this folder; -: standard output")
	cmd.Flags().StringVar(&e.qr, "qr", "", "also write a QR code into this PNG; -: show it on the terminal")
	cmd.Flags().StringVar(&e.url, "url", "", "what the QR code says instead of the file: where the client can fetch it")
}

func (p *authority) clientAddCommand() *cobra.Command {
	var e exporting
	r, cmd := p.issueCommand(2 * 365 * day)
	r.Kind = pki.Client
	cmd.Use, cmd.Short = "add NAME", "Issue a client's certificate and export it"
	cmd.Long = `Issue a certificate for a client and, with --format, write the file that its system opens.`
	cmd.Example = `  culvert client add carol@example.org --format mobileconfig --passphrase-file pass`
	e.flags(cmd)
	add := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if e.format == "" {
			return add(cmd, args)
		}
		if err := p.open(func(ca *pki.Authority) error { return p.exportable(ca, args[0], e) }); err != nil {
			return err
		}
		if err := add(cmd, args); err != nil {
			return err
		}
		return p.open(func(ca *pki.Authority) error { return p.export(ca, args[0], e) })
	}
	return cmd
}

func (p *authority) clientListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show the clients",
		Long:    `Show every certificate that was issued to a client: how long it lasts, and whether it is revoked.`,
		Example: `  culvert client list`,
		Args:    noArgs,
		RunE:    p.list(func(r pki.Record) bool { return r.Kind == pki.Client }),
	}
}

func (p *authority) exportCommand() *cobra.Command {
	e := exporting{format: string(profile.PKCS12)}
	cmd := &cobra.Command{
		Use: "export NAME", Short: "Write the file that a client's system opens",
		Long: `Write the file with which a client connects. A client that has no certificate gets a profile
for a password (EAP), by the formats that know it.

  mobileconfig  iPhone, iPad, Mac: open it and install the profile in the settings
  sswan         Android: open it with strongSwan's app
  powershell    Windows: run it as administrator
  p12           certificate and key alone; p12-legacy for systems that read nothing newer
  swanctl       strongSwan; certificates are written beside it
  culvert       Culvert; certificates and key are written beside it

The file holds the private key; send the passphrase another way than the file. A QR code has
room for 2953 octets, which is enough for profiles with a password: with a certificate, put
the file on a web server and give its address by --url.`,
		Example: `  culvert client export carol@example.org --format mobileconfig --passphrase-file pass
  culvert client export dave --format sswan --qr dave.png`,
		Args: oneArg("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.open(func(ca *pki.Authority) error { return p.export(ca, args[0], e) })
		},
	}
	e.flags(cmd)
	return cmd
}

// export writes the profile of a client.
func (p *authority) export(ca *pki.Authority, name string, e exporting) error {
	made, err := p.profile(ca, name, e)
	if err != nil {
		return err
	}
	format := profile.Format(e.format)
	data, err := made.Export(format)
	if err != nil {
		return err
	}
	if e.out == "-" {
		_, err := p.Out.Write(data)
		return err
	}
	if e.out == "" {
		e.out = filepath.Base(name) + format.Extension()
	}
	files := map[string][]byte{e.out: data}
	if format == profile.Swanctl || format == profile.Culvert {
		besides, err := made.Files()
		if err != nil {
			return err
		}
		for beside, data := range besides {
			files[filepath.Join(filepath.Dir(e.out), beside)] = data
		}
	}
	return p.writeExport(made, files, e)
}

// writeExport writes files that only their owner may read, and says what they are.
func (p *authority) writeExport(made profile.Profile, files map[string][]byte, e exporting) error {
	var names []string
	for name, data := range files {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
		names = append(names, name)
	}
	if e.qr != "" {
		if err := p.writeQR(e, files[e.out]); err != nil {
			return err
		}
	}
	slices.Sort(names)
	record := pki.Record{Name: made.User, Kind: pki.Client}
	if made.Certificate != nil {
		record.Serial, record.Expires = made.Certificate.SerialNumber.Text(16), made.Certificate.NotAfter
	}
	if err := p.issued(record, names...); err != nil || p.json || made.Certificate != nil || e.format != string(profile.Culvert) {
		return err
	}
	p.out().line("write the password to %s, for its owner alone", filepath.Join(filepath.Dir(e.out), made.PasswordFile()))
	return nil
}

// exportable says what would be wrong with an export before a certificate is issued for it.
func (p *authority) exportable(ca *pki.Authority, name string, e exporting) error {
	made, err := p.settings(ca, name, e)
	if err != nil {
		return err
	}
	return made.Protects(profile.Format(e.format))
}

// profile gathers what a client needs.
func (p *authority) profile(ca *pki.Authority, name string, e exporting) (profile.Profile, error) {
	made, err := p.settings(ca, name, e)
	if err != nil {
		return made, err
	}
	return made, addCertificate(ca, &made, p.Now())
}

// settings gathers what a client needs beside its certificate.
func (p *authority) settings(ca *pki.Authority, name string, e exporting) (profile.Profile, error) {
	made := profile.Profile{Name: e.title, Server: e.server, RemoteID: e.id, CA: ca.Certificate, User: name}
	if made.Server == "" {
		gateway, err := onlyGateway(ca, p.Now())
		if err != nil {
			return made, err
		}
		made.Server = gateway
	}
	if made.RemoteID == "" {
		made.RemoteID = made.Server
	}
	if made.Name == "" {
		made.Name = made.Server
	}
	for _, text := range e.networks {
		n, err := netip.ParsePrefix(text)
		if err != nil || n != n.Masked() {
			return made, fmt.Errorf("--network %s: a prefix such as 10.1.0.0/16 is expected", text)
		}
		made.Networks = append(made.Networks, n)
	}
	if e.passphrase != "" {
		data, err := os.ReadFile(e.passphrase)
		if err != nil {
			return made, err
		}
		made.Passphrase = bytes.TrimRight(data, "\r\n")
	}
	return made, nil
}

// addCertificate adds the client's certificate and key. A client to which none was issued has a password.
func addCertificate(ca *pki.Authority, made *profile.Profile, now time.Time) error {
	if !slices.ContainsFunc(ca.Records(), func(r pki.Record) bool { return r.Name == made.User }) {
		return nil
	}
	record, err := ca.Current(made.User, now)
	if err != nil {
		return err
	}
	if made.Certificate, err = ca.CertificateOf(record); err != nil {
		return err
	}
	made.Key, err = ca.KeyOf(record)
	return err
}

// onlyGateway returns the name of the gateway when there is one.
func onlyGateway(ca *pki.Authority, now time.Time) (string, error) {
	var names []string
	for _, r := range ca.Records() {
		if r.Kind == pki.Gateway && r.Valid(now) && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	if len(names) != 1 {
		return "", fmt.Errorf("the authority knows %d gateways: say by --server which one the client connects to", len(names))
	}
	return names[0], nil
}
