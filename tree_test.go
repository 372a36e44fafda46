// Package culvert_test holds the tree to its own rules: packages say what they are, dependencies point downwards, files and
// functions stay small, and the documents' links lead somewhere.
package culvert_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// levels are the packages from the ground up. A package imports only from lower levels, or what allowed names.
var levels = [][]string{
	{"secret", "prefetch", "allowance", "internal"},
	{"aesgcm", "checksum", "explain", "legible", "web"},
	{"wire", "spd", "eap", "proxy"},
	{"suite", "users", "radius"},
	{"esp", "auth", "lease", "keystore"},
	{"dataplane"},
	{"ike", "netio", "keylog", "dataplane/fake"},
	{"dataplane/user", "dataplane/xfrm", "supervisor", "config", "hook"},
	{"bugreport", "sim", "api", "pki", "swanctl", "dataplane/netstack", "probe"},
	{"metrics", "trace", "telemetry", "vici"},
	{"capture"},
	{"daemon", "doctor", "selftest", "trial"},
	{"demo", "tunnel"},
	{"cmd"},
	{"interop", "tools"},
}

// pure packages touch no socket, clock, file, goroutine or logger.
var pure = []string{"allowance", "aesgcm", "prefetch", "checksum", "legible", "wire", "suite", "spd", "esp", "ike", "trace"}

// impure standard packages that no pure package imports.
var impure = []string{"net", "os", "log", "log/slog", "net/http", "syscall", "os/exec"}

func levelOf(pkg string) int {
	return slices.IndexFunc(levels, func(l []string) bool {
		return slices.ContainsFunc(l, func(name string) bool { return name == pkg })
	})
}

// home returns the listed package that a folder belongs to: itself or its nearest listed parent.
func home(dir string) string {
	for dir != "." && levelOf(dir) < 0 {
		dir = filepath.Dir(dir)
	}
	return dir
}

type source struct {
	path, dir string
	file      *ast.File
	lines     int
}

func sources(t *testing.T, fset *token.FileSet) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{path, filepath.Dir(path), f, fset.File(f.Pos()).LineCount()})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDependenciesPointDownwards(t *testing.T) {
	for _, src := range sources(t, token.NewFileSet()) {
		if strings.HasSuffix(src.path, "_test.go") {
			continue
		}
		from := home(src.dir)
		if from == "." {
			t.Errorf("%s: its folder has no level in this test", src.path)
			continue
		}
		for _, imp := range src.file.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			name, ours := strings.CutPrefix(path, "culvert/")
			if to := home(name); ours && to != from && levelOf(to) >= levelOf(from) {
				t.Errorf("%s imports %s, which is not below it", src.path, path)
			}
			if slices.Contains(pure, from) && slices.Contains(impure, path) {
				t.Errorf("%s is pure and imports %s", src.path, path)
			}
		}
	}
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	documented := map[string]bool{}
	for _, src := range sources(t, token.NewFileSet()) {
		if strings.HasSuffix(src.path, "_test.go") {
			continue
		}
		want := "Package " + src.file.Name.Name + " "
		if src.file.Name.Name == "main" {
			want = "Command "
		}
		ok := src.file.Doc != nil && strings.HasPrefix(src.file.Doc.Text(), want)
		documented[src.dir] = documented[src.dir] || ok
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package sentence", dir)
		}
	}
}

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	const maxFile, maxFunc = 400, 80
	fset := token.NewFileSet()
	for _, src := range sources(t, fset) {
		if src.lines > maxFile {
			t.Errorf("%s has %d lines; split it by concept", src.path, src.lines)
		}
		for _, d := range src.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > maxFunc && !flat(f) {
				t.Errorf("%s: %s has %d lines", src.path, f.Name.Name, n)
			}
		}
	}
}

// flat tells whether a function is one flat switch or one table.
func flat(f *ast.FuncDecl) bool {
	if len(f.Body.List) == 0 {
		return true
	}
	switch f.Body.List[0].(type) {
	case *ast.SwitchStmt:
		return len(f.Body.List) <= 2
	case *ast.ReturnStmt:
		return true
	}
	return false
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)`)

func TestLinksLeadSomewhere(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, more...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}
