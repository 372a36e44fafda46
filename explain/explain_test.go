package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// constants returns the codes that the files of the package declare.
func constants(t *testing.T) []Code {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" && len(spec.Values) == 1 {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
					s, _ := strconv.Unquote(lit.Value)
					codes = append(codes, Code(s))
				}
			}
			return true
		})
	}
	return codes
}

func TestEveryCodeIsExplained(t *testing.T) {
	codes := constants(t)
	if len(codes) < 50 {
		t.Fatalf("%d codes found", len(codes))
	}
	for _, code := range codes {
		if _, ok := Lookup(code); !ok {
			t.Errorf("%s has no entry", code)
		}
	}
	for _, e := range All() {
		if !slices.Contains(codes, e.Code) {
			t.Errorf("%s has no constant", e.Code)
		}
	}
}

func TestEntriesAreWhole(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z]+(-[A-Z0-9]+)+$`)
	all := All()
	for i, e := range all {
		if i > 0 && all[i-1].Code == e.Code {
			t.Errorf("%s is there twice", e.Code)
		}
		if !form.MatchString(string(e.Code)) {
			t.Errorf("%s: not an area and a name", e.Code)
		}
		for _, text := range []string{e.Title, e.Cause, e.Action} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no sentence", e.Code, text)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for _, code := range []Code{"AUTH-ID-MISMATCH", "auth-id-mismatch"} {
		if e, ok := Lookup(code); !ok || e.Code != AuthIDMismatch {
			t.Errorf("%s: %v, %v", code, e, ok)
		}
	}
	if _, ok := Lookup("AUTH-NOTHING"); ok {
		t.Error("an entry for nothing")
	}
}
