package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFetch(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /doc", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "document") })
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("Content-Type")+" ")
		io.Copy(w, r.Body)
	})
	mux.Handle("/once", http.RedirectHandler("/doc", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, (16<<20)+1)) })
	mux.HandleFunc("/largest", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, (16 << 20))) })
	server := httptest.NewServer(mux)
	defer server.Close()
	fetcher := New(RevocationRules())
	for _, tt := range []struct {
		path, body string
		want, err  string
	}{
		{"/doc", "", "document", ""},
		{"/echo", "question", "application/ocsp-request question", ""},
		{"/once", "", "document", ""},
		{"/loop", "", "", "too many redirections"},
		{"/file", "", "", "redirected to file"},
		{"/missing", "", "", "404 Not Found"},
		{"/large", "", "", "more than"},
		{"/largest", "", string(make([]byte, (16 << 20))), ""},
	} {
		var body []byte
		contentType := ""
		if tt.body != "" {
			body, contentType = []byte(tt.body), "application/ocsp-request"
		}
		got, err := fetcher.Fetch(context.Background(), server.URL+tt.path, body, contentType)
		if !bytes.Equal(got, []byte(tt.want)) || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %d octets, %v", tt.path, len(got), err)
		}
	}
}

func TestSchemes(t *testing.T) {
	for _, url := range []string{"file:///etc/passwd", "ldap://x/y", "ftp://x/y", "", "http://\x00/"} {
		if _, err := New(RevocationRules()).Fetch(context.Background(), url, nil, ""); err == nil {
			t.Errorf("%q was fetched", url)
		}
	}
}

// TestGivesUp: a server that accepts and says nothing.
func TestGivesUp(t *testing.T) {
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := New(RevocationRules()).Fetch(ctx, server.URL, nil, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestStrictRules: neither redirections nor https, and short documents.
func TestStrictRules(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/doc", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "document") })
	mux.Handle("/once", http.RedirectHandler("/doc", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]string{"/doc": "", "/once": "too many redirections"} {
		_, err := New(Rules{Octets: 8}).Fetch(t.Context(), server.URL+path, nil, "")
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := New(Rules{Octets: 7}).Fetch(t.Context(), server.URL+"/doc", nil, ""); err == nil {
		t.Error("a document that is too long")
	}
	if _, err := New(Rules{Octets: 8}).Fetch(t.Context(), "https://127.0.0.1/doc", nil, ""); err == nil {
		t.Error("https")
	}
}
