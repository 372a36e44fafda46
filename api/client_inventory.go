package api

import (
	"context"
	"net/http"
	"net/url"
)

// Connection tells everything about a connection.
func (c *Client) Connection(ctx context.Context, name string) (d ConnectionDetail, err error) {
	return d, c.call(ctx, http.MethodGet, "connections/"+url.PathEscape(name), nil, nil, &d)
}

// SA tells about one IKE SA.
func (c *Client) SA(ctx context.Context, spi string) (sa SA, err error) {
	return sa, c.call(ctx, http.MethodGet, "sas/"+url.PathEscape(spi), nil, nil, &sa)
}

// Pool tells about one address pool.
func (c *Client) Pool(ctx context.Context, name string) (p Pool, err error) {
	return p, c.call(ctx, http.MethodGet, "pools/"+url.PathEscape(name), nil, nil, &p)
}

// Release has a pool forget whose an address was.
func (c *Client) Release(ctx context.Context, pool, address string) error {
	return c.call(ctx, http.MethodDelete, "pools/"+url.PathEscape(pool)+"/leases/"+url.PathEscape(address), nil, nil, nil)
}

// Policies lists what becomes of traffic.
func (c *Client) Policies(ctx context.Context) (list []Policy, err error) {
	return list, c.call(ctx, http.MethodGet, "policies", nil, nil, &list)
}

// Certificates lists every certificate in use.
func (c *Client) Certificates(ctx context.Context) (list []Certificate, err error) {
	return list, c.call(ctx, http.MethodGet, "certificates", nil, nil, &list)
}

// Users lists accounts and sessions of users.
func (c *Client) Users(ctx context.Context) (list []User, err error) {
	return list, c.call(ctx, http.MethodGet, "users", nil, nil, &list)
}

// Counters are totals since the start, with those of IKE of one connection, or of everything and each.
func (c *Client) Counters(ctx context.Context, connection string) (all Counters, err error) {
	return all, c.call(ctx, http.MethodGet, "counters", ofConnection(connection), nil, &all)
}

// ResetCounters has counters of IKE begin at 0.
func (c *Client) ResetCounters(ctx context.Context, connection string) error {
	return c.call(ctx, http.MethodDelete, "counters", ofConnection(connection), nil, nil)
}

func ofConnection(connection string) url.Values {
	if connection == "" {
		return nil
	}
	return url.Values{"connection": {connection}}
}

// LogLevel is the least severe level that is logged.
func (c *Client) LogLevel(ctx context.Context) (string, error) {
	var l LogLevel
	err := c.call(ctx, http.MethodGet, "log/level", nil, nil, &l)
	return l.Level, err
}

// SetLogLevel has the daemon log more or less, until it reads its configuration again.
func (c *Client) SetLogLevel(ctx context.Context, level string) error {
	return c.call(ctx, http.MethodPut, "log/level", nil, LogLevel{level}, nil)
}

// Web opens the web page for a browser of this host.
func (c *Client) Web(ctx context.Context) (w Web, err error) {
	return w, c.call(ctx, http.MethodPost, "web", nil, nil, &w)
}

// Session tells who the caller is.
func (c *Client) Session(ctx context.Context) (s Session, err error) {
	return s, c.call(ctx, http.MethodGet, "session", nil, nil, &s)
}
