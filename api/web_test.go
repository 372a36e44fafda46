package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/config"
	"culvert/explain"
	"culvert/web"
)

// withPage is a client of a daemon with a page.
func withPage(t *testing.T, page string) *api.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "cvw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := api.Listen(filepath.Join(dir, "s"), "")
	if err != nil {
		t.Fatal(err)
	}
	s := api.NewServer(apitest.New(8), "test", api.WithPage(web.Handler()))
	a := config.API{Session: time.Minute}
	if page != "" {
		a.Web = netip.MustParseAddrPort(page)
	}
	if err := s.Permit(&a, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	c := api.NewClient(filepath.Join(dir, "s"))
	t.Cleanup(c.Close)
	return c
}

// A browser keeps cookies.
type browser struct {
	*testing.T
	http.Client
	base string
}

func newBrowser(t *testing.T, page string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, http.Client{Jar: jar}, u.Scheme + "://" + u.Host}
}

// ask sends a request; header are pairs of names and values.
func (b *browser) ask(method, path, body string, header ...string) (int, string) {
	b.Helper()
	if !strings.Contains(path, "://") {
		path = b.base + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
			for _, c := range b.Jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(b.base, "http://")}) {
				r.AddCookie(c) // as if the browser knew us by that name
			}
		}
	}
	answer, err := b.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestPageLetsInWhoHasTheToken(t *testing.T) {
	c := withPage(t, "127.0.0.1:0")
	w, err := c.Web(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, w.URL)
	if status, text := b.ask("GET", "/v1/status", ""); status != http.StatusUnauthorized || !strings.Contains(text, string(explain.ManageUnauthenticated)) {
		t.Errorf("without a session: %d %s", status, text)
	}
	if status, text := b.ask("GET", w.URL, ""); status != http.StatusOK || !strings.Contains(text, "<html") {
		t.Errorf("the page: %d %s", status, text)
	}
	var who api.Session
	status, text := b.ask("GET", "/v1/session", "")
	if err := json.Unmarshal([]byte(text), &who); err != nil || status != http.StatusOK || who.Role != api.Administer || !who.Page || !strings.HasSuffix(who.Name, " on the page") {
		t.Errorf("%d, %v, %+v", status, err, who)
	}
	if status, _ := newBrowser(t, w.URL).ask("GET", w.URL, ""); status != http.StatusUnauthorized {
		t.Errorf("the token was good twice: %d", status)
	}
	if status, _ := b.ask("POST", "/v1/web", ""); status != http.StatusForbidden {
		t.Errorf("a session has begun another one: %d", status)
	}
	if status, _ := b.ask("POST", "/v1/down", `{"connection":"office"}`); status != http.StatusNoContent {
		t.Errorf("down: %d", status)
	}
	if status, _ := b.ask("DELETE", "/v1/session", ""); status != http.StatusNoContent {
		t.Errorf("the end: %d", status)
	}
	if status, _ := b.ask("GET", "/v1/status", ""); status != http.StatusUnauthorized {
		t.Errorf("after the end: %d", status)
	}
	again, err := c.Web(t.Context())
	if err != nil || again.URL == w.URL || !strings.HasPrefix(again.URL, b.base) {
		t.Errorf("a second one: %v, %+v", err, again)
	}
}

// A name of the DNS that was pointed at this host, and pages of other sites, get nothing.
func TestPageIsForItsOwnNameAndOrigin(t *testing.T) {
	c := withPage(t, "127.0.0.1:0")
	w, err := c.Web(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t, w.URL)
	b.ask("GET", w.URL, "")
	for _, tt := range []struct {
		name, header, value string
		want                int
	}{
		{"itself", "Origin", b.base, http.StatusNoContent},
		{"of the same origin", "Sec-Fetch-Site", "same-origin", http.StatusNoContent},
		{"localhost", "Host", "localhost:4580", http.StatusNoContent},
		{"below localhost", "Host", "culvert.localhost", http.StatusNoContent},
		{"IPv6", "Host", "[::1]:4580", http.StatusNoContent},
		{"rebound name", "Host", "evil.example:4580", http.StatusMisdirectedRequest},
		{"other address", "Host", "192.0.2.1:4580", http.StatusMisdirectedRequest},
		{"another origin", "Origin", "http://evil.example", http.StatusForbidden},
		{"another port", "Origin", "http://127.0.0.1:1", http.StatusForbidden},
		{"another site", "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
	} {
		if got, text := b.ask("POST", "/v1/down", `{"connection":"office"}`, tt.header, tt.value); got != tt.want {
			t.Errorf("%s: %d %s", tt.name, got, text)
		}
	}
	if got, _ := b.ask("GET", "/v1/status", "", "Host", "evil.example"); got != http.StatusMisdirectedRequest {
		t.Errorf("a question by a rebound name: %d", got)
	}
}

func TestCookieOfTheSessionStaysWithTheBrowser(t *testing.T) {
	w, err := withPage(t, "127.0.0.1:0").Web(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	direct := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := direct.Get(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	set := answer.Header.Get("Set-Cookie")
	for _, part := range []string{"culvert-session=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, part) {
			t.Errorf("%q is not in %q", part, set)
		}
	}
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/" || answer.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("got %s, %v", answer.Status, answer.Header)
	}
}

func TestPageThatIsOffIsExplained(t *testing.T) {
	_, err := withPage(t, "").Web(t.Context())
	if p := problem(t, err); p.Code != explain.ManageUnsupported || !strings.Contains(p.Action, "api.web") {
		t.Errorf("got %v", p)
	}
}

func TestUnixSocketHasThePageToo(t *testing.T) {
	page := request("GET", "/", "") // of a server without one
	if page.Code != http.StatusNotFound {
		t.Errorf("without a page: %d", page.Code)
	}
}
