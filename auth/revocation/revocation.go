// Package revocation finds out whether a certificate was revoked, by OCSP (RFC 6960) and certificate revocation lists
// (RFC 5280, Section 5).
//
// What is fetched is bounded in size, time and number, concurrent questions about one thing are one fetch, and answers and
// failures are remembered within bounds. The caller checks that a path is trusted before it asks: the addresses that are
// asked come from the certificates.
package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"culvert/auth/fetch"
	"culvert/auth/internal/memo"
)

// Policy says what an unknown revocation status means. A certificate known to be revoked is refused by all but Off.
type Policy uint8

// The policies.
const (
	IfAvailable Policy = iota // unknown is good enough
	IfURI                     // unknown is refused when the certificate says where to ask
	Strict                    // unknown is refused
	Off                       // nothing is asked
)

// String returns the word of the configuration.
func (p Policy) String() string {
	switch p {
	case IfAvailable:
		return "relaxed"
	case IfURI:
		return "ifuri"
	case Strict:
		return "strict"
	case Off:
		return "off"
	}
	return fmt.Sprintf("policy %d", uint8(p))
}

// refuses reports whether an unknown status is refused.
func (p Policy) refuses(sourced bool) bool { return p == Strict || p == IfURI && sourced }

// Options say how a Checker works. A zero field takes its default.
type Options struct {
	Timeout     time.Duration          // for all questions about one path: 10 s
	Retry       time.Duration          // what failed is not tried again before: 1 min
	CRLs        []*x509.RevocationList // known, for example from files
	Responders  []*x509.Certificate    // that may answer for any issuer, on top of those that it names (RFC 6960, Section 4.2.2.2)
	Places      []Place                // where to ask before the places that certificates name
	Nonce       Nonce
	MaxAge      time.Duration // of an OCSP answer; 0: as old as it says by itself
	DemandShown bool          // the peer must show an OCSP answer about its own certificate (RFC 4806, Section 4.1)
	Cache       *Cache        // shared with other checkers; nil: one of its own
}

func (o Options) withDefaults() Options {
	set(&o.Timeout, 10*time.Second)
	set(&o.Retry, time.Minute)
	if o.Cache == nil {
		o.Cache = NewCache(CacheLimits{})
	}
	return o
}

func set[T int | time.Duration](field *T, fallback T) {
	if *field <= 0 {
		*field = fallback
	}
}

// A Checker asks and remembers. It is safe for concurrent use; a nil Checker knows nothing.
type Checker struct {
	opt     Options
	fetcher fetch.Fetcher
	cache   *Cache
	realm   string // what makes its OCSP answers others than those of other checkers
}

// NewChecker returns a checker. A nil fetch.Fetcher asks nobody: only Options.CRLs are known, and what a peer shows.
func NewChecker(f fetch.Fetcher, opt Options) *Checker {
	opt = opt.withDefaults()
	realm := []string{opt.Nonce.String(), opt.MaxAge.String()}
	for _, c := range opt.Responders {
		realm = append(realm, string(c.Raw))
	}
	k := memo.KeyOf(realm...)
	return &Checker{opt: opt, fetcher: f, cache: opt.Cache, realm: string(k[:])}
}

// errUnknown means that there is no source for a status.
var errUnknown = errors.New("the certificate does not say where to ask, and no revocation list of its issuer is configured")

// Check asks about every certificate of a trusted path but the anchor, which ends it. What the peer has shown is looked into
// before anybody is asked. The error is an *Error: a certificate was revoked, or its status is not known and the policy
// demands it. What is not known but was to be had is returned in unknown, as *Error. Check returns within Options.Timeout, or
// when ctx ends.
func (c *Checker) Check(ctx context.Context, p Policy, path []*x509.Certificate, shown Shown, now time.Time) (unknown []error, err error) {
	if p == Off {
		return nil, nil
	}
	if c != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.opt.Timeout)
		defer cancel()
	}
	for i := range len(path) - 1 {
		q := c.query(path[i], path[i+1], now)
		q.shown = shown
		demand := i == 0 && c != nil && c.opt.DemandShown
		s := c.status(ctx, q, demand)
		switch {
		case s.known && s.revoked:
			return nil, &Error{Cert: path[i], Revoked: true, At: s.at, Reason: s.reason}
		case s.known:
		case p.refuses(s.sourced) || demand:
			return nil, &Error{Cert: path[i], Err: s.err}
		case s.sourced:
			unknown = append(unknown, &Error{Cert: path[i], Err: s.err})
		}
	}
	return unknown, nil
}

// get asks the Fetcher.
func (c *Checker) get(ctx context.Context, url string, body []byte, contentType string) ([]byte, error) {
	if c.fetcher == nil {
		return nil, errors.New("fetching is turned off")
	}
	return c.fetcher.Fetch(ctx, url, body, contentType)
}

// A query asks about one certificate.
type query struct {
	cert, issuer *x509.Certificate
	now          time.Time
	responders   []*x509.Certificate
	places       []Place
	nonce        Nonce
	maxAge       time.Duration
	realm        string
	shown        Shown
}

// query asks by the options of the checker.
func (c *Checker) query(cert, issuer *x509.Certificate, now time.Time) query {
	q := query{cert: cert, issuer: issuer, now: now}
	if c != nil {
		q.responders, q.places, q.nonce, q.maxAge, q.realm = c.opt.Responders, c.opt.Places, c.opt.Nonce, c.opt.MaxAge, c.realm
	}
	return q
}

// key names an OCSP answer to the query: one that other issuers or options would not accept is another one.
func (q query) key(kind, url string, cert []byte) memo.Key {
	return memo.KeyOf(kind, url, string(cert), string(q.issuer.Raw), q.realm)
}

// A status is what is known about a certificate.
type status struct {
	known   bool
	revoked bool
	at      time.Time // of the revocation
	reason  int       // CRLReason (RFC 5280, Section 5.3.1)
	sourced bool      // the certificate names a source
	err     error     // why it is not known
}

// status looks for a revocation that is remembered, into the configured lists, then into what the peer has shown, then asks by OCSP, then fetches lists, until
// somebody knows. Where an OCSP answer is demanded of the peer, nothing else proves that a
// certificate is good.
func (c *Checker) status(ctx context.Context, q query, demand bool) status {
	if c == nil {
		return status{err: errUnknown}
	}
	if s, ok := c.revoked(q); ok {
		return s
	}
	s := status{sourced: len(q.ocspServers()) > 0 || len(q.distributionPoints()) > 0}
	sources := []func(context.Context, query) (status, error){c.fromFiles, c.fromShown, c.fromOCSP, c.fromCRL}
	if demand {
		sources = []func(context.Context, query) (status, error){c.onlyShown}
	}
	for _, ask := range sources {
		answer, err := ask(ctx, q)
		if err == nil {
			answer.sourced = s.sourced
			return answer
		}
		s.err = both(s.err, err)
	}
	return s
}

// both keeps what two sources say; that there was none to ask is of interest only if there was no other.
func both(a, b error) error {
	switch {
	case a == nil || errors.Is(a, errUnknown):
		return b
	case errors.Is(b, errUnknown):
		return a
	}
	return fmt.Errorf("%w; %w", a, b)
}

// maxURLs bounds the sources of one kind that are tried for a certificate.
const maxURLs = 4

// httpURLs returns the addresses that can be asked.
func httpURLs(urls []string) []string {
	usable := slices.DeleteFunc(slices.Clone(urls), func(u string) bool { return !fetch.IsWeb(u) })
	return usable[:min(len(usable), maxURLs)]
}
