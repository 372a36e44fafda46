package telemetry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"culvert/internal/golden"
)

// The page has spans and attributes as they are.
func TestReferenceIsUpToDate(t *testing.T) {
	golden.Part(t, "../docs/telemetry.md", "<!-- spans: go test ./telemetry -run Reference -update -->\n", "<!-- end of spans -->\n", Reference())
}

// constants are the values of the package's constants of a type.
func constants(t *testing.T, file, kind string) (list []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if name, ok := v.Type.(*ast.Ident); ok && name.Name == kind {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, text)
			}
		}
		return true
	})
	return list
}

// Every key, kind and outcome of the code is documented.
func TestNothingIsLeftOutOfTheReference(t *testing.T) {
	var keys, kinds []string
	for _, d := range keyDocs() {
		keys = append(keys, string(d.key))
	}
	for _, d := range spanDocs() {
		kinds = append(kinds, d[0])
	}
	for _, k := range constants(t, "attribute.go", "key") {
		if !slices.Contains(keys, k) {
			t.Errorf("attribute %s is not documented", k)
		}
	}
	for _, k := range constants(t, "operation.go", "kind") {
		if !slices.Contains(kinds, k) {
			t.Errorf("span %s is not documented", k)
		}
	}
	outcomes := constants(t, "operation.go", "outcome")
	for _, o := range outcomes {
		if !strings.Contains(Reference(), "`"+o+"`") {
			t.Errorf("outcome %s is not documented", o)
		}
	}
	if len(keys) < 25 || len(kinds) < 9 || len(outcomes) != 5 {
		t.Errorf("found %d keys, %d kinds and outcomes %v", len(keys), len(kinds), outcomes)
	}
}
