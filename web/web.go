// Package web is the page that shows a daemon in a browser. It is static: what it shows it asks of the management
// interface, which is served below the same address.
//
// The page is written in TypeScript in src, and built into dist, which is part of the repository, so that neither a build
// nor a user of this package needs node. `npm ci && npm run build` in this folder builds it anew.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed dist/index.html dist/assets
var dist embed.FS

// policy is what the page may do: talk to the server that it came from, and nothing else. Scripts and styles are files of
// it, and no string ever becomes markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// A file is one that is served.
type file struct {
	name string
	body []byte
	etag string
}

// Handler serves the page at "/" and its files below "/assets/"; there is nothing else. It holds no secrets: whether
// somebody may see a daemon is decided where the page asks for it.
func Handler() http.Handler {
	files := map[string]file{}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		files[address(name)] = file{name, body, `"` + hex.EncodeToString(sum[:12]) + `"`}
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the binary
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, files) })
}

// address returns where a file is served: "dist/index.html" is the root.
func address(name string) string {
	if name == "dist/index.html" {
		return "/"
	}
	return name[len("dist"):]
}

func serve(w http.ResponseWriter, r *http.Request, files map[string]file) {
	f, ok := files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the page can only be read", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache") // it is asked for again each time, and sent when another daemon has another page
	h.Set("ETag", f.etag)
	http.ServeContent(w, r, path.Base(f.name), time.Time{}, bytes.NewReader(f.body))
}
