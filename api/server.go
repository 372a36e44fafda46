package api

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"culvert/explain"
)

// Server answers requests with a Control.
type Server struct {
	control   Control
	handler   http.Handler
	heartbeat time.Duration // between signs of life in a stream
	ended     context.Context
	end       context.CancelFunc
}

// NewServer returns a server. version is the daemon's, for the document that describes the interface.
func NewServer(control Control, version string) *Server {
	s := &Server{control: control, heartbeat: 15 * time.Second}
	s.ended, s.end = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("/", notFound)
	mux.HandleFunc("GET /metrics", s.metrics)
	s.handler = mux
	api := humago.New(mux, description(version))
	api.UseMiddleware(authorize)
	s.register(api)
	return s
}

// ServeHTTP answers one request of the caller that As has put into its context.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers requests of administrators until the context ends, and returns when no request is left or a second has passed. It closes the
// listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	const patience = time.Second
	server := &http.Server{
		Handler: s, ConnContext: func(ctx context.Context, _ net.Conn) context.Context { return As(ctx, Caller{"socket", Administer}) }, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelError), // a request that panics is a defect
	}
	stop := context.AfterFunc(ctx, func() {
		s.end() // streams go on for ever otherwise
		waiting, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if server.Shutdown(waiting) != nil {
			server.Close()
		}
	})
	defer stop()
	err := server.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// description is the frame of the OpenAPI document.
func description(version string) huma.Config {
	c := huma.DefaultConfig("Culvert", version)
	c.Info.Description = "Management of an IKEv2/IPsec daemon. Errors are problem documents (RFC 9457) with a stable code; streams are server-sent events."
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil // no links to schemas in answers
	c.Transformers = append(c.Transformers, func(_ huma.Context, _ string, v any) (any, error) { return asProblem(v), nil })
	return c
}

// asProblem turns what the framework says of a malformed request into a problem.
func asProblem(v any) any {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v
	}
	text := m.Detail
	for _, e := range m.Errors {
		text += ": " + e.Error()
	}
	return NewProblem(m.Status, explain.ManageBadRequest, "", "%s", text)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, NewProblem(http.StatusNotFound, explain.ManageBadRequest, "", "there is no %s %s", r.Method, r.URL.Path))
}
