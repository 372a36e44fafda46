package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThereIsAPageForEachCommand(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "man")
	if err := write(folder); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"culvert", "culvert-up", "culvert-status", "culvert-check", "culvert-daemon", "culvert-explain"} {
		page, err := os.ReadFile(filepath.Join(folder, name+".8"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(page), `.TH "CULVERT" "8"`) || !strings.Contains(string(page), ".SH SYNOPSIS") {
			t.Errorf("%s: got\n%s", name, page)
		}
	}
}
