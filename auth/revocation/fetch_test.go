package revocation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
)

func TestHTTPFetcher(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /doc", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "document") })
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("Content-Type")+" ")
		io.Copy(w, r.Body)
	})
	mux.Handle("/once", http.RedirectHandler("/doc", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxOctets+1)) })
	mux.HandleFunc("/largest", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxOctets)) })
	server := httptest.NewServer(mux)
	defer server.Close()
	fetcher := NewHTTPFetcher()
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
		{"/largest", "", string(make([]byte, maxOctets)), ""},
	} {
		var body []byte
		contentType := ""
		if tt.body != "" {
			body, contentType = []byte(tt.body), contentTypeRequest
		}
		got, err := fetcher.Fetch(context.Background(), server.URL+tt.path, body, contentType)
		if !bytes.Equal(got, []byte(tt.want)) || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %d octets, %v", tt.path, len(got), err)
		}
	}
}

func TestHTTPFetcherSchemes(t *testing.T) {
	for _, url := range []string{"file:///etc/passwd", "ldap://x/y", "ftp://x/y", "", "http://\x00/"} {
		if _, err := NewHTTPFetcher().Fetch(context.Background(), url, nil, ""); err == nil {
			t.Errorf("%q was fetched", url)
		}
	}
}

// TestHTTPFetcherGivesUp: a server that accepts and says nothing.
func TestHTTPFetcherGivesUp(t *testing.T) {
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
	if _, err := NewHTTPFetcher().Fetch(ctx, server.URL, nil, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestOverHTTP asks real servers, from the address in the certificate to the verdict.
func TestOverHTTP(t *testing.T) {
	s := newScene(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /root.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write(s.list(t, s.leaf).Raw) })
	mux.HandleFunc("POST /ocsp", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		req, err := ocsp.ParseRequest(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		der, _ := ocsp.CreateResponse(s.root.Cert, s.root.Cert, ocsp.Response{Status: ocsp.Revoked, SerialNumber: req.SerialNumber,
			ThisUpdate: pkitest.Now(), RevokedAt: pkitest.Now()}, s.root.Key)
		w.Write(der)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, set := range map[string]func(){
		"list": func() { s.leaf.CRLDistributionPoints = []string{server.URL + "/none", server.URL + "/root.crl"} },
		"OCSP": func() { s.leaf.OCSPServer = []string{server.URL + "/ocsp"} },
	} {
		s.leaf.CRLDistributionPoints, s.leaf.OCSPServer = nil, nil
		set()
		unknown, err := NewChecker(NewHTTPFetcher(), Options{}).Check(context.Background(), IfAvailable, s.path(), Shown{}, pkitest.Now())
		if verdict(unknown, err) != "revoked" {
			t.Errorf("%s: %v, %v", name, unknown, err)
		}
	}
}
