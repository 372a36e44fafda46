// Package fetch gets documents by HTTP for those who check certificates: bounded in size and time, by http and https or by
// http alone, and never by redirection to anything else.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A Fetcher gets a document. A nil body is a GET, otherwise the body is POSTed as contentType. Fetch ends when ctx does, and
// is safe for concurrent use.
type Fetcher interface {
	Fetch(ctx context.Context, url string, body []byte, contentType string) ([]byte, error)
}

// Rules say what is fetched.
type Rules struct {
	Octets    int  // of a document, at most
	Redirects int  // followed, to addresses of the same kind
	HTTPS     bool // https as well as http
}

// RevocationRules are those for revocation lists and OCSP answers; the largest lists in use have some MiB.
func RevocationRules() Rules { return Rules{Octets: 16 << 20, Redirects: 3, HTTPS: true} }

// IsWeb reports whether an address is one of http or https.
func IsWeb(address string) bool { return isOneOf(address, "http", "https") }

func isOneOf(address string, schemes ...string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Host != ""
}

// New returns a Fetcher that keeps to some rules.
func New(rules Rules) Fetcher {
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConns:           16,
		MaxConnsPerHost:        8,
		MaxResponseHeaderBytes: 16 << 10,
	}
	f := &fetcher{rules: rules}
	f.client = &http.Client{Transport: transport, CheckRedirect: f.checkRedirect}
	return f
}

type fetcher struct {
	rules  Rules
	client *http.Client
}

func (f *fetcher) schemes() []string {
	if f.rules.HTTPS {
		return []string{"http", "https"}
	}
	return []string{"http"}
}

func (f *fetcher) checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > f.rules.Redirects:
		return errors.New("too many redirections")
	case !isOneOf(req.URL.String(), f.schemes()...):
		return fmt.Errorf("redirected to %s", req.URL.Scheme)
	}
	return nil
}

// Fetch gets a document.
func (f *fetcher) Fetch(ctx context.Context, address string, body []byte, contentType string) ([]byte, error) {
	if !isOneOf(address, f.schemes()...) {
		return nil, errors.New("not an address of the web")
	}
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
	return readBounded(resp.Body, f.rules.Octets)
}

func readBounded(r io.Reader, most int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err == nil && len(b) > most {
		return nil, fmt.Errorf("document of more than %d octets", most)
	}
	return b, err
}
