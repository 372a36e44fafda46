package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"

	"culvert/config"
	"culvert/explain"
)

// Client asks a daemon. Its errors are *Problem; one with the code explain.ManageUnreachable means that no daemon answers.
// It is safe for concurrent use.
type Client struct {
	base   url.URL // scheme and host
	socket string  // "": it is reached over the network
	http   *http.Client
}

// NewClient returns a client of the daemon behind a Unix socket. Nothing is connected yet.
func NewClient(socket string) *Client {
	return newClient(url.URL{Scheme: "http", Host: "culvert"}, socket, &http.Transport{DialContext: dial(socket), IdleConnTimeout: time.Minute})
}

// NewRemoteClient returns a client of a daemon that listens at an address with port. Own is the client's certificate, by which it has
// a role there; roots vouch for the daemon's, which has to have the name that the address begins with. Nothing is connected yet.
func NewRemoteClient(server string, own tls.Certificate, roots *x509.CertPool) *Client {
	return newClient(url.URL{Scheme: "https", Host: server}, "", &http.Transport{
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, RootCAs: roots},
		TLSHandshakeTimeout: patience, IdleConnTimeout: time.Minute,
	})
}

// newClient returns a client that goes nowhere else, whatever it is told.
func newClient(base url.URL, socket string, t *http.Transport) *Client {
	return &Client{base: base, socket: socket, http: &http.Client{Transport: newCourier(t), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status tells everything about this moment.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.call(ctx, http.MethodGet, "status", nil, nil, &s)
}

// Pools tells about address pools and their leases.
func (c *Client) Pools(ctx context.Context) (p []Pool, err error) {
	return p, c.call(ctx, http.MethodGet, "pools", nil, nil, &p)
}

// Down closes the target.
func (c *Client) Down(ctx context.Context, cmd Command) error {
	return c.command(ctx, "down", cmd)
}

// Rekey gives new keys to the target.
func (c *Client) Rekey(ctx context.Context, cmd Command) error {
	return c.command(ctx, "rekey", cmd)
}

// Reauth authenticates the target anew.
func (c *Client) Reauth(ctx context.Context, cmd Command) error {
	return c.command(ctx, "reauth", cmd)
}

// Reload has the configuration read and the difference applied.
func (c *Client) Reload(ctx context.Context) (r Reloaded, err error) {
	return r, c.call(ctx, http.MethodPost, "reload", nil, nil, &r)
}

// Check has the configuration read and nothing changed.
func (c *Client) Check(ctx context.Context) (config.Diagnostics, error) {
	var checked Checked
	err := c.call(ctx, http.MethodPost, "check", nil, nil, &checked)
	return checked.Diagnostics, err
}

// Up brings up the target and returns when it is up or has failed. progress is told what happens meanwhile.
func (c *Client) Up(ctx context.Context, cmd Command, progress func(Event)) error {
	ctx, cancel := cmd.bounded(ctx)
	defer cancel()
	return follow(ctx, c, http.MethodPost, "up", nil, cmd, func(e Event) error { progress(e); return nil }, func(uint64) {})
}

// Follow says where a stream begins and what of it is wanted.
type Follow struct {
	Backlog    int    // items of the past
	Connection string // events of this connection only; empty: all
	Level      string // log entries of this level and above; empty: all
	Once       bool   // end with what is past
}

func (f Follow) query() url.Values {
	q := url.Values{"backlog": {fmt.Sprint(f.Backlog)}}
	if f.Once {
		q.Set("once", "true")
	}
	if f.Connection != "" {
		q.Set("connection", f.Connection)
	}
	if f.Level != "" {
		q.Set("level", f.Level)
	}
	return q
}

// Events calls each with what happens, until it returns an error or the context ends. gap is told how many events were lost
// because each was too slow.
func (c *Client) Events(ctx context.Context, f Follow, each func(Event) error, gap func(uint64)) error {
	return follow(ctx, c, http.MethodGet, "events", f.query(), nil, each, gap)
}

// Log is Events for log entries.
func (c *Client) Log(ctx context.Context, f Follow, each func(LogEntry) error, gap func(uint64)) error {
	return follow(ctx, c, http.MethodGet, "log", f.query(), nil, each, gap)
}

// call sends a request and decodes its answer.
// command carries out what has no answer but that it is done.
func (c *Client) command(ctx context.Context, name string, cmd Command) error {
	ctx, cancel := cmd.bounded(ctx)
	defer cancel()
	return c.call(ctx, http.MethodPost, name, nil, cmd, nil)
}

func (c *Client) call(ctx context.Context, method, name string, query url.Values, body, answer any) error {
	response, err := c.send(ctx, method, name, query, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return c.broken(ctx, err)
	}
	return nil
}

// send sends a request and returns the answer if it is a good one.
func (c *Client) send(ctx context.Context, method, name string, query url.Values, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	address := c.base
	address.Path, address.RawQuery = "/"+Version+"/"+name, query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, address.String(), content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		return nil, refusal(response)
	}
	return response, nil
}

// refusal reads the problem that a daemon answers with.
func refusal(r *http.Response) *Problem {
	const most = 16 << 20 // diagnostics quote the configuration
	var p Problem
	if err := json.NewDecoder(io.LimitReader(r.Body, most)).Decode(&p); err != nil || p.Code == "" {
		return NewProblem(r.StatusCode, explain.ManageBadRequest, "", "the daemon answers %s", r.Status)
	}
	return &p
}

// place says where the daemon is.
func (c *Client) place() string {
	if c.socket == "" {
		return "at " + c.base.Host
	}
	return "on " + c.socket
}

// broken says why there is no answer.
func (c *Client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	action := ""
	var text string
	var late net.Error
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case errors.As(err, &late) && late.Timeout():
		text, action = fmt.Sprintf("the daemon %s does not answer in time: %v", c.place(), err), "it hangs or has too much to do: see `systemctl status culvert`; `culvert bugreport` gathers what tells of it, `systemctl restart culvert` starts it anew"
	case c.socket == "":
		text, action = fmt.Sprintf("%s gives no answer: %v", c.base.Host, err), "see that api.listen has the address, that --ca vouches for the daemon's certificate and client_ca for the one of --cert"
	case errors.Is(err, os.ErrNotExist):
		text, action = "there is no socket "+c.socket, "start the daemon with `systemctl start culvert`, or name its socket with --socket"
	case errors.Is(err, syscall.ECONNREFUSED):
		text, action = "nobody listens on "+c.socket, "the daemon has ended, see `journalctl -u culvert`; start it with `systemctl start culvert`"
	case errors.Is(err, os.ErrPermission):
		text, action = "no permission to use "+c.socket, "be root or a member of the group that daemon.socket_group names"
	default:
		text = fmt.Sprintf("the daemon %s gives no answer: %v", c.place(), err)
	}
	return NewProblem(0, explain.ManageUnreachable, action, "%s", text)
}
