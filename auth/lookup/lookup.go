// Package lookup gets the certificates that a peer names by hash and URL (RFC 7296, Section 3.6).
//
// Who names them is not authenticated yet. So nothing is fetched but from hosts that are configured, and that by http alone,
// without redirections, bounded in size, time and rate; what does not have the hash is not used; and who hangs delays nobody
// but himself.
package lookup

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"culvert/allowance"
	"culvert/auth/fetch"
	"culvert/auth/internal/memo"
	"culvert/wire"
)

const (
	maxURL      = 1024
	maxLookups  = 4 // in one message
	timeout     = 5 * time.Second
	keepFound   = 24 * time.Hour // what has the hash does not change; the bound is for memory
	keepFailure = 30 * time.Second

	// Fetches for peers who are not authenticated: some at once, then one in a while.
	burst      = 32
	fetchEvery = time.Second / 8
)

// Rules are those by which certificates and bundles are fetched.
func Rules() fetch.Rules { return fetch.Rules{Octets: 64 << 10} }

// Why nothing is fetched, or what was fetched is not used.
var (
	errOff    = errors.New("certificates by URL are not accepted for this connection")
	errHash   = errors.New("what is there does not have the hash that the peer gave")
	errRate   = errors.New("too many certificates are asked for by URL at this time")
	errMany   = fmt.Errorf("more than %d certificates by URL", maxLookups)
	errFormat = errors.New("malformed hash and URL")
)

// An Error says which address is at fault.
type Error struct {
	URL string // as the peer sent it; not to be shown unescaped
	Err error
}

// Error returns the fault, with the address in quotes.
func (e *Error) Error() string { return fmt.Sprintf("certificate at %.256q: %v", e.URL, e.Err) }

// Unwrap returns the error underneath.
func (e *Error) Unwrap() error { return e.Err }

// A found is a document, or why there is none.
type found struct {
	der []byte
	err error
}

// A Service fetches for all connections, and remembers. It is safe for concurrent use.
type Service struct {
	fetcher fetch.Fetcher
	memo    *memo.Memo[found]

	mu   sync.Mutex
	rate allowance.Bucket
}

// NewService returns a service that gets what it wants from a Fetcher that keeps to Rules.
func NewService(f fetch.Fetcher) *Service {
	return &Service{fetcher: f, memo: memo.New[found](memo.Limits{Entries: 256, Octets: 4 << 20, Fetches: 8}),
		rate: allowance.Bucket{Every: fetchEvery, Most: burst}}
}

// For returns a Lookup for the peers of one connection, who may name addresses at some hosts: "certs.example.org", which
// stands for port 80, or "certs.example.org:8080".
func (s *Service) For(hosts []string) *Lookup { return &Lookup{service: s, hosts: hosts} }

// A Lookup resolves what the peers of one connection send. A nil Lookup resolves nothing. It is safe for concurrent use.
type Lookup struct {
	service *Service
	hosts   []string
}

// Resolve returns CERT payloads with what hash and URL stand for in their place, and all others as they are. If the first
// certificate, which holds the key, is not to be had the error is an *Error; others are left out. It returns within seconds.
func (l *Lookup) Resolve(ctx context.Context, certs []*wire.Cert, now time.Time) ([]*wire.Cert, error) {
	if !slices.ContainsFunc(certs, isReference) {
		return certs, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var resolved []*wire.Cert
	lookups := 0
	for _, c := range certs {
		if !isReference(c) {
			resolved = append(resolved, c)
			continue
		}
		lookups++
		more, err := l.resolve(ctx, c, lookups, now)
		if err != nil && len(resolved) == 0 {
			return nil, err
		}
		resolved = append(resolved, more...)
	}
	return resolved, nil
}

// isReference reports whether a CERT payload is a hash and URL.
func isReference(c *wire.Cert) bool {
	return c.Encoding == wire.CertHashURLX509 || c.Encoding == wire.CertHashURLBundle
}

// resolve gets what one CERT payload stands for.
func (l *Lookup) resolve(ctx context.Context, c *wire.Cert, n int, now time.Time) ([]*wire.Cert, error) {
	if len(c.Data) <= sha1.Size || len(c.Data) > sha1.Size+maxURL {
		return nil, &Error{Err: errFormat}
	}
	hash, address := c.Data[:sha1.Size], string(c.Data[sha1.Size:])
	err := l.allows(address)
	if n > maxLookups {
		err = errMany
	}
	var der []byte
	if err == nil {
		der, err = l.service.get(ctx, hash, address, now)
	}
	var certs []*wire.Cert
	switch {
	case err != nil:
	case c.Encoding == wire.CertHashURLX509:
		certs = []*wire.Cert{{Encoding: wire.CertX509Signature, Data: der}}
	default:
		certs, err = parseBundle(der)
	}
	if err != nil {
		return nil, &Error{URL: address, Err: err}
	}
	return certs, nil
}

// allows reports whether an address is one that is looked at: http, at a configured host, with nothing odd in it.
func (l *Lookup) allows(address string) error {
	if l == nil {
		return errOff
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("not an address of http")
	case !slices.ContainsFunc(l.hosts, func(h string) bool { return sameHost(h, u.Host) }):
		return fmt.Errorf("its host is none of %s", strings.Join(l.hosts, ", "))
	}
	return nil
}

// sameHost compares hosts; the port of http may be left out.
func sameHost(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, ":80"), strings.TrimSuffix(b, ":80"))
}

func (s *Service) mayFetch(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rate.Take(now)
}

// get returns the document with a hash, remembered or fetched. The hash is SHA-1, as the RFC has it: it finds mistakes and
// stale copies. Whether the certificate is to be trusted, its signatures say.
func (s *Service) get(ctx context.Context, hash []byte, address string, now time.Time) ([]byte, error) {
	k := memo.KeyOf(string(hash), address)
	if f, ok := s.memo.Get(k, now); ok {
		return f.der, f.err
	}
	if !s.mayFetch(now) {
		return nil, errRate
	}
	f, err := s.memo.Do(ctx, k, func() found {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		f, keep := s.fetch(ctx, hash, address), keepFailure
		if f.err == nil {
			keep = keepFound
		}
		s.memo.Put(k, f, len(f.der), now.Add(keep))
		return f
	})
	if err != nil {
		return nil, err
	}
	return f.der, f.err
}

func (s *Service) fetch(ctx context.Context, hash []byte, address string) found {
	der, err := s.fetcher.Fetch(ctx, address, nil, "")
	if err != nil {
		return found{err: err}
	}
	if h := sha1.Sum(der); string(h[:]) != string(hash) {
		return found{err: errHash}
	}
	return found{der: der}
}
