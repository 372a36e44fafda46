package config

import (
	"encoding/json"
	"strings"
	"testing"
)

// titles lists the blocks that are shown, with their options as "title: option = value".
func titles(blocks []Effective) string {
	var b strings.Builder
	for _, t := range flat("", blocks) {
		b.WriteString(t.title + "\n")
		for _, o := range t.options {
			b.WriteString(t.title + ": " + o.Name + " = " + o.Value + "\n")
		}
	}
	return b.String()
}

func TestEveryKindOfBlockIsShown(t *testing.T) {
	files := newShelf(t)
	for kind, h := range homes() {
		if kind == configurationKind || kind == "user" { // of users there may be very many
			continue
		}
		for _, s := range h.samples() {
			c, _ := files.load("culvert.hcl", h.text(s))
			if s.code != "" || c == nil {
				continue
			}
			if want := h.block(c).kind; !strings.Contains(titles(c.Effective()), want+": "+s.option+" = ") && !strings.Contains(titles(c.Effective()), want+" ") {
				t.Errorf("%s.%s is not shown", kind, s.option)
			}
			break
		}
	}
}

func TestValuesAreShownGivenOrNot(t *testing.T) {
	files := newShelf(t)
	c, found := files.load("culvert.hcl", "connection \"a\" {\n  local {\n    certificate = \"gw.pem\"\n    key = \"gw.key\"\n  }\n  remote {\n    address = \"192.0.2.9\"\n    ca = \"ca.pem\"\n  }\n  dpd_delay = \"7s\"\n  child \"net\" {}\n}\nsecret \"b\" {\n  ids = \"x.example.org\"\n  psk = \""+precious+"\"\n}\n")
	if c == nil {
		t.Fatal(found)
	}
	text := titles(c.Effective())
	for _, want := range []string{
		"connection a: dpd_delay = \"7s\"\n", "connection a, local: certificate = \"" + dir + "gw.pem\"\n", "connection a, local: key = \"" + dir + "gw.key\"\n",
		"connection a, child net: ", "secret b: psk = [redacted]\n", "daemon: port = 500\n", "daemon, retransmit: tries = 5\n", "api: session = \"15m\"\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	document, err := json.Marshal(c.Effective())
	if err != nil || strings.Contains(string(document), precious) {
		t.Errorf("error %v, or the secret is shown", err)
	}
	if e := c.Connection("a").Effective(); !strings.Contains(titles([]Effective{e}), "connection a: dpd_delay") {
		t.Errorf("got %v", e)
	}
	for _, o := range c.Connection("a").Effective().Options {
		if given := o.Name == "dpd_delay"; o.Given != given || given != (o.Place != "") {
			t.Errorf("%s: given %v, at %q", o.Name, o.Given, o.Place)
		}
	}
}

func TestAlterationsTellBothValues(t *testing.T) {
	const before = "pool \"p\" {\n addresses = \"10.1.0.0/24\"\n}\nsecret \"s\" {\n ids = \"a.example.org\"\n psk = \"one\"\n}\npool \"old\" {\n addresses = \"10.3.0.0/24\"\n}\n"
	const after = "pool \"p\" {\n addresses = \"10.2.0.0/24\"\n}\nsecret \"s\" {\n ids = \"a.example.org\"\n psk = \"two\"\n}\npool \"new\" {\n addresses = \"10.4.0.0/24\"\n}\n"
	a, b := mustLoad(t, before), mustLoad(t, after)
	want := []Alteration{
		{Block: "pool p", Option: "addresses", Old: `["10.1.0.1-10.1.0.254"]`, New: `["10.2.0.1-10.2.0.254"]`},
		{Block: "pool new", New: "present"},
		{Block: "secret s", Option: "psk", Old: redacted, New: redacted},
		{Block: "pool old", Old: "present"},
	}
	got := Alterations(a, b)
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if same := Alterations(a, mustLoad(t, before)); same == nil || len(same) > 0 {
		t.Errorf("the same differs: %+v", same)
	}
}

func TestRedactedFilesShowNoSecret(t *testing.T) {
	got := Redact([]byte("secret \"a\" {\n  psk = \"" + precious + "\"\n}\nconnection \"a\" {\n  dpd_delay = \"7s\"\n}\n"))
	if strings.Contains(got, precious) || !strings.Contains(got, "  dpd_delay = \"7s\"\n}\n") || !strings.Contains(got, "psk = [redacted]") {
		t.Errorf("got\n%s", got)
	}
}

// However a file is written that can be read, a secret in it does not show.
func TestRedactedFilesShowNoSecretHoweverWritten(t *testing.T) {
	const value = "aHVudGVyMmh1bnRlcjJodW50ZXI9=="
	for _, text := range []string{
		"secret \"a\" {\n ids = [\"a\"]\n psk = (\n\"" + value + "\"\n)\n}\n",
		"secret \"a\" {\n ids = [\"a\"]\n psk = <<EOT\n" + value + "\nEOT\n}\n",
		"webhook \"a\" {\n url = \"https://a.example\"\n secret = (\n\n\"" + value + "\")\n}\n",
		"{\"webhook\": {\"a\": {\"url\": \"https://a.example\",\n\"secret\":\n\"" + value + "\"}}}",
		"{\"webhook\": {\"a\": {\"url\": \"https://a.example\",\n\"se\\u0063ret\": \"" + value + "\"}}}",
	} {
		if got := Redact([]byte(text)); strings.Contains(got, value[:8]) {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}
