package web_test

import (
	"context"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"culvert/api"
)

// screenshots names a folder to which pictures of the page go, for docs/web.md.
const screenshots = "CULVERT_SCREENSHOTS"

// TestPage installs what the page is built of, and holds the sources to it.
func TestPage(t *testing.T) {
	for _, tool := range []string{"node", "npm", "chromium"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: interop/install-peers.sh installs it", err)
		}
	}
	node(t, "npm", "ci", "--prefer-offline", "--no-progress")
	t.Run("is built of its sources", isBuiltOfItsSources)
	t.Run("has right types", func(t *testing.T) { node(t, "npm", "run", "check") })
	t.Run("computes rightly", func(t *testing.T) { node(t, "npm", "test") })
	t.Run("in Chromium", inChromium)
}

// isBuiltOfItsSources builds the page anew: not a byte differs from what is in the repository.
func isBuiltOfItsSources(t *testing.T) {
	out := t.TempDir()
	node(t, "node", "build.mjs", "--out", out)
	if diff, err := exec.Command("diff", "-r", out, filepath.Join(source(t), "dist")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func inChromium(t *testing.T) {
	node(t, "node", "build.mjs", "--browser")
	few, site := newSample(12, hostile), newSite(t)
	daemon := newStage(t, few, api.Operate)
	all := sampleLevers(few, daemon)
	maps.Copy(all, site.levers())
	control := httptest.NewServer(all)
	defer control.Close()
	browse(t, map[string]any{
		"sample":      daemon.url(),
		"reader":      newStage(t, few, api.Read).url(),
		"stranger":    newStage(t, few, api.Nobody).url(),
		"crowd":       newStage(t, newSample(5000, hostile), api.Operate).url(),
		"branches":    newStage(t, newCompany(5000), api.Operate).url(),
		"levers":      control.URL,
		"pictures":    newStage(t, newSample(12, "lena@example.org"), api.Operate).url(),
		"screenshots": os.Getenv(screenshots),
	})
	if dir := os.Getenv(screenshots); dir != "" {
		shrink(t, dir)
	}
}

// sampleLevers are what the browser's tests do to the sample.
func sampleLevers(few *sample, daemon *stage) levers {
	do := func(f func()) func(context.Context) (any, error) {
		return func(context.Context) (any, error) { f(); return nil, nil }
	}
	return levers{
		"stop":   do(daemon.close),
		"start":  do(daemon.open),
		"calls":  func(context.Context) (any, error) { return few.Calls(), nil },
		"refuse": do(func() { few.refuses.Store(true) }),
		"permit": do(func() { few.refuses.Store(false) }),
		"log":    do(func() { few.Log().Publish(api.LogEntry{Level: "INFO", Time: time.Now(), Text: "a new line"}) }),
	}
}
