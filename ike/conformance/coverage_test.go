package conformance

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An item is one test of the programme.
type item struct {
	id, part, title, state string
	group, subgroup        string
	node, number           string // "EN" and "I.1.1.1.1" of "IKEv2.EN.I.1.1.1.1"
	pkg, test              string // what covers it; the package is empty if it is this one
	reason                 string // why nothing does
}

func (i *item) active() bool  { return i.state == "active" }
func (i *item) covered() bool { return i.test != "" }

// table reads lines of fields, without comments.
func table(t *testing.T, file string, fields int) [][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(b)) {
		row := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(row) != fields {
			t.Fatalf("%s: %d fields in %q", file, len(row), line)
		}
		rows = append(rows, row)
	}
	return rows
}

// items returns all items with what covers them. Every item has to be spoken for once, and every line has to be about one.
func items(t *testing.T) []*item {
	t.Helper()
	var list []*item
	for _, row := range table(t, "items.tsv", 6)[1:] {
		id := strings.TrimPrefix(row[0], "IKEv2.")
		node, number, _ := strings.Cut(id, ".")
		list = append(list, &item{id: row[0], part: row[1], title: strings.TrimSpace(row[2]), state: row[3], group: row[4], subgroup: row[5],
			node: node, number: number})
	}
	for _, row := range table(t, "coverage.tsv", 4) {
		used := false
		for _, i := range list {
			if i.number == row[1] && i.part == row[2] && (row[0] == "*" || row[0] == i.node) {
				i.assign(t, row[3])
				used = true
			}
		}
		if !used {
			t.Errorf("coverage.tsv: there is no item %s %s %s", row[0], row[1], row[2])
		}
	}
	for _, i := range list {
		if i.test == "" && i.reason == "" {
			t.Errorf("coverage.tsv says nothing about %s %s", i.id, i.part)
		}
	}
	return list
}

func (i *item) assign(t *testing.T, by string) {
	t.Helper()
	if i.test != "" || i.reason != "" {
		t.Errorf("coverage.tsv: %s %s is there twice", i.id, i.part)
	}
	if reason, ok := strings.CutPrefix(by, "! "); ok {
		i.reason = reason
		return
	}
	i.test = strings.ReplaceAll(strings.ReplaceAll(by, "{node}", i.node), " ", "_")
	if pkg, name, ok := strings.Cut(i.test, "."); ok && !strings.HasPrefix(i.test, "Test") {
		i.pkg, i.test = pkg, name
	}
}

// wantCovered is the part of the active items that have to be covered.
const wantCovered = 0.9

func TestActiveItemsAreCovered(t *testing.T) {
	active, covered := 0, 0
	for _, i := range items(t) {
		if i.active() {
			active++
			if i.covered() {
				covered++
			}
		}
	}
	if active == 0 || float64(covered) < wantCovered*float64(active) {
		t.Errorf("%d of %d active items are covered", covered, active)
	}
}

var passed = regexp.MustCompile(`(?m)^\s*--- PASS: (\S+) `)

// Every test that is named exists and passes: those of this package are run, those of others are looked up.
func TestNamedTestsExist(t *testing.T) {
	list := items(t)
	var names []string
	for _, i := range list {
		if name, _, _ := strings.Cut(i.test, "/"); i.covered() && i.pkg == "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", "^("+strings.Join(names, "|")+")$").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ran := map[string]bool{}
	for _, m := range passed.FindAllSubmatch(out, -1) {
		ran[string(m[1])] = true
	}
	for _, i := range list {
		switch {
		case !i.covered():
		case i.pkg == "" && !ran[i.test]:
			t.Errorf("%s %s is said to be covered by %s, which does not exist", i.id, i.part, i.test)
		case i.pkg != "" && !declares(t, i.pkg, i.test):
			t.Errorf("%s %s is said to be covered by %s of package %s, which does not exist", i.id, i.part, i.test, i.pkg)
		}
	}
}

// declares tells whether a package of the module has a test function.
func declares(t *testing.T, pkg, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(src, []byte("func "+name+"(")) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == name {
				return true
			}
		}
	}
	return false
}
