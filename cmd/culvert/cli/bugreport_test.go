package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/config"
	"culvert/doctor/doctortest"
)

// plantedSecrets are in the configuration of the tests below.
func plantedSecrets() map[string]string {
	return map[string]string{
		"psk": "psk-Kq8wZr2Tn5Yb", "ppk": "ppk-Vc3mLx9Qd7Hs-and-long-enough-to-be-taken", "eap": "eap-Gt6yBn1Rf4Wj", "radius": "radius-Mp5kXe8Uz2Oa",
	}
}

// withSecrets returns a shell on a host whose configuration and daemon are full of secrets, and all of them as they are.
func withSecrets(t *testing.T) (*shell, map[string][]byte) {
	fake := apitest.New(64)
	s, h := serving(t, fake), doctortest.New()
	p := plantedSecrets()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"private key": der}
	for name, text := range p {
		secrets[name] = []byte(text)
	}
	keyFile := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	h.Tree["etc/culvert/culvert.hcl"] = &fstest.MapFile{Mode: 0o600, Data: []byte(`
connection "office" {
  local  {
    id = "a@example.org"
    key = "office.key"
  }
  remote {
    address = ["192.0.2.9"]
    auth = "psk"
  }
  ppk = ["office"]
  child "net" {}
}
connection "client" {
  local {
    eap {
      identity = "carol"
      password = "` + p["eap"] + `"
    }
  }
  remote {
    address = ["192.0.2.10"]
    auth = "psk"
  }
  child "net" {}
}
secret "office" { psk = "` + p["psk"] + `" }
secret "client" { psk = "` + p["psk"] + `-2" }
ppk "office" { key = "` + p["ppk"] + `" }
radius "aaa" {
  server "one" {
    address = "192.0.2.11"
    secret = "` + p["radius"] + `"
  }
}
`)}
	h.Tree["etc/culvert/office.key"] = &fstest.MapFile{Data: keyFile, Mode: 0o600}
	s.env.Host, s.env.Source = h, config.Source{Files: h.Tree}
	s.env.Command = func(_ context.Context, name string, args ...string) ([]byte, error) {
		return []byte(name + " " + strings.Join(args, " ") + " " + p["psk"]), nil
	}
	babble(fake, secrets, string(keyFile))
	return s, secrets
}

// babble has the daemon tell every secret, in every way.
func babble(fake *apitest.Fake, secrets map[string][]byte, keyFile string) {
	fake.Now = sampleStatus()
	for _, b := range secrets {
		for _, text := range []string{string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.StdEncoding.EncodeToString(b), base64.URLEncoding.EncodeToString(append([]byte("x"), b...))} {
			fake.Log().Publish(api.LogEntry{Text: "a line with " + text, Attrs: map[string]string{"k": text}})
			fake.Events().Publish(api.Event{Text: text})
			fake.Now.Warnings = append(fake.Now.Warnings, api.Warning{Text: text})
		}
	}
	fake.Log().Publish(api.LogEntry{Text: keyFile})
}

// bundle returns the files of an archive.
func bundle(t *testing.T, file string) map[string][]byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[filepath.Base(h.Name)], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

var base64Run = regexp.MustCompile(`[A-Za-z0-9+/_-]{12,}`)

// reveals tells whether a text has a secret, as it is, in hexadecimal digits or in base64.
func reveals(text, secret []byte) bool {
	squeezed := []byte(strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(string(text))))
	if bytes.Contains(text, secret) || bytes.Contains(squeezed, []byte(hex.EncodeToString(secret))) {
		return true
	}
	for _, run := range base64Run.FindAll(bytes.ReplaceAll(text, []byte(`\n`), nil), -1) {
		run = []byte(strings.NewReplacer("-", "+", "_", "/").Replace(string(run)))
		for from := range 4 {
			part := run[min(from, len(run)):]
			if len(part)%4 == 1 {
				part = part[:len(part)-1]
			}
			decoded, _ := base64.RawStdEncoding.DecodeString(string(part)) // as far as it is some
			if bytes.Contains(decoded, secret) {
				return true
			}
		}
	}
	return false
}

func TestReportHasNoSecretsInAnyEncoding(t *testing.T) {
	s, secrets := withSecrets(t)
	_, found := s.env.Source.Load("/etc/culvert/culvert.hcl")
	if found.Errors() {
		t.Fatal(found)
	}
	file := filepath.Join(t.TempDir(), "b.tar.gz")
	s.run(exitOK, "bugreport", "-o", file)
	files := bundle(t, file)
	for name, secret := range secrets {
		for file, text := range files {
			if reveals(text, secret) {
				t.Errorf("%s is in %s", name, file)
			}
		}
	}
	for _, want := range []string{"MANIFEST.md", "version.json", "status.json", "configuration.json", "log.jsonl", "events.jsonl", "doctor.json", "xfrm-states.txt", "sysctl.txt"} {
		if len(files[want]) == 0 {
			t.Errorf("no %s", want)
		}
	}
	for file, want := range map[string]string{"configuration.json": "192.0.2.9", "xfrm-states.txt": "ip -s xfrm state list nokeys [redacted]", "log.jsonl": "a line with [redacted]"} {
		if !bytes.Contains(files[file], []byte(want)) {
			t.Errorf("no %q in %s:\n%.600s", want, file, files[file])
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// What looks for secrets finds them, or the test above would be worth nothing.
func TestSecretsWouldBeSeen(t *testing.T) {
	secret := []byte("psk-Kq8wZr2Tn5Yb")
	for _, text := range []string{
		string(secret), hex.EncodeToString(secret), "70:73:6b:2d:4b:71:38:77:5a:72:32:54:6e:35:59:62",
		base64.StdEncoding.EncodeToString(secret), base64.RawURLEncoding.EncodeToString(append([]byte("ab"), secret...)),
	} {
		if !reveals([]byte("before "+text+" after"), secret) {
			t.Errorf("%s is not seen", text)
		}
	}
}

// A configuration that cannot be loaded has secrets all the same.
func TestReportOfBrokenConfigurationHasNoSecrets(t *testing.T) {
	s := newShell(t)
	s.vars["CULVERT_SOCKET"] = "/nonexistent/s"
	h := doctortest.New()
	h.Tree["etc/culvert/culvert.hcl"] = &fstest.MapFile{Mode: 0o600, Data: []byte("connection \"office\" {\n}}\nsecret \"office\" {\n  pks = \"Kq8wZr2Tn5Yb\"\n  psk = file(\"office.psk\")\n}\n")}
	h.Tree["etc/culvert/office.psk"] = &fstest.MapFile{Mode: 0o600, Data: []byte("Vc3mLx9Qd7Hs\n")}
	s.env.Host, s.env.Source = h, config.Source{Files: h.Tree}
	s.env.Command = func(context.Context, string, ...string) ([]byte, error) {
		return []byte("Kq8wZr2Tn5Yb Vc3mLx9Qd7Hs office"), nil
	}
	file := filepath.Join(t.TempDir(), "b.tar.gz")
	s.run(exitOK, "bugreport", "-o", file)
	files := bundle(t, file)
	for name, text := range files {
		if bytes.Contains(text, []byte("Kq8w")) || bytes.Contains(text, []byte("Vc3m")) {
			t.Errorf("%s has a secret:\n%s", name, text)
		}
	}
	if got := string(files["links.txt"]); got != "[redacted] [redacted] office" {
		t.Errorf("links %q", got)
	}
	if !bytes.Contains(files["MANIFEST.md"], []byte("No daemon could be asked")) {
		t.Errorf("manifest:\n%s", files["MANIFEST.md"])
	}
}

func TestReportWorksWithoutDaemonAndConfiguration(t *testing.T) {
	s := newShell(t)
	s.vars["CULVERT_SOCKET"] = "/nonexistent/s"
	h := doctortest.New()
	s.env.Host = h
	h.Process("7", "culvert", "culvert\x00daemon\x00")
	s.env.Command = func(context.Context, string, ...string) ([]byte, error) { return nil, errors.New("not installed") }
	file := filepath.Join(t.TempDir(), "b.tar.gz")
	s.run(exitOK, "bugreport", "-o", file, "--json")
	var got reported
	if err := json.Unmarshal(s.out.Bytes(), &got); err != nil || got.File != file || len(got.Entries) < 15 {
		t.Errorf("%v in %s", err, s.out.String())
	}
	files := bundle(t, file)
	if !bytes.Contains(files["MANIFEST.md"], []byte("problem: there is no socket /nonexistent/s")) || !bytes.Contains(files["process.txt"], []byte("/proc/7/limits:")) {
		t.Errorf("manifest:\n%s", files["MANIFEST.md"])
	}
	s.run(exitUsage, "bugreport", "-o", file)
	if !strings.Contains(s.err.String(), "--out") {
		t.Errorf("got %s", s.err.String())
	}
}
