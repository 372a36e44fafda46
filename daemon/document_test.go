package daemon

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"culvert/esp"
	"culvert/ike"
	"culvert/netio"
)

// sections reads docs/logging.md: the words in backquotes by the heading, or the beginning of the paragraph, above them.
func sections(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/logging.md")
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile("`([^`]+)`")
	all := map[string][]string{}
	at := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			at = strings.TrimPrefix(line, "## ")
		case strings.HasPrefix(line, "The reasons of"), strings.HasPrefix(line, "The names of"), strings.HasPrefix(line, "The keys of"):
			at, line, _ = strings.Cut(line, ":")
		}
		cell, _, table := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if table {
			line = cell // the first column
		}
		for _, m := range word.FindAllStringSubmatch(line, -1) {
			all[at] = append(all[at], m[1])
		}
	}
	return all
}

func hold(t *testing.T, what string, documented, used []string) {
	t.Helper()
	if len(used) == 0 {
		t.Errorf("%s: none found in the code", what)
	}
	for _, w := range used {
		if !slices.Contains(documented, w) {
			t.Errorf("%s: %q is not in docs/logging.md", what, w)
		}
	}
	for _, w := range documented {
		if !slices.Contains(used, w) {
			t.Errorf("%s: %q of docs/logging.md is not in the code", what, w)
		}
	}
}

// Every name that scripts may rely on is documented, and none that is not there.
func TestLoggingIsDocumented(t *testing.T) {
	doc := sections(t)
	hold(t, "keys", until(doc["The keys of lines"], "daemon.key_log"), logKeys(t))
	hold(t, "events", until(doc["Events"], ""), eventKinds(t))

	var drops, reasons, names []string
	for d := 1; d < esp.NumDrops; d++ {
		drops = append(drops, esp.Drop(d).String())
	}
	hold(t, "reasons of ESP", doc["The reasons of `esp_dropped_`"], drops)
	var stats ike.Stats
	for name := range stats.All {
		if reason, ok := strings.CutPrefix(name, "ike_dropped_"); ok {
			reasons = append(reasons, reason)
		}
	}
	hold(t, "reasons of IKE", doc["The reasons of `ike_dropped_`"], append(reasons, "overflow"))
	var counts netio.Counts
	for r := range counts.All() {
		names = append(names, r.String())
	}
	hold(t, "names of sockets", doc["The names of `net_`"], names)
}

// until leaves out commands, options and paths, and ends before a word.
func until(list []string, end string) (out []string) {
	for _, w := range list {
		if w == end {
			break
		}
		if !strings.ContainsAny(w, " ./") {
			out = append(out, w)
		}
	}
	return out
}

// logKeys finds the keys of log lines in the code of this package.
func logKeys(t *testing.T) []string {
	t.Helper()
	keys := map[string]bool{}
	literal := func(e ast.Expr) (string, bool) {
		l, ok := e.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	inspect(t, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return
			}
			switch f.Sel.Name {
			case "Debug", "Info", "Warn", "Error": // message, key, value, ...
				for i := 1; i < len(n.Args); i += 2 {
					if key, ok := literal(n.Args[i]); ok {
						keys[key] = true
					}
				}
			case "String": // slog.String
				if len(n.Args) != 2 {
					return
				}
				if key, ok := literal(n.Args[0]); ok {
					keys[key] = true
				}
			}
		case *ast.CompositeLit: // the table in logEvent
			if len(n.Elts) != 2 || n.Type != nil {
				return
			}
			shown := n.Elts[1]
			if call, made := shown.(*ast.CallExpr); made && len(call.Args) == 1 {
				shown = call.Args[0]
			}
			value, ok := shown.(*ast.SelectorExpr)
			if key, isKey := literal(n.Elts[0]); ok && isKey && nameOf(value.X) == "ev" {
				keys[key] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(keys))
}

func nameOf(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// inspect walks over the code of the package.
func inspect(t *testing.T, see func(ast.Node)) {
	t.Helper()
	entries, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range entries {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			see(n)
			return true
		})
	}
}

// eventKinds are the constants of package api.
func eventKinds(t *testing.T) (kinds []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../api/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && nameOf(spec.Type) == "EventKind" {
			kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, kind)
		}
		return true
	})
	return kinds
}
