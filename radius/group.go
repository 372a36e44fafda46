package radius

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"culvert/secret"
)

// A Server says how to reach one server.
type Server struct {
	Name       string
	Auth       string // host:port of authentication
	Accounting string // host:port of accounting; with TLS both go to Auth
	Secret     secret.Bytes
	TLS        *tls.Config   // not nil: RADIUS/TLS (RFC 6614), with our certificate and the servers that are trusted
	Timeout    time.Duration // of the first try; each further one has twice as long
	Tries      int
	// Dial makes connections; nil is the network of this machine. With TLS it makes the TCP connection below.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// tlsSecret is the shared secret of RADIUS/TLS, where TLS protects (RFC 6614, Section 2.3).
const tlsSecret = "radsec"

// A Group is several servers that know the same users. Requests go to the first one that is not known to be dead. It is
// safe for concurrent use.
type Group struct {
	name    string
	rest    time.Duration // for which a silent server is left alone
	servers []*server
	now     func() time.Time
}

type server struct {
	auth, accounting *endpoint
}

// NewGroup returns a group of servers, of which there is at least one.
func NewGroup(name string, rest time.Duration, servers ...Server) *Group {
	g := &Group{name: name, rest: rest, now: time.Now}
	for _, s := range servers {
		g.servers = append(g.servers, s.open())
	}
	return g
}

func (s Server) open() *server {
	if s.Dial == nil {
		s.Dial = new(net.Dialer).DialContext
	}
	if s.TLS != nil {
		one := s.endpoint(s.Auth, secret.Bytes(tlsSecret), s.dialTLS)
		return &server{one, one}
	}
	return &server{
		s.endpoint(s.Auth, s.Secret, func(ctx context.Context) (net.Conn, error) { return s.Dial(ctx, "udp", s.Auth) }),
		s.endpoint(s.Accounting, s.Secret, func(ctx context.Context) (net.Conn, error) { return s.Dial(ctx, "udp", s.Accounting) }),
	}
}

func (s Server) endpoint(address string, key secret.Bytes, dial func(context.Context) (net.Conn, error)) *endpoint {
	return &endpoint{
		name: s.Name + " (" + address + ")", stream: s.TLS != nil, key: key, timeout: s.Timeout, tries: s.Tries, dial: dial,
		slots: make(chan struct{}, maxLinks*identifiers),
	}
}

// dialTLS makes a TLS connection to the server, which must have the name that is configured.
func (s Server) dialTLS(ctx context.Context) (net.Conn, error) {
	conn, err := s.Dial(ctx, "tcp", s.Auth)
	if err != nil {
		return nil, err
	}
	secured := tls.Client(conn, s.TLS)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

// A noServer says that no server of a group was of use, and why each was not.
type noServer struct {
	group   string
	reasons []error
}

func (e *noServer) Error() string {
	if len(e.reasons) == 0 {
		return "every server of " + e.group + " is silent and left alone for a while"
	}
	var b strings.Builder
	for i, r := range e.reasons {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(r.Error())
	}
	return b.String()
}

func (e *noServer) Unwrap() []error { return e.reasons }

// A reply is an answer with what it answers and who gave it.
type reply struct {
	*Packet
	request *Packet
	from    *endpoint
}

// ask sends a request to the servers in turn until one answers. Those known to be silent are left out, unless all are.
func (g *Group) ask(ctx context.Context, p *Packet) (reply, error) {
	failed := &noServer{group: g.name}
	for _, needy := range []bool{false, true} {
		for _, s := range g.servers {
			e := s.of(p.Code)
			if !needy && !e.health.usable(g.now()) {
				continue
			}
			r, err := g.askOne(ctx, e, p)
			if err == nil || ctx.Err() != nil || !isNoAnswer(err) {
				return r, err
			}
			failed.reasons = append(failed.reasons, err)
		}
		if len(failed.reasons) > 0 {
			break
		}
	}
	return reply{}, failed
}

func isNoAnswer(err error) bool {
	_, ok := errors.AsType[*noAnswer](err)
	return ok
}

// askOne sends a request to one server and remembers how it is.
func (g *Group) askOne(ctx context.Context, e *endpoint, p *Packet) (reply, error) {
	answer, request, err := e.exchange(ctx, p)
	switch {
	case err == nil:
		e.health.answered()
	case isNoAnswer(err):
		e.health.silent(g.now(), g.rest, err)
	default:
		e.health.undecided()
	}
	return reply{answer, request, e}, err
}

func (s *server) of(code Code) *endpoint {
	if code == AccountingRequest {
		return s.accounting
	}
	return s.auth
}

// Retire closes sockets and connections as soon as nobody waits for an answer on them.
func (g *Group) Retire() {
	for _, s := range g.servers {
		s.auth.retire()
		s.accounting.retire()
	}
}

// Trouble returns the servers that do not answer, each with the reason.
func (g *Group) Trouble() (list []error) {
	for _, s := range g.servers {
		for i, e := range []*endpoint{s.auth, s.accounting} {
			if dead, why := e.health.state(); dead && (i == 0 || s.accounting != s.auth) {
				list = append(list, why)
			}
		}
	}
	return list
}
