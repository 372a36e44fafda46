package enroll

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An authority that misbehaves in a way of its choice: it answers each path with a page.
type authority map[string]any

func (a authority) serve(t *testing.T) string {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", "AAAA")
		w.Header().Set("Location", s.URL+"/account")
		page, ok := a[r.URL.Path]
		if r.URL.Path == "/" {
			page, ok = map[string]string{"newNonce": s.URL + "/nonce", "newAccount": s.URL + "/account", "newOrder": s.URL + "/order"}, true
		}
		if !ok {
			http.Error(w, `{"type":"urn:ietf:params:acme:error:malformed","detail":"no"}`, http.StatusBadRequest)
			return
		}
		if r.URL.Path == "/account" || r.URL.Path == "/order" {
			w.WriteHeader(http.StatusCreated)
		}
		text, _ := json.Marshal(page)
		_, _ = w.Write([]byte(strings.ReplaceAll(string(text), "HERE", s.URL)))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}

func TestAuthoritiesThatDoNotHelp(t *testing.T) {
	order := map[string]any{"status": "pending", "authorizations": []string{"HERE/authz"}, "finalize": "HERE/finalize"}
	challenge := map[string]any{"type": "dns-01", "url": "HERE/challenge", "token": "abc"}
	account, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		authority authority
		want      string
	}{
		"no account":      {authority{"/nonce": nil}, "account at"},
		"no order":        {authority{"/nonce": nil, "/account": map[string]string{"status": "valid"}}, "order"},
		"other challenge": {authority{"/nonce": nil, "/account": map[string]string{"status": "valid"}, "/order": order, "/authz": map[string]any{"status": "pending", "identifier": map[string]string{"type": "dns", "value": "vpn.example.org"}, "challenges": []any{challenge}}}, "does not offer the challenge http"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := Obtain(ctx, Config{Directory: c.authority.serve(t), Names: []string{"vpn.example.org"}, Challenge: HTTP, Listen: "127.0.0.1:0", Account: account})
		cancel()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Obtain(t.Context(), Config{}); err == nil {
		t.Error("a certificate without a name")
	}
}

func TestTrusting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if _, err := Trusting(file); err == nil {
		t.Error("a file that is not there is trusted")
	}
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Trusting(file); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("got %v", err)
	}
}
