package config

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exampleFiles are the files that the examples name.
func exampleFiles(t testing.TB) map[string]string {
	gw, ca, a, b := newIdentity(t, "gw"), newIdentity(t, "ca"), newIdentity(t, "a"), newIdentity(t, "b")
	north := newIdentity(t, "north")
	carol := newIdentity(t, "carol", func(c *x509.Certificate) { c.EmailAddresses = []string{"carol@example.org"} })
	psk := "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029\n"
	return map[string]string{
		"gw.pem": gw.certificate, "gw.key": gw.key, "ca.pem": ca.certificate, "carol.pem": carol.certificate, "carol.key": carol.key,
		"north.pem": north.certificate, "north.key": north.key, "a.key": a.key, "b.pub": b.public, "office.psk": psk, "office.ppk": psk, "credentials/partner": psk,
	}
}

func loadExample(t testing.TB, path string) *Config {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := exampleFiles(t)
	gw, _ := (*issuer)(nil).issue(t, "gw", "rsa", ofGateway)
	files["gw.pem"], files["gw.key"] = gw.certificate, gw.key
	name := "culvert" + filepath.Ext(path)
	files[name] = string(text)
	s := source(files)
	s.Credentials = dir + "credentials"
	c, found := s.Load(dir + name)
	if len(found.Concern()) != 0 {
		t.Fatalf("%s: %s", path, found)
	}
	return c
}

func TestExamplesAreRight(t *testing.T) {
	paths, err := filepath.Glob("../examples/*")
	if err != nil || len(paths) < 8 {
		t.Fatalf("found %v, error %v", paths, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want := 1
			switch filepath.Base(path) {
			case "hub.hcl":
				want = 2
			case "native-clients.hcl":
				want = 3
			}
			if c := loadExample(t, path); len(c.Connections) != want {
				t.Errorf("got %+v", c)
			}
		})
	}
	native, twin := loadExample(t, "../examples/site-to-site-psk.hcl"), loadExample(t, "../examples/site-to-site-psk.json")
	if d := Diff(native, twin); !alike(d) {
		t.Errorf("the twins differ: %s", changes(d))
	}
}

// What the documents show as a configuration is one.
func TestConfigurationsInTheDocumentsAreRight(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range strings.Split(string(text), "```hcl\n")[1:] {
			code, _, _ := strings.Cut(block, "```")
			if _, found := load(code); mistaken(found) {
				t.Errorf("%s, block %d:\n%s", page, i+1, found)
			}
		}
	}
}

// mistaken reports whether there is an error but for what lies outside of an excerpt: files, tokens and other blocks.
func mistaken(found Diagnostics) bool {
	for _, d := range found {
		switch d.Code {
		case "CONFIG-FILE", "CONFIG-KEY-STORE", "CONFIG-NO-SECRET", "CONFIG-REFERENCE":
		default:
			if d.Severity == Error {
				return true
			}
		}
	}
	return false
}
