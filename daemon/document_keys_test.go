package daemon

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Whichever package writes a line to the daemon's log, its keys are on the page.
func TestKeysOfAllPackagesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/logging.md")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(text), "\n## Events")
	var documented []string
	for _, m := range regexp.MustCompile("`([a-z_]+)`|\n\\| ([a-z]+) \\|").FindAllStringSubmatch(table, -1) {
		documented = append(documented, m[1], m[2])
	}
	found := 0
	err = fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "interop/") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../"+name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, key := range keysOfCall(n) {
				if found++; !slices.Contains(documented, key) {
					t.Errorf("%s logs the key %q, which is not in docs/logging.md", name, key)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || found < 30 {
		t.Errorf("%d keys were found, %v", found, err)
	}
}

// keysOfCall returns the keys in a call of a logger, or of a function of slog that makes an attribute.
func keysOfCall(n ast.Node) (keys []string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	first, step := -1, 2
	switch {
	case slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, f.Sel.Name) && slices.Contains([]string{"log", "logger", "Log"}, lastName(f.X)):
		first = 1 // message, key, value, ...
	case slices.Contains([]string{"String", "Int", "Uint64", "Bool", "Duration", "Any"}, f.Sel.Name) && lastName(f.X) == "slog":
		first, step = 0, len(call.Args)
	}
	for i := first; first >= 0 && i < len(call.Args); i += step {
		if l, ok := call.Args[i].(*ast.BasicLit); ok && l.Kind == token.STRING {
			if key, err := strconv.Unquote(l.Value); err == nil {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// lastName is the last name of a selector: log of c.server.log.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
