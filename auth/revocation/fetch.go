package revocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A Fetcher gets a document. A nil body is a GET, otherwise the body is POSTed as contentType. Fetch ends when ctx does, and
// is safe for concurrent use.
type Fetcher interface {
	Fetch(ctx context.Context, url string, body []byte, contentType string) ([]byte, error)
}

const (
	maxOctets    = 16 << 20 // of a document; the largest lists in use have some MiB
	maxRedirects = 3
)

// errTooLarge means that a document was longer than maxOctets.
var errTooLarge = fmt.Errorf("document of more than %d octets", maxOctets)

// fetch asks the Fetcher.
func (c *Checker) fetch(ctx context.Context, url string, body []byte, contentType string) ([]byte, error) {
	if c.fetcher == nil {
		return nil, errors.New("fetching is turned off")
	}
	return c.fetcher.Fetch(ctx, url, body, contentType)
}

// isHTTP reports whether an address is one of http or https.
func isHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// NewHTTPFetcher returns a Fetcher for http and https, and for nothing else, not by redirection either.
func NewHTTPFetcher() Fetcher {
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConns:           16,
		MaxConnsPerHost:        8,
		MaxResponseHeaderBytes: 16 << 10,
	}
	return &httpFetcher{client: &http.Client{Transport: transport, CheckRedirect: checkRedirect}}
}

type httpFetcher struct{ client *http.Client }

func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return errors.New("too many redirections")
	case !isHTTP(req.URL.String()):
		return fmt.Errorf("redirected to %s", req.URL.Scheme)
	}
	return nil
}

// Fetch gets a document of at most maxOctets.
func (f *httpFetcher) Fetch(ctx context.Context, address string, body []byte, contentType string) ([]byte, error) {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server says %q", resp.Status)
	}
	return readBounded(resp.Body)
}

func readBounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxOctets+1))
	if err == nil && len(b) > maxOctets {
		return nil, errTooLarge
	}
	return b, err
}
