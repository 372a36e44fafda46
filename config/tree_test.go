package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A tree is a configuration made up at random: options with values, and blocks.
type tree struct {
	options map[string]any // string, bool, int or []any
	blocks  []branch
}

type branch struct {
	kind, name string
	tree
}

func drawTree(t *rapid.T, depth int) tree {
	names := rapid.SampledFrom(append(allNames(), "nonsense", "psk2", "rekey"))
	made := tree{options: map[string]any{}}
	for range rapid.IntRange(0, 4).Draw(t, "options") {
		made.options[names.Draw(t, "option")] = drawValue(t)
	}
	if depth == 0 {
		return made
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "blocks") {
		b := branch{kind: names.Draw(t, "kind"), tree: drawTree(t, depth-1)}
		if rapid.Bool().Draw(t, "named") {
			b.name = fmt.Sprint("n", i)
		}
		made.blocks = append(made.blocks, b)
	}
	return made
}

func drawValue(t *rapid.T) any {
	texts := rapid.SampledFrom([]string{"", "10.0.0.0/8", "192.0.2.1", "1h", "1GiB", "psk", "start", "yes", "gw.example.org", "default", "aes256gcm16", "office.psk", "%any", "\x7f\"${x", "::"})
	switch rapid.IntRange(0, 3).Draw(t, "type") {
	case 0:
		return rapid.Bool().Draw(t, "bool")
	case 1:
		return rapid.IntRange(-5, 100000).Draw(t, "number")
	case 2:
		return []any{texts.Draw(t, "first"), texts.Draw(t, "second")}
	}
	return texts.Draw(t, "text")
}

// allNames lists every option and block that there is.
func allNames() []string {
	var names []string
	for _, s := range schemas() {
		names = append(names, s.names()...)
	}
	return names
}

func (tr tree) native(b *strings.Builder, indent string) {
	for _, name := range sorted(tr.options) {
		text, _ := json.Marshal(tr.options[name])
		fmt.Fprintf(b, "%s%s = %s\n", indent, name, strings.ReplaceAll(string(text), "${", "$${"))
	}
	for _, br := range tr.blocks {
		label := ""
		if br.name != "" {
			label = quote(br.name) + " "
		}
		fmt.Fprintf(b, "%s%s %s{\n", indent, br.kind, label)
		br.native(b, indent+"  ")
		fmt.Fprintf(b, "%s}\n", indent)
	}
}

func (tr tree) object() map[string]any {
	made := map[string]any{}
	for name, v := range tr.options {
		made[name] = v
	}
	for _, br := range tr.blocks {
		if br.name == "" {
			made[br.kind] = br.object()
		} else {
			made[br.kind] = map[string]any{br.name: br.object()}
		}
	}
	return made
}

// unknown lists the names in a tree that its blocks do not have, as far as the blocks are known.
func (tr tree) unknown(s schema, json bool) []string {
	var names []string
	for name := range tr.options {
		if s.option(name) == nil && !(json && s.nested(name) != nil) {
			names = append(names, name)
		}
	}
	for _, br := range tr.blocks {
		if n := s.nested(br.kind); n != nil {
			if !json {
				names = append(names, br.unknown(n.open(), json)...)
			}
		} else if !(json && s.option(br.kind) != nil) {
			names = append(names, br.kind)
		}
	}
	return names
}

// Any tree of names and values is either loaded, or refused with the name and place of every unknown name.
func TestAnyTreeIsLoadedOrRefusedByNameAndPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := drawTree(t, 3)
		var b strings.Builder
		tr.native(&b, "")
		check(t, "culvert.hcl", b.String(), tr, false)
		document, err := json.MarshalIndent(tr.object(), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		check(t, "culvert.json", string(document), tr, true)
	})
}

func check(t *rapid.T, name, text string, tr tree, json bool) {
	c, found := source(map[string]string{name: text, "office.psk": "secret"}).Load(dir + name)
	if (c == nil) != found.Errors() {
		t.Fatalf("configuration %v with\n%s", c, found)
	}
	checkDiagnostics(t, text, found)
	duplicates := strings.Contains(found.String(), "has a second block")
	for _, unknown := range tr.unknown(new(file).schema(newConfig()), json) {
		if !duplicates && !strings.Contains(found.String(), " "+quote(unknown)+" [CONFIG-UNKNOWN") {
			t.Fatalf("nothing is said of %q in\n%s\n%s", unknown, text, found)
		}
	}
}

// checkDiagnostics checks what holds of all diagnostics.
func checkDiagnostics(t interface{ Fatalf(string, ...any) }, text string, found Diagnostics) {
	lines := strings.Count(text, "\n") + 1
	for _, d := range found {
		if d.File == "" || d.Line < 1 || d.Line > lines || d.Column < 1 || d.Code == "" || d.Message == "" {
			t.Fatalf("without place, code or message: %+v", d)
		}
		if strings.ContainsAny(d.String(), "\x00\x1b\r\x7f") {
			t.Fatalf("control characters in %q", d.String())
		}
	}
}

func TestDeepNestingIsRefusedBeforeItIsParsed(t *testing.T) {
	deep := func(open, shut string) string { return strings.Repeat(open, 50_000) + strings.Repeat(shut, 50_000) }
	for name, text := range map[string]string{
		"lists":       "listen = " + deep("[", "]"),
		"parentheses": "listen = " + deep("(", ")"),
		"blocks":      deep("a {\n", "}\n"),
		"not":         "listen = " + strings.Repeat("!", 100_000) + "true",
		"minus":       "listen = " + strings.Repeat("- ", 100_000) + "1",
		"conditions":  "listen = " + strings.Repeat("true ? ", 50_000) + "1" + strings.Repeat(" : 1", 50_000),
		"templates":   "listen = " + deep("\"${", "}\""),
		"directives":  "listen = \"" + strings.Repeat("%{if true}", 50_000) + "\"",
		"sums":        "listen = 1" + strings.Repeat("+1", 100_000),
		"indices":     "listen = a" + strings.Repeat("[b]", 50_000),
		"splats":      "listen = a" + strings.Repeat(".*", 100_000),
		"attributes":  "listen = a" + strings.Repeat(".b", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			c, found := load(text)
			if c != nil || !found.Errors() {
				t.Error("it was accepted")
			}
		})
	}
	for name, text := range map[string]string{
		"JSON lists":   deep("[", "]"),
		"JSON objects": strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000),
		"JSON call":    `{"listen": "${` + deep("(", ")") + `}"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if c, found := loadJSON(text); c != nil || !found.Errors() {
				t.Error("it was accepted")
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"mistakes", "syntax", "secrets", "references", "warnings", "unclosed"} {
		f.Add(readAll(f, "testdata/"+name)["culvert.hcl"], false)
	}
	f.Add(readAll(f, "testdata/twin")["culvert.json"], true)
	f.Add(office+officeSecret, false)
	f.Fuzz(func(t *testing.T, text string, json bool) {
		name := "culvert.hcl"
		if json {
			name = "culvert.json"
		}
		c, found := source(map[string]string{name: text, "office.psk": "secret"}).Load(dir + name)
		if (c == nil) != found.Errors() {
			t.Fatalf("configuration %v with\n%s", c, found)
		}
		checkDiagnostics(t, text, found)
	})
}
