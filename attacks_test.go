package culvert_test

import (
	"bytes"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var testName = regexp.MustCompile("`([a-z][a-z0-9]*)\\.((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)`")

// Every test that the page about attacks names is there, and every row names one.
func TestAttacksNameTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("docs/attacks.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	for _, src := range sources(t, token.NewFileSet()) {
		if !strings.HasSuffix(src.path, "_test.go") {
			continue
		}
		for name := range src.file.Scope.Objects {
			declared[filepath.Base(src.dir)+"."+name] = true
		}
	}
	for _, line := range bytes.Split(page, []byte("\n")) {
		named := testName.FindAllSubmatch(line, -1)
		row := bytes.HasPrefix(line, []byte("| ")) && !bytes.HasPrefix(line, []byte("| input |"))
		if row && len(named) == 0 {
			t.Errorf("no test for: %s", line)
		}
		for _, m := range named {
			if name := string(m[1]) + "." + string(m[2]); !declared[name] {
				t.Errorf("%s is not there", name)
			}
		}
	}
}
