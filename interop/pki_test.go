package interop_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// An office is an authority of our own on a host.
type office struct {
	*lab.Host
	lab *lab.Lab
	dir string
}

func newOffice(t *testing.T) *office {
	l := lab.New(t)
	o := &office{Host: l.Host("office"), lab: l, dir: filepath.Join(t.TempDir(), "pki")}
	o.culvert("pki", "init", "--name", "Example CA", "--dir", o.dir)
	o.culvert("pki", "gateway", "vpn.example.org", "--san", "192.0.2.1", "--dir", o.dir)
	return o
}

// culvert runs a command and returns the files that it tells of.
func (o *office) culvert(args ...string) []string {
	var told struct{ Files []string }
	out := o.Must(append(append([]string{o.lab.Binary()}, args...), "--json")...)
	if strings.HasPrefix(out, "{") {
		if err := json.Unmarshal([]byte(out), &told); err != nil {
			o.lab.Fatal(err)
		}
	}
	return told.Files
}

func (o *office) file(name string) string { return filepath.Join(o.dir, name) }

func TestOpensslTakesWhatThePKIMakes(t *testing.T) {
	o := newOffice(t)
	gateway := o.culvert("pki", "renew", "vpn.example.org", "--dir", o.dir)[0]
	client := o.culvert("pki", "client", "carol@example.org", "--dir", o.dir)[0]
	o.culvert("pki", "crl", "--dir", o.dir)
	verify := func(purpose, file string) (string, error) {
		return o.Try("openssl", "verify", "-CAfile", o.file("ca.pem"), "-CRLfile", o.file("crl.pem"), "-crl_check", "-purpose", purpose, "-x509_strict", file)
	}
	for purpose, file := range map[string]string{"sslserver": gateway, "sslclient": client} {
		if out, err := verify(purpose, file); err != nil {
			t.Errorf("%s: %v\n%s", purpose, err, out)
		}
	}
	o.culvert("pki", "revoke", "carol@example.org", "--reason", "key-compromise", "--dir", o.dir)
	o.culvert("pki", "crl", "--dir", o.dir)
	if out, err := verify("sslclient", client); err == nil || !strings.Contains(out, "revoked") {
		t.Errorf("a revoked certificate: %v\n%s", err, out)
	}
}

func TestForeignToolsReadExportedProfiles(t *testing.T) {
	o := newOffice(t)
	o.culvert("pki", "client", "carol@example.org", "--dir", o.dir)
	pass := o.Write("pass", "open sesame\n")
	export := func(name, format string, more ...string) string {
		args := []string{"client", "export", name, "--dir", o.dir, "--format", format, "--passphrase-file", pass, "--out", o.file(format)}
		return o.culvert(append(args, more...)...)[0]
	}
	for format, legacy := range map[string][]string{"p12": nil, "p12-legacy": {"-legacy"}} {
		args := append([]string{"openssl", "pkcs12", "-in", export("carol@example.org", format), "-passin", "file:" + pass, "-noenc"}, legacy...)
		if out := o.Must(args...); strings.Count(out, "BEGIN CERTIFICATE") != 2 || strings.Count(out, "BEGIN PRIVATE KEY") != 1 {
			t.Errorf("%s: openssl reads\n%s", format, out)
		}
	}
	binary := o.file("binary.plist")
	o.Must("plistutil", "-i", export("carol@example.org", "mobileconfig"), "-o", binary, "-f", "bin")
	if data, err := os.ReadFile(binary); err != nil || !strings.HasPrefix(string(data), "bplist00") || !strings.Contains(string(data), "com.apple.vpn.managed") {
		t.Errorf("plistutil makes %.20q, %v", data, err)
	}
	code := o.file("dave.png")
	profile := export("dave", "sswan", "--qr", code)
	want, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Must("zbarimg", "--nodbus", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-Sbinary", code); strings.TrimSpace(got) != strings.TrimSpace(string(want)) {
		t.Errorf("zbarimg reads %q, want %q", got, want)
	}
}

// A gateway of ours and a charon that was given an exported configuration, both with certificates of our authority.
func TestExportedConfigurationConnectsCharon(t *testing.T) {
	s := newScene(t)
	o := &office{Host: s.moon, lab: s.Lab, dir: filepath.Join(s.Dir, "own-pki")}
	o.culvert("pki", "init", "--dir", o.dir)
	gateway := o.culvert("pki", "gateway", "vpn.example.org", "--dir", o.dir)
	o.culvert("pki", "client", "sun.example.org", "--dir", o.dir)
	folder := filepath.Join(s.Dir, "exported")
	s.moon.Must("mkdir", folder)
	files := o.culvert("client", "export", "sun.example.org", "--dir", o.dir, "--format", "swanctl", "--server", "10.99.0.1",
		"--id", "vpn.example.org", "--title", "site", "--network", "10.1.0.0/24", "--out", filepath.Join(folder, "site.conf"))
	s.theirs = s.sun.Charon("")
	var conf string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch name := filepath.Base(file); {
		case name == "site.conf":
			conf = string(data)
		case name == "ca.pem":
			s.sun.Write("swanctl/x509ca/"+name, string(data))
		case strings.HasSuffix(name, ".key"):
			s.sun.Write("swanctl/private/"+name, string(data))
		default:
			s.sun.Write("swanctl/x509/"+name, string(data))
		}
	}
	s.theirs.Load(conf)
	s.startCulvert(`
connection "site" {
  local {
    address     = "10.99.0.1"
    id          = "vpn.example.org"
    certificate = "` + gateway[0] + `"
    key         = "` + gateway[1] + `"
  }
  remote {
    id = "sun.example.org"
    ca = "` + o.file("ca.pem") + `"
  }
  pools = ["clients"]
  child "net" { local = ["10.1.0.0/24"] }
}
pool "clients" { addresses = ["10.9.0.0/24"] }
`)
	s.up(charon)
	s.carries([][2]string{{"10.1.0.1", "10.9.0.1"}})
}
