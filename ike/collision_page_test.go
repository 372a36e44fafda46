package ike

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every collision case has its test on the page about children, and every test that the page names is there.
func TestPageAboutChildrenNamesTheTests(t *testing.T) {
	page, err := os.ReadFile("../docs/children.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, dir := range []string{".", "../supervisor", "../interop/kernel"} {
		files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
				tests[m[1]] = true
				if strings.HasPrefix(m[1], "TestCollision") && !strings.Contains(string(page), "`"+m[1]+"`") {
					t.Errorf("docs/children.md lacks %s", m[1])
				}
			}
		}
	}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(page), -1) {
		if !tests[m[1]] {
			t.Errorf("docs/children.md names %s, which is not there", m[1])
		}
	}
}
