package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"culvert/auth/internal/memo"
)

// stapleWait is how long an exchange waits for the first answer about our own certificate; the peer can ask by itself.
const stapleWait = 3 * time.Second

var errNotGood = errors.New("it does not say that our certificate is good")

// Staple returns an OCSP answer about our own certificate, an OCSPResponse to be shown to a peer (RFC 4806, Section 3.2). It
// is one that says good, and that the peer can check: signed by somebody who may, and in time. The first answer is waited for
// a short time; when half its time is over the next one is fetched, while the old one is still shown.
func (c *Checker) Staple(ctx context.Context, cert, issuer *x509.Certificate, now time.Time) ([]byte, error) {
	q := c.query(cert, issuer, now)
	q.nonce = NonceOff // the answer is for peers that have not asked (RFC 4806, Section 6)
	k := q.key("own", "", cert.Raw)
	v, ok := c.cache.Get(k, now)
	fresh := ok && now.Before(v.renew)
	if !fresh {
		wait, cancel := context.WithTimeout(ctx, stapleWait)
		defer cancel()
		if ok {
			cancel() // the flight goes on without us
		}
		renewed, err := c.cache.Do(wait, k, func() value { return c.renew(ctx, k, q) })
		switch {
		case err == nil:
			v = renewed
		case !ok:
			return nil, fmt.Errorf("no OCSP answer about our certificate so far: %w", err)
		}
	}
	if v.err != nil {
		return nil, v.err
	}
	return v.response.whole, nil
}

// renew fetches an answer about our certificate. If that fails the old one stays until it ends, and it is tried again later.
func (c *Checker) renew(ctx context.Context, k memo.Key, q query) value {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opt.Timeout)
	defer cancel()
	v, err := c.askAll(ctx, q)
	if err != nil {
		old, ok := c.cache.Get(k, q.now)
		if v = (value{err: err, expires: q.now.Add(c.opt.Retry)}); ok && old.err == nil {
			v = old
		}
		v.renew = q.now.Add(c.opt.Retry)
	}
	c.cache.put(k, v)
	return v
}

// askAll asks one server after the other until one says that the certificate is good.
func (c *Checker) askAll(ctx context.Context, q query) (value, error) {
	err := errUnknown
	for _, url := range q.ocspServers() {
		v, e := c.ask(ctx, url, q)
		if e == nil {
			if s, _ := q.read(v.response); s.known && !s.revoked {
				v.renew = q.now.Add(v.expires.Sub(q.now) / 2)
				return v, nil
			}
			e = errNotGood
		}
		err = fmt.Errorf("OCSP server %s: %w", url, e)
	}
	return value{}, err
}
