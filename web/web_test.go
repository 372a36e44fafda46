package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func get(t *testing.T, method, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestFilesAreServed(t *testing.T) {
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/assets/app.js": "text/javascript; charset=utf-8", "/assets/theme.js": "text/javascript; charset=utf-8",
		"/assets/style.css": "text/css; charset=utf-8", "/assets/icon.svg": "image/svg+xml",
	} {
		res := get(t, "GET", path)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != kind {
			t.Errorf("%s: got %d %q, want %q", path, res.StatusCode, res.Header.Get("Content-Type"), kind)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, path := range []string{"/assets", "/assets/", "/index.html", "/dist/index.html", "/sources.sha256", "/assets/../web.go", "/v1/status"} {
		if res := get(t, "GET", path); res.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", path, res.StatusCode)
		}
	}
	if res := get(t, "POST", "/"); res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
}

func TestUnchangedFilesAreNotSentAgain(t *testing.T) {
	tag := get(t, "GET", "/assets/app.js").Header.Get("ETag")
	if res := get(t, "GET", "/assets/app.js", "If-None-Match", tag); res.StatusCode != 304 {
		t.Errorf("got %d, want 304", res.StatusCode)
	}
}

func TestPageMayOnlyTalkToItsServer(t *testing.T) {
	csp := get(t, "GET", "/").Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "frame-ancestors 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy %q lacks %q", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is %q", csp)
	}
}

// A script or a style inside of the page would be refused by its policy, and an address elsewhere as well.
func TestPageIsWhole(t *testing.T) {
	page, err := os.ReadFile("dist/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		if res := get(t, "GET", m[1]); res.StatusCode != 200 {
			t.Errorf("the page names %s: %d", m[1], res.StatusCode)
		}
	}
	if regexp.MustCompile(`<style|style=|<script>| on[a-z]+=`).Match(page) {
		t.Error("the page has a script or a style in it")
	}
}

// dist is made of src by `npm run build`. Whoever changes src and forgets that is told here.
func TestPageIsBuiltOfItsSources(t *testing.T) {
	built, err := os.ReadFile("dist/sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got := hash(t, "."); got+"\n" != string(built) {
		t.Errorf("dist was built of other sources; run `npm ci && npm run build` in web")
	}
}

// hash does what build.mjs does.
func hash(t *testing.T, dir string) string {
	t.Helper()
	names := []string{}
	err := filepath.WalkDir(filepath.Join(dir, "src"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(name, ".test.ts") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	names = append([]string{"build.mjs", "index.html", "package-lock.json", "package.json", "tsconfig.json"}, names...)
	sum := sha256.New()
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		one := sha256.Sum256(body)
		fmt.Fprintf(sum, "%s\n%s", name, one[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
