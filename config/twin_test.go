package config

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// twin writes a configuration as JSON.
func twin(t testing.TB, text string) string {
	t.Helper()
	parsed, diags := hclsyntax.ParseConfig([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	document, err := json.MarshalIndent(objectOf(t, parsed.Body.(*hclsyntax.Body), text), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

func objectOf(t testing.TB, body *hclsyntax.Body, text string) map[string]any {
	made := map[string]any{}
	for name, a := range body.Attributes {
		made[name] = valueOf(t, a.Expr, text)
	}
	for _, b := range body.Blocks {
		inner := objectOf(t, b.Body, text)
		if len(b.Labels) == 0 {
			made[b.Type] = inner
			continue
		}
		if made[b.Type] == nil {
			made[b.Type] = map[string]any{}
		}
		made[b.Type].(map[string]any)[b.Labels[0]] = inner
	}
	return made
}

// valueOf returns the JSON value of an expression: a call becomes "${call(...)}".
func valueOf(t testing.TB, expr hcl.Expression, text string) any {
	if _, call := expr.(*hclsyntax.FunctionCallExpr); call {
		r := expr.Range()
		return "${" + text[r.Start.Byte:r.End.Byte] + "}"
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	document, err := ctyjson.Marshal(v, cty.DynamicPseudoType)
	if err != nil {
		t.Fatal(err)
	}
	var typed struct{ Value json.RawMessage }
	if err := json.Unmarshal(document, &typed); err != nil {
		t.Fatal(err)
	}
	return typed.Value
}

// Whatever is accepted in HCL is accepted in JSON and means the same.
func TestTwinsOfSamplesMeanTheSame(t *testing.T) {
	eachSample(t, func(t *testing.T, files shelf, h home, s sample) {
		native, found := files.load("culvert.hcl", h.text(s))
		if found.Errors() {
			return
		}
		document := twin(t, h.text(s))
		other, found := files.load("culvert.json", document)
		if found.Errors() {
			t.Fatalf("%s\n%s", document, found)
		}
		if d := Diff(native, other); !alike(d) {
			t.Errorf("the twins differ: %s\n%s", changes(d), document)
		}
	})
}

// What is refused in HCL is refused in JSON for the same reason, if JSON can say it at all.
func TestTwinsOfRefusedSamplesAreRefused(t *testing.T) {
	eachSample(t, func(t *testing.T, files shelf, h home, s sample) {
		if s.code == "" || s.value == "yes" || strings.Contains(s.value, "carol = \"10.7.0.7\", carol") {
			return
		}
		_, found := files.load("culvert.json", twin(t, h.text(s)))
		if !has(found, s.code, 0) {
			t.Errorf("want %s, got\n%s", s.code, found)
		}
	})
}

func TestTwinsOfExamplesMeanTheSame(t *testing.T) {
	files := newShelf(t)
	paths, err := filepath.Glob("../examples/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := readAll(t, filepath.Dir(path))[filepath.Base(path)]
			native, found := files.load("culvert.hcl", text)
			if found.Errors() {
				t.Fatal(found)
			}
			other, found := files.load("culvert.json", twin(t, text))
			if found.Errors() {
				t.Fatal(found)
			}
			if d := Diff(native, other); !alike(d) {
				t.Errorf("the twins differ: %s", changes(d))
			}
		})
	}
}
