package profile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"howett.net/plist"
	"software.sslmate.com/src/go-pkcs12"

	"culvert/secret"
)

// carol is a client with a certificate.
func carol(t *testing.T) Profile {
	t.Helper()
	caKey, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	key, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	ca := certificate(t, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example CA"}, IsCA: true, BasicConstraintsValid: true}, nil, caKey, caKey)
	leaf := certificate(t, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "carol@example.org"}}, ca, key, caKey)
	return Profile{
		Name: "Example office", Server: "vpn.example.org", RemoteID: "vpn.example.org", CA: ca,
		User: "carol@example.org", Certificate: leaf, Key: key, Passphrase: secret.Bytes("open sesame"),
		Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd01::/48")},
	}
}

func certificate(t *testing.T, c, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	if c.NotAfter = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC); parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// dave has a password.
func dave(t *testing.T) Profile {
	p := carol(t)
	p.User, p.Certificate, p.Key, p.Passphrase, p.Networks = "dave", nil, nil, nil, nil
	return p
}

func export(t *testing.T, p Profile, f Format) []byte {
	t.Helper()
	data, err := p.Export(f)
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	return data
}

// checkP12 opens a PKCS #12.
func checkP12(t *testing.T, p Profile, data []byte) {
	t.Helper()
	key, leaf, chain, err := pkcs12.DecodeChain(data, string(p.Passphrase))
	if err != nil || !p.Key.(*ecdsa.PrivateKey).Equal(key) || !leaf.Equal(p.Certificate) || len(chain) != 1 || !chain[0].Equal(p.CA) {
		t.Errorf("PKCS #12 holds %T %v, %v", key, leaf, err)
	}
	if _, _, _, err := pkcs12.DecodeChain(data, "guess"); err == nil {
		t.Error("PKCS #12 opens without the passphrase")
	}
}

func TestPKCS12(t *testing.T) {
	p := carol(t)
	checkP12(t, p, export(t, p, PKCS12))
	checkP12(t, p, export(t, p, PKCS12Legacy))
}

func TestMobileconfigOfACertificate(t *testing.T) {
	p := carol(t)
	var got struct {
		PayloadType, PayloadUUID string
		PayloadContent           []struct {
			PayloadType, PayloadUUID string
			PayloadContent           []byte
			VPNType                  string
			IKEv2                    struct {
				RemoteAddress, RemoteIdentifier, LocalIdentifier, AuthenticationMethod, PayloadCertificateUUID, CertificateType string
				IKESecurityAssociationParameters                                                                                struct{ DiffieHellmanGroup int }
			}
			IPv4 map[string]int
		}
	}
	if _, err := plist.Unmarshal(export(t, p, Mobileconfig), &got); err != nil {
		t.Fatal(err)
	}
	if got.PayloadType != "Configuration" || len(got.PayloadContent) != 3 {
		t.Fatalf("got %+v", got)
	}
	ca, key, vpn := got.PayloadContent[0], got.PayloadContent[1], got.PayloadContent[2]
	if !bytes.Equal(ca.PayloadContent, p.CA.Raw) || vpn.VPNType != "IKEv2" || vpn.IPv4 != nil {
		t.Errorf("got %+v", got)
	}
	checkP12(t, p, key.PayloadContent)
	ike := vpn.IKEv2
	if ike.RemoteAddress != "vpn.example.org" || ike.LocalIdentifier != "carol@example.org" || ike.PayloadCertificateUUID != key.PayloadUUID ||
		ike.CertificateType != "ECDSA256" || ike.AuthenticationMethod != "Certificate" || ike.IKESecurityAssociationParameters.DiffieHellmanGroup != 20 {
		t.Errorf("got %+v", ike)
	}
	unique := map[string]bool{got.PayloadUUID: true, ca.PayloadUUID: true, key.PayloadUUID: true, vpn.PayloadUUID: true}
	form := regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`)
	for id := range unique {
		if !form.MatchString(id) || len(unique) != 4 {
			t.Errorf("UUIDs %v", unique)
		}
	}
	if p.uuid("vpn") != vpn.PayloadUUID {
		t.Error("a second export does not replace the first")
	}
}

func TestMobileconfigOfAPassword(t *testing.T) {
	text := strings.Join(strings.Fields(string(export(t, dave(t), Mobileconfig))), "")
	for _, want := range []string{"<key>ExtendedAuthEnabled</key><integer>1</integer>", "<string>dave</string>", "OverridePrimary"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "pkcs12") {
		t.Error("a key for a client that has none")
	}
}

func TestSSwan(t *testing.T) {
	p := carol(t)
	var got struct {
		UUID, Name, Type string
		Remote           struct {
			Addr, ID string
			Cert     []byte
		}
		Local struct {
			ID  string
			P12 []byte
		}
		Split struct{ Subnets string } `json:"split-tunneling"`
	}
	if err := json.Unmarshal(export(t, p, SSwan), &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "ikev2-cert" || got.Remote.Addr != "vpn.example.org" || !bytes.Equal(got.Remote.Cert, p.CA.Raw) || got.Split.Subnets != "10.1.0.0/16 fd01::/48" {
		t.Errorf("got %+v", got)
	}
	checkP12(t, p, got.Local.P12)
	if text := string(export(t, dave(t), SSwan)); !strings.Contains(text, `"eap_id": "dave"`) || !strings.Contains(text, "ikev2-eap") || strings.Contains(text, "split") {
		t.Errorf("got %s", text)
	}
}

func TestPowerShell(t *testing.T) {
	p := carol(t)
	p.Name = "Carol's office; Remove-Item *"
	text := string(export(t, p, PowerShell))
	if !strings.Contains(text, "$name = 'Carol''s office; Remove-Item *'\r\n") || !strings.Contains(text, "-SplitTunneling") || !strings.Contains(text, "-DestinationPrefix 'fd01::/48'") {
		t.Errorf("got\n%s", text)
	}
	blobs := regexp.MustCompile(`FromBase64String\('([^']*)'\)`).FindAllStringSubmatch(text, -1)
	if len(blobs) != 2 {
		t.Fatalf("%d blobs", len(blobs))
	}
	p12, err := base64.StdEncoding.DecodeString(blobs[1][1])
	if err != nil {
		t.Fatal(err)
	}
	checkP12(t, p, p12)
	if text := string(export(t, dave(t), PowerShell)); strings.Contains(text, "Pfx") || !strings.Contains(text, "-AuthenticationMethod Eap") || strings.Contains(text, "SplitTunneling") {
		t.Errorf("got\n%s", text)
	}
}

func TestTextConfigurations(t *testing.T) {
	for f, wants := range map[Format][]string{
		Swanctl: {`remote_addrs = "vpn.example.org"`, `certs = "carol-example.org.pem"`, "remote_ts = 10.1.0.0/16, fd01::/48", "Example-office {"},
		Culvert: {`connection "Example-office"`, `key         = "carol-example.org.key"`, `remote = ["10.1.0.0/16", "fd01::/48"]`},
	} {
		text := string(export(t, carol(t), f))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", f, want, text)
			}
		}
	}
	if text := string(export(t, dave(t), Swanctl)); !strings.Contains(text, "eap-mschapv2") || !strings.Contains(text, "0.0.0.0/0, ::/0") {
		t.Errorf("got\n%s", text)
	}
	files, err := carol(t).Files()
	if err != nil || len(files) != 3 || files["carol-example.org.pem"] == nil || !strings.Contains(string(files["carol-example.org.key"]), "PRIVATE KEY") {
		t.Errorf("files %v, %v", files, err)
	}
}

func TestProfilesThatNobodyCouldUse(t *testing.T) {
	change := func(f func(*Profile)) Profile {
		p := carol(t)
		f(&p)
		return p
	}
	for name, c := range map[string]struct {
		profile Profile
		format  Format
		want    string
	}{
		"no authority":  {change(func(p *Profile) { p.CA = nil }), Swanctl, "authority"},
		"no passphrase": {change(func(p *Profile) { p.Passphrase = nil }), PKCS12, "passphrase"},
		"no key":        {change(func(p *Profile) { p.Key = nil }), PKCS12, "go together"},
		"no name":       {change(func(p *Profile) { p.Name = "" }), SSwan, "name"},
		"a newline":     {change(func(p *Profile) { p.Server = "a\nb" }), Culvert, "control characters"},
		"a quote":       {change(func(p *Profile) { p.RemoteID = `a"b` }), Culvert, "quotes"},
		"a password":    {dave(t), PKCS12, "has none"},
		"no format":     {carol(t), "zip", "mobileconfig"},
	} {
		if _, err := c.profile.Export(c.format); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestExtensions(t *testing.T) {
	for f, want := range map[Format]string{Mobileconfig: ".mobileconfig", SSwan: ".sswan", PowerShell: ".ps1", PKCS12Legacy: ".p12", Swanctl: ".conf", Culvert: ".hcl"} {
		if f.Extension() != want {
			t.Errorf("%s ends in %s", f, f.Extension())
		}
	}
}
