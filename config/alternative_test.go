package config

import (
	"crypto/x509"
	"slices"
	"testing"

	"culvert/explain"
)

func alternativeSamples() []sample {
	const pair = "certificate = \"carol.pem\"\nkey = \"carol.key\"\n"
	return []sample{
		{option: "certificate", value: `["carol.pem", "ca.pem"]`, text: "-", with: `key = "carol.key"`},
		{option: "certificate", value: `"absent.pem"`, with: `key = "carol.key"`, code: noFile},
		{option: "key", value: `"carol.key"`, text: "-"},
		{option: "key", value: `"carol.key"`, text: "-", with: `certificate = "carol.pem"`},
		{option: "key", value: `"gw.key"`, with: `certificate = "carol.pem"`, code: explain.ConfigKeyMismatch},
		{option: "certificate_urls", value: `"http://certs.example.org/gw.crt"`, text: `["http://certs.example.org/gw.crt"]`, with: pair},
		{option: "certificate_urls", value: `["", ""]`, with: pair, code: clash},
		{option: "certificate_bundle_url", value: `"http://certs.example.org/gw.bundle"`, with: pair},
		{option: "certificate_bundle_url", value: `"http://certs.example.org/gw.bundle"`, with: `key = "carol.key"`, code: clash},
	}
}

const certified = "certificate = \"gw.pem\"\n key = \"gw.key\"\n"

func alternativeFiles(t *testing.T) map[string]string {
	files := map[string]string{}
	for _, name := range []string{"gw", "rsa", "other"} {
		id := newIdentity(t, "gw", func(c *x509.Certificate) { c.Subject.CommonName = name })
		files[name+".pem"], files[name+".key"] = id.certificate, id.key
	}
	files["ca.pem"] = files["other.pem"]
	return files
}

// The credentials of a round are its own first, then the alternatives in their order.
func TestAlternativesComeAfterTheRoundsOwnCertificate(t *testing.T) {
	files := alternativeFiles(t)
	c, found := loadFiles(certified+" id = \"gw.example.org\"\n alternative \"rsa\" {\n certificate = \"rsa.pem\"\n key = \"rsa.key\"\n }\n alternative \"other\" {\n key = \"other.key\"\n }", "ca = \"ca.pem\"", files)
	if c == nil {
		t.Fatal(found)
	}
	var got []string
	for _, own := range c.Connection("a").Local.Credentials() {
		got = append(got, own.Key.Path)
	}
	if want := []string{dir + "gw.key", dir + "rsa.key", dir + "other.key"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// Alternatives are part of their connection: what changes in them, or in their order, is a change of it, and they are shown.
func TestAlternativesArePartOfTheConnection(t *testing.T) {
	const rsa = "alternative \"rsa\" {\n certificate = \"rsa.pem\"\n key = \"rsa.key\"\n }\n"
	const other = "alternative \"other\" {\n certificate = \"other.pem\"\n key = \"other.key\"\n }\n"
	files := alternativeFiles(t)
	load := func(alternatives string) *Config {
		t.Helper()
		c, found := loadFiles(certified+alternatives, "ca = \"ca.pem\"", files)
		if c == nil {
			t.Fatal(found)
		}
		return c
	}
	changed := func(a, b string) []string {
		d := Diff(load(a), load(b))
		if len(d.Connections.Changed) == 0 {
			return nil
		}
		return d.Connections.Changed[0].Options
	}
	for _, tt := range []struct {
		before, after string
		want          []string
	}{
		{rsa, rsa, nil},
		{"", rsa, []string{"local.alternative.rsa"}},
		{rsa + other, rsa, []string{"local.alternative.other"}},
		{rsa + other, other + rsa, []string{"local.alternative.other", "local.alternative.rsa"}},
		{rsa, "alternative \"rsa\" {\n key = \"other.key\"\n }\n", []string{"local.alternative.rsa.certificate", "local.alternative.rsa.key"}},
	} {
		if got := changed(tt.before, tt.after); !slices.Equal(got, tt.want) {
			t.Errorf("%q to %q: got %q", tt.before, tt.after, got)
		}
	}
	shown := load(rsa).Connection("a").Effective()
	local := shown.Blocks[slices.IndexFunc(shown.Blocks, func(e Effective) bool { return e.Kind == "local" })]
	if !slices.ContainsFunc(local.Blocks, func(e Effective) bool { return e.Kind == "alternative" && e.Name == "rsa" }) {
		t.Errorf("not shown: %+v", local.Blocks)
	}
}

// An expression says who others may be, not who we are.
func TestWeAreNoExpression(t *testing.T) {
	if _, found := loadFiles("id = \"fqdn:^gw$\"", "id = \"fqdn:^gw[0-9]$\"", map[string]string{}); !has(found, explain.ConfigContradiction, 3) {
		t.Errorf("got %s", found)
	}
}

// What peers would make of a certificate is looked at in alternatives, too.
func TestChainsOfAlternativesAreLookedAt(t *testing.T) {
	files := alternativeFiles(t)
	_, found := loadFiles(certified+" alternative \"x\" {\n certificate = [\"rsa.pem\", \"gw.pem\"]\n key = \"rsa.key\"\n }", "ca = \"ca.pem\"", files)
	if !has(found, explain.ConfigCertChain, 6) {
		t.Errorf("got %s", found)
	}
}

func TestAlternativesThatHelpNobody(t *testing.T) {
	files := alternativeFiles(t)
	if _, found := loadFiles("alternative \"rsa\" {\n key = \"rsa.key\"\n }", "", files); !has(found, explain.ConfigContradiction, 4) {
		t.Errorf("beside a secret: %s", found)
	}
	_, found := loadFiles(certified+" id = \"gw.example.org\"\n alternative \"x\" {\n certificate = \"x.pem\"\n key = \"x.key\"\n }", "ca = \"ca.pem\"", func() map[string]string {
		id := newIdentity(t, "x")
		files["x.pem"], files["x.key"] = id.certificate, id.key
		return files
	}())
	if !has(found, explain.ConfigIdentity, 7) {
		t.Errorf("a certificate for somebody else: %s", found)
	}
}
