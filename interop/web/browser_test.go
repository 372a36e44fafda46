// Package web_test shows the page in Chromium: of a daemon with a real tunnel, and of samples with what is hard to have.
package web_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A verdict is what the browser's tests say of one of them.
type verdict struct {
	Name    string  `json:"name"`
	Error   string  `json:"error"`
	Seconds float64 `json:"seconds"`
}

// browse runs the tests of web/browser in Chromium. What they need to know is given to them as JSON.
func browse(t *testing.T, scene map[string]any) {
	t.Helper()
	config, err := json.Marshal(scene)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", ".browser/main.mjs")
	cmd.Dir, cmd.Env = source(t), append(os.Environ(), "CULVERT_SCENE="+string(config))
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	count := 0
	for lines := bufio.NewScanner(out); lines.Scan(); count++ {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Errorf("%v: %s", err, lines.Text())
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Logf("%.1f s in Chromium", v.Seconds)
			if v.Error != "" {
				t.Error(v.Error)
			}
		})
	}
	if err := cmd.Wait(); err != nil || count == 0 {
		t.Errorf("%d tests, %v\n%s", count, err, errors.String())
	}
}

// source is the folder of the page's sources.
func source(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../../web")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// node runs a command in the folder of the page's sources.
func node(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = source(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}
