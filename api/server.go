package api

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"culvert/config"
	"culvert/explain"
)

// Server answers requests with a Control.
type Server struct {
	control   Control
	handler   http.Handler
	journal   *slog.Logger
	files     http.Handler  // of the web page; nil: there is none
	heartbeat time.Duration // between signs of life in a stream
	access    atomic.Pointer[access]
	sessions  *sessions
	page      pageListener
	streams   *counter
	captures  sync.Map // context.CancelFunc of those under way, by name
	life      string   // tells the streams of this server from those of others
	ended     context.Context
	end       context.CancelFunc
	serving   sync.WaitGroup

	mu     sync.Mutex
	socket *listener // that is served
}

// An Option makes a server different from the usual one.
type Option func(*Server)

// WithPage has a server serve the web page, which is at "/" with files below "/assets/".
func WithPage(files http.Handler) Option { return func(s *Server) { s.files = files } }

// WithLog has requests that change something written into a log.
func WithLog(l *slog.Logger) Option { return func(s *Server) { s.journal = l } }

// NewServer returns a server on which, until Permit says otherwise, the owner of the socket and root may do everything and nobody
// else anything. version is the daemon's, for the document that describes the interface.
func NewServer(control Control, version string, options ...Option) *Server {
	s := &Server{
		control: control, heartbeat: 15 * time.Second, journal: slog.New(slog.DiscardHandler), streams: newCounter(mostConnections, mostStreamsEach),
	}
	s.life = rand.Text()
	for _, set := range options {
		set(s)
	}
	s.ended, s.end = context.WithCancel(context.Background())
	s.sessions = newSessions(time.Now, func() time.Duration { return s.access.Load().config.Session })
	_ = s.Permit(new(config.API), "") // names nobody who could be unknown
	mux := http.NewServeMux()
	mux.HandleFunc("/", notFound)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET "+entrance, s.login)
	if s.files != nil {
		mux.Handle("GET /{$}", s.files)
		mux.Handle("GET /assets/", s.files)
	}
	s.handler = mux
	api := humago.New(mux, description(version))
	api.UseMiddleware(authorize)
	s.register(api)
	return s
}

// Permit says who may do what from now on. An error tells of names and lists that cannot be used; the others count.
func (s *Server) Permit(c *config.API, socketGroup string) error {
	a, err := newAccess(c, socketGroup)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access.Store(a)
	if s.socket != nil {
		s.socket.admit(a.everybody())
	}
	return err
}

// ServeHTTP answers one request of the caller that As has put into its context.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.audited(w, r) }

// Serve answers requests on the Unix socket until the context ends, and returns when no request is left or a second has passed.
// It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if socket, ok := l.(*listener); ok {
		s.mu.Lock()
		s.socket = socket
		socket.admit(s.access.Load().everybody())
		s.mu.Unlock()
	}
	server := s.server(s.guarded(func(r *http.Request) Caller { return CallerOf(r.Context()) }, socketName), slog.LevelError)
	server.ConnContext = s.fromSocket
	err := s.run(ctx, server, s.boundLocal(l))
	s.page.close()
	s.end()
	s.serving.Wait()
	return err
}

// ServeTLS is Serve for a listener of the network, whose clients show certificates.
func (s *Server) ServeTLS(ctx context.Context, l net.Listener) error {
	const strangers = slog.LevelDebug            // most failures are those of handshakes
	anyName := func(string) bool { return true } // that the name is ours, the client has seen in the certificate
	return s.run(ctx, s.server(s.guarded(s.fromCertificate, anyName), strangers), tls.NewListener(bound(l), s.transport()))
}

// server returns an HTTP server with its limits. It logs its own failures, such as a defect in an operation, as those of a level.
func (s *Server) server(h http.Handler, failures slog.Level) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.journal.Handler(), failures),
	}
}

// run serves until the context ends.
func (s *Server) run(ctx context.Context, server *http.Server, l net.Listener) error {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		s.end() // streams go on for ever otherwise
		waiting, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(waiting) != nil {
			server.Close()
		}
	})
	err := server.Serve(l)
	if stop() {
		return err
	}
	<-over // Serve ends before the last request does
	return nil
}

// description is the frame of the OpenAPI document.
func description(version string) huma.Config {
	c := huma.DefaultConfig("Culvert", version)
	c.Info.Description = "Management of an IKEv2/IPsec daemon. Errors are problem documents (RFC 9457) with a stable code; streams are server-sent events. " +
		"Every operation names the least role that may use it as x-role: read, operate or administer."
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil // no links to schemas in answers
	c.Transformers = append(c.Transformers, func(ctx huma.Context, _ string, v any) (any, error) { return asProblem(ctx, v), nil })
	return c
}

// asProblem turns what the framework says of a malformed request into a problem.
func asProblem(ctx huma.Context, v any) any {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v
	}
	text := m.Detail
	for _, e := range m.Errors {
		text += ": " + e.Error()
	}
	p := NewProblem(m.Status, explain.ManageBadRequest, "", "%s", text)
	failed(ctx.Context(), p)
	return p
}

func notFound(w http.ResponseWriter, r *http.Request) {
	p := NewProblem(http.StatusNotFound, explain.ManageBadRequest, "", "there is no %s %s", r.Method, r.URL.Path)
	failed(r.Context(), p)
	writeProblem(w, p)
}
