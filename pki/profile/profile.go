// Package profile writes what a client needs to connect to a gateway in the forms that clients read: profiles of Apple's systems
// and of strongSwan's app, a script for Windows, PKCS #12, and configurations of strongSwan and Culvert.
package profile

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"culvert/secret"
)

// A Profile is one client's way to one gateway.
type Profile struct {
	Name     string         // of the connection, as the user sees it
	Server   string         // host name or address of the gateway
	RemoteID string         // what the gateway calls itself; it is in its certificate
	Networks []netip.Prefix // what goes through the tunnel; empty: everything

	CA          *x509.Certificate // that vouches for the gateway
	User        string            // the client's identity
	Certificate *x509.Certificate // nil: the client authenticates with a password (EAP-MSCHAPv2)
	Key         crypto.Signer     // of Certificate
	Passphrase  secret.Bytes      // that protects Key in what is exported
}

// Format is a form of export.
type Format string

// The formats.
const (
	Mobileconfig Format = "mobileconfig" // iOS, iPadOS, macOS
	SSwan        Format = "sswan"        // strongSwan's app for Android
	PowerShell   Format = "powershell"   // Windows 10 and 11
	PKCS12       Format = "p12"          // modern encryption: OpenSSL 3, Windows since 2018, Apple since 2023
	PKCS12Legacy Format = "p12-legacy"   // 3DES and SHA-1, for systems that read nothing newer
	Swanctl      Format = "swanctl"      // swanctl.conf
	Culvert      Format = "culvert"      // culvert.hcl
)

// Formats lists all formats.
func Formats() []Format {
	return []Format{Mobileconfig, SSwan, PowerShell, PKCS12, PKCS12Legacy, Swanctl, Culvert}
}

// Extension is how the name of a file of this format ends.
func (f Format) Extension() string {
	switch f {
	case PowerShell:
		return ".ps1"
	case PKCS12, PKCS12Legacy:
		return ".p12"
	case Swanctl:
		return ".conf"
	case Culvert:
		return ".hcl"
	}
	return "." + string(f)
}

// Export writes the profile in a format. What it returns holds the private key, which only Passphrase protects.
func (p Profile) Export(f Format) ([]byte, error) {
	if err := p.check(f); err != nil {
		return nil, err
	}
	switch f {
	case Mobileconfig:
		return p.mobileconfig()
	case SSwan:
		return p.sswan()
	case PowerShell:
		return p.powershell()
	case PKCS12:
		return p.pkcs12(pkcs12.Modern2023)
	case PKCS12Legacy:
		return p.pkcs12(pkcs12.LegacyDES)
	case Swanctl:
		return p.swanctl(), nil
	case Culvert:
		return p.culvert(), nil
	}
	return nil, unknown(f)
}

func unknown(f Format) error {
	return fmt.Errorf("there is no format %q; there are %s", f, formatNames())
}

// Protects says whether there is a passphrase where a private key would be in the file of a known format.
func (p Profile) Protects(f Format) error {
	switch {
	case !slices.Contains(Formats(), f):
		return unknown(f)
	case f.carriesKey() && len(p.Passphrase) == 0:
		return errors.New("the private key leaves this machine in the profile: give a passphrase that protects it (--passphrase-file)")
	}
	return nil
}

// carriesKey tells whether the private key is in the file itself.
func (f Format) carriesKey() bool {
	return f == PKCS12 || f == PKCS12Legacy || f == Mobileconfig || f == SSwan || f == PowerShell
}

func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// check refuses profiles that no client could use.
func (p Profile) check(f Format) error {
	for what, text := range map[string]string{"name": p.Name, "server": p.Server, "remote identity": p.RemoteID, "user": p.User} {
		if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
			return fmt.Errorf("%s %q: it must not be empty, nor hold control characters, quotes or backslashes", what, text)
		}
	}
	needsKey := slices.Contains([]Format{PKCS12, PKCS12Legacy}, f)
	switch {
	case p.CA == nil:
		return errors.New("a profile needs the authority that vouches for the gateway")
	case (p.Certificate == nil) != (p.Key == nil):
		return errors.New("certificate and private key go together; the key of a certificate that was issued for a request is not here")
	case needsKey && p.Key == nil:
		return errors.New("PKCS #12 carries a certificate with its key, and this client has none: issue one with culvert client add")
	case p.Key != nil:
		return p.Protects(f)
	}
	return nil
}

// pkcs12 writes key, certificate and authority (RFC 7292).
func (p Profile) pkcs12(e *pkcs12.Encoder) ([]byte, error) {
	return e.WithRand(rand.Reader).Encode(p.Key, p.Certificate, []*x509.Certificate{p.CA}, string(p.Passphrase))
}

// uuid names a part of the profile: the same for the same client, server and name, so that a new export replaces an old one
// (RFC 9562, Section 5.8).
func (p Profile) uuid(part string) string {
	b := sha256.Sum256([]byte(strings.Join([]string{"culvert profile", part, p.Name, p.Server, p.User}, "\x00")))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
