package proxy

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
)

const (
	maxHeader = 64 << 10
	// maxKept is how many connections to servers are kept for the next request.
	maxKept = 64
)

// HTTP serves an HTTP proxy.
func (s *Server) HTTP(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	p := &httpProxy{server: s, ctx: ctx}
	defer p.tunnels.Wait()
	defer cancel()
	limits := s.limits()
	transport := &http.Transport{
		DialContext:  func(ctx context.Context, _, address string) (net.Conn, error) { return s.dial(ctx, address) },
		MaxIdleConns: maxKept, IdleConnTimeout: limits.Idle, DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	p.plain = &httputil.ReverseProxy{Rewrite: rewrite, Transport: transport, ErrorHandler: refuse, ErrorLog: log.New(io.Discard, "", 0)}
	server := &http.Server{
		Handler: p, ReadHeaderTimeout: limits.Request, IdleTimeout: limits.Idle, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: log.New(io.Discard, "", 0),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	err := server.Serve(bound(l, limits.Connections))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// rewrite passes a request on as it is, but for what is meant for the proxy.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.Host, r.Out.URL.RawQuery = r.In.Host, r.In.URL.RawQuery
}

// An httpProxy handles requests to a proxy.
type httpProxy struct {
	server  *Server
	ctx     context.Context // of the listener: hijacked connections outlive their requests
	plain   *httputil.ReverseProxy
	tunnels sync.WaitGroup // of CONNECT
}

// ServeHTTP takes only requests that are written for a proxy (RFC 9112, Sections 3.2.2 and 3.2.3): a web page cannot have
// a browser send such to the proxy's own address.
func (p *httpProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !p.admits(r):
		w.Header().Set("Proxy-Authenticate", `Basic realm="culvert"`)
		http.Error(w, "the proxy asks for a user and a password", http.StatusProxyAuthRequired)
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.Scheme != "http" || r.URL.Host == "":
		http.Error(w, "this is a proxy, not a web server", http.StatusBadRequest)
	default:
		p.plain.ServeHTTP(w, r)
	}
}

// admits looks at user and password (RFC 7617).
func (p *httpProxy) admits(r *http.Request) bool {
	if p.server.Account == nil {
		return true
	}
	scheme, encoded, _ := strings.Cut(r.Header.Get("Proxy-Authorization"), " ")
	text, err := base64.StdEncoding.DecodeString(encoded)
	user, password, _ := strings.Cut(string(text), ":")
	return p.server.Account.is([]byte(user), []byte(password)) && err == nil && strings.EqualFold(scheme, "Basic")
}

// connect is CONNECT (RFC 9110, Section 9.3.6).
func (p *httpProxy) connect(w http.ResponseWriter, r *http.Request) {
	out, err := p.server.dial(r.Context(), r.Host)
	if err != nil {
		refuse(w, r, err)
		return
	}
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = out.Close()
		refuse(w, r, err)
		return
	}
	p.tunnels.Go(func() { p.tunnel(c, buffered, out) })
}

// tunnel joins the connections. What the client has sent already stands in the reader.
func (p *httpProxy) tunnel(c net.Conn, buffered io.Reader, out net.Conn) {
	if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_, _ = c.Close(), out.Close()
		return
	}
	join(p.ctx, ahead{c, buffered}, out, p.server.limits().HalfOpen)
}

// ahead is a connection that is read through a buffer.
type ahead struct {
	net.Conn
	reader io.Reader
}

func (a ahead) Read(b []byte) (int, error) { return a.reader.Read(b) }

// CloseWrite ends our half.
func (a ahead) CloseWrite() error { return closeWrite(a.Conn) }

// refuse tells the client why a server was not reached.
func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusBadGateway
	switch replyCode(err) {
	case replyExpired:
		status = http.StatusGatewayTimeout
	case replyNetworkUnreachable:
		status = http.StatusServiceUnavailable
	}
	http.Error(w, "culvert: "+err.Error(), status)
}
