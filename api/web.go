package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"culvert/explain"
)

const (
	cookieName  = "culvert-session"
	entrance    = "/login" // where a token begins a session
	tokenMember = "token"
)

// Web is where a page can be opened, once.
type Web struct {
	URL     string    `json:"url" doc:"Address with a token that is good for one session"`
	Expires time.Time `json:"expires" doc:"Until when the token can be used"`
}

// Session tells callers who they are.
type Session struct {
	Name string `json:"name" doc:"How the log calls the caller"`
	Role Role   `json:"role" enum:"read,operate,administer"`
	Page bool   `json:"page" doc:"It is a session of the web page"`
}

// registerWeb connects the operations on the page and its sessions.
func (s *Server) registerWeb(api huma.API) {
	serve(api, operation(api, http.MethodPost, "web", Read, "Open the web page on loopback for somebody with the caller's role"),
		func(ctx context.Context, _ *struct{}) (Web, error) { return s.openPage(CallerOf(ctx)) })
	serve(api, operation(api, http.MethodGet, "session", Read, "Who the caller is, and what the caller may do"), func(ctx context.Context, _ *struct{}) (Session, error) {
		c := CallerOf(ctx)
		return Session{c.Name, c.Role, c.page}, nil
	})
	do(api, operation(api, http.MethodDelete, "session", Read, "End the caller's session of the web page"), func(_ context.Context, in *sessionInput) error {
		s.sessions.end(in.Cookie)
		return nil
	})
}

type sessionInput struct {
	Cookie string `cookie:"culvert-session" maxLength:"128" doc:"The session; missing: nothing happens"`
}

// A pageListener is where browsers of this host find the page. It is opened when it is first asked for.
type pageListener struct {
	mu      sync.Mutex
	address string // once it is open
	closed  bool
}

// close has the page not be opened any more.
func (p *pageListener) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// openPage gives out an address of the page.
func (s *Server) openPage(c Caller) (Web, error) {
	if c.page {
		return Web{}, NewProblem(http.StatusForbidden, explain.ManageForbidden, "run `culvert web` for another browser", "a session of the page cannot begin another one")
	}
	configured := s.access.Load().config.Web
	if !configured.IsValid() {
		return Web{}, NewProblem(http.StatusConflict, explain.ManageUnsupported, "set api.web to a loopback address, or use the page on the Unix socket", "the page is off on loopback")
	}
	host, err := s.page.open(s, configured)
	if err != nil {
		return Web{}, NewProblem(http.StatusConflict, explain.ManageSocket, "set api.web to another address", "web page on %s: %v", configured, err)
	}
	token, expires := s.sessions.issue(c)
	u := url.URL{Scheme: "http", Host: host, Path: entrance, RawQuery: url.Values{tokenMember: {token}}.Encode()}
	return Web{u.String(), expires}, nil
}

// open listens unless it does already, and returns the address.
func (p *pageListener) open(s *Server, configured netip.AddrPort) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.address != "" {
		return p.address, nil
	}
	if p.closed {
		return "", errors.New("the daemon is ending")
	}
	l, err := net.Listen("tcp", configured.String())
	if err != nil {
		return "", err
	}
	p.address = l.Addr().String()
	server := s.server(s.guarded(s.fromCookie, loopbackName), slog.LevelError)
	server.ConnContext = fromBrowser
	s.serving.Go(func() { _ = s.run(s.ended, server, boundPage(l)) }) // it ends with the server
	return p.address, nil
}

type browserKey struct{}

// fromBrowser notes whose browser is at the other end of a connection.
func fromBrowser(ctx context.Context, c net.Conn) context.Context {
	if b, ok := c.(*boundConn); ok {
		return context.WithValue(ctx, browserKey{}, b.who)
	}
	return ctx
}

// browserOf tells whose browser has sent a request.
func browserOf(r *http.Request) string {
	who, _ := r.Context().Value(browserKey{}).(string)
	return who
}

// fromCookie is the caller who has begun the session that a browser shows.
func (s *Server) fromCookie(r *http.Request) Caller {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return Caller{}
	}
	return s.sessions.caller(cookie.Value, browserOf(r))
}

// login begins a session with a token. The browser keeps the session in a cookie that scripts and other sites cannot use.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	cookie, ok := s.sessions.begin(r.URL.Query().Get(tokenMember), browserOf(r))
	if !ok {
		writeProblem(w, NewProblem(http.StatusUnauthorized, explain.ManageUnauthenticated, "", "the token was used already, or is too old"))
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// loopbackName reports whether a request names this host as nobody else can: not a name of the DNS that somebody has pointed
// at us, so that a script of theirs would be taken for one of ours.
func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// socketName is loopbackName for the Unix socket, whose clients make up a name without a dot.
func socketName(host string) bool {
	return loopbackName(host) || !strings.ContainsAny(host, ".:") || strings.HasPrefix(host, "culvert:")
}
