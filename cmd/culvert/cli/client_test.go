package cli

import (
	"bytes"
	"image/png"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
)

// withClient returns a shell with an authority, a gateway and a client, in a folder of its own.
func withClient(t *testing.T) (s *shell, dir string) {
	s, dir = withAuthority(t)
	t.Chdir(t.TempDir())
	s.run(exitOK, "pki", "gateway", "vpn.example.org", "--dir", dir)
	if err := os.WriteFile("pass", []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, "client", "add", "carol@example.org", "--dir", dir)
	return s, dir
}

func TestClientIsExportedInEveryFormat(t *testing.T) {
	s, dir := withClient(t)
	for format, ends := range map[string]string{
		"mobileconfig": ".mobileconfig", "sswan": ".sswan", "powershell": ".ps1", "p12": ".p12", "p12-legacy": ".p12", "swanctl": ".conf",
	} {
		got := s.record("client", "export", "carol@example.org", "--format", format, "--passphrase-file", "pass", "--network", "10.1.0.0/16", "--dir", dir)
		if want := "carol@example.org" + ends; !strings.Contains(strings.Join(got.Files, " "), want) {
			t.Errorf("%s: %q", format, got.Files)
		}
	}
	s.run(exitOK, "client", "export", "carol@example.org", "--format", "swanctl", "--out", "-", "--dir", dir)
	if !strings.Contains(s.out.String(), `remote_addrs = "vpn.example.org"`) {
		t.Errorf("got %s", s.out.String())
	}
}

func TestExportedConfigurationIsRight(t *testing.T) {
	s, dir := withClient(t)
	got := s.record("client", "export", "carol@example.org", "--format", "culvert", "--dir", dir)
	files := fstest.MapFS{}
	for _, name := range got.Files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files["c/"+name] = &fstest.MapFile{Data: data, Mode: 0o600}
	}
	if _, found := (config.Source{Files: files}).Load("/c/carol@example.org.hcl"); len(found) > 0 {
		t.Errorf("%q: %s", got.Files, found)
	}
}

func TestClientsAreListedRenewedAndRevoked(t *testing.T) {
	s, dir := withClient(t)
	s.run(exitOK, "client", "list", "--dir", dir)
	if got := s.out.String(); strings.Contains(got, "vpn.example.org") || strings.Count(got, "carol") != 1 {
		t.Errorf("got\n%s", got)
	}
	s.run(exitOK, "client", "renew", "carol@example.org", "--dir", dir)
	s.run(exitOK, "client", "revoke", "carol@example.org", "--dir", dir)
	s.run(exitFailure, "client", "export", "carol@example.org", "--passphrase-file", "pass", "--dir", dir)
	if !strings.Contains(s.err.String(), "no valid certificate") {
		t.Errorf("got %s", s.err.String())
	}
	s.run(exitOK, "client", "add", "erin", "--format", "p12", "--passphrase-file", "pass", "--dir", dir)
	if info, err := os.Stat("erin.p12"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("erin.p12: %v", err)
	}
}

func TestClientWithAPasswordGetsAQRCode(t *testing.T) {
	s, dir := withClient(t)
	s.run(exitOK, "client", "export", "dave", "--format", "sswan", "--qr", "dave.png", "--dir", dir)
	data, err := os.ReadFile("dave.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		t.Error(err)
	}
	s.run(exitOK, "client", "export", "carol@example.org", "--format", "sswan", "--passphrase-file", "pass", "--qr", "-", "--url", "https://example.org/c.sswan", "--dir", dir)
	if lines := strings.Split(s.out.String(), "\n"); len(lines) < 15 || !strings.HasPrefix(lines[0], strings.Repeat("\u2588", 25)) {
		t.Errorf("got\n%s", s.out.String())
	}
}

func TestClientWithAPasswordIsToldWhereItBelongs(t *testing.T) {
	s, dir := withClient(t)
	if err := os.Mkdir("conf", 0o700); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, "client", "export", "dave", "--format", "culvert", "--out", "conf/dave.hcl", "--title", "work", "--dir", dir)
	if got, want := s.out.String(), "dave connects with a password (EAP)\n  conf/ca.pem\n  conf/dave.hcl\nwrite the password to conf/work.password, for its owner alone\n"; got != want {
		t.Errorf("got %q", got)
	}
	hcl, err := os.ReadFile("conf/dave.hcl")
	if err != nil || !strings.Contains(string(hcl), `file("work.password")`) {
		t.Errorf("%v\n%s", err, hcl)
	}
	s.run(exitOK, "client", "export", "dave", "--format", "culvert", "--json", "--dir", dir)
	if got := s.out.String(); strings.Contains(got, "expires") || !strings.Contains(got, `"name":"dave"`) {
		t.Errorf("JSON %s", got)
	}
}

func TestNoCertificateIsIssuedForAnExportThatCannotBe(t *testing.T) {
	s, dir := withClient(t)
	for _, more := range [][]string{{"--format", "sswan"}, {"--format", "zip"}, {"--format", "p12", "--passphrase-file", "nothere"}, {"--format", "culvert", "--network", "x"}} {
		s.run(exitFailure, append([]string{"client", "add", "frank", "--dir", dir}, more...)...)
	}
	s.run(exitOK, "client", "list", "--dir", dir)
	if strings.Contains(s.out.String(), "frank") {
		t.Errorf("got\n%s", s.out.String())
	}
}

func TestClientMistakes(t *testing.T) {
	s, dir := withClient(t)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"passphrase", []string{"export", "carol@example.org"}},
		{"nothere", []string{"export", "carol@example.org", "--passphrase-file", "nothere"}},
		{"--network 10.1.0.1/16", []string{"export", "carol@example.org", "--passphrase-file", "pass", "--network", "10.1.0.1/16"}},
		{"--url", []string{"export", "carol@example.org", "--format", "powershell", "--passphrase-file", "pass", "--qr", "-"}},
		{"has none", []string{"export", "dave"}},
		{"there is no format", []string{"export", "dave", "--format", "zip"}},
	} {
		s.run(exitFailure, append([]string{"client", "--dir", dir}, c.args...)...)
		if !strings.Contains(s.err.String(), c.want) {
			t.Errorf("%q: %s, want %q", c.args, s.err.String(), c.want)
		}
	}
	s.run(exitOK, "pki", "gateway", "second.example.org", "--dir", dir)
	s.run(exitFailure, "client", "export", "dave", "--format", "sswan", "--dir", dir)
	if !strings.Contains(s.err.String(), "--server") {
		t.Errorf("got %s", s.err.String())
	}
}
