package revocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	contentTypeRequest = "application/ocsp-request" // RFC 6960, Appendix A.1
	maxOCSPAge         = time.Hour                  // of an answer that does not say how long it is valid
)

// The ways an answer does not fit the question.
var (
	errNonce    = errors.New("the nonce of the answer is not ours")
	errNoNonce  = errors.New("the answer has no nonce, which is demanded")
	errQuestion = errors.New("the answer is about other certificates")
	errUnheard  = errors.New("the server does not know the certificate")
)

// fromOCSP asks the servers that the certificate names.
func (c *Checker) fromOCSP(ctx context.Context, q query) (status, error) {
	err := errUnknown
	servers := q.ocspServers()
	for i, url := range servers {
		wait, cancel := share(ctx, len(servers)-i+1)
		r, e := c.answer(wait, url, q)
		cancel()
		if e == nil {
			var s status
			if s, e = q.read(r); e == nil {
				return s, nil
			}
		}
		err = fmt.Errorf("OCSP server %s: %w", url, e)
	}
	return status{}, err
}

// answer returns what a server says, remembered or fetched.
func (c *Checker) answer(ctx context.Context, url string, q query) (*response, error) {
	v, err := c.recall(ctx, q.key("ocsp", url, q.cert.Raw), q.now, func(ctx context.Context) (value, error) {
		return c.ask(ctx, url, q)
	})
	return v.response, err
}

// ask fetches an answer and checks everything that will not change.
func (c *Checker) ask(ctx context.Context, url string, q query) (value, error) {
	nonce := q.nonce.newNonce()
	der, err := c.get(ctx, url, newRequest(q.cert, q.issuer, nonce), contentTypeRequest)
	if err != nil {
		return value{}, err
	}
	r, err := q.check(der, nonce)
	if err != nil {
		return value{}, err
	}
	a, _ := q.find(r)
	expires := a.nextUpdate
	if expires.IsZero() {
		expires = q.now.Add(c.opt.Retry)
	}
	return value{response: r, octets: len(der), expires: expires}, nil
}

// check checks that an answer is one to our question by somebody who may give it, and in time (RFC 6960, Section 3.2).
// Without a question, when a peer shows the answer, the nonce is empty.
func (q query) check(der, nonce []byte) (*response, error) {
	r, err := parseResponse(der)
	if err != nil {
		return nil, err
	}
	a, ok := q.find(r)
	switch {
	case !ok:
		return nil, errQuestion
	case len(nonce) > 0 && len(r.nonce) > 0 && !bytes.Equal(nonce, r.nonce):
		return nil, errNonce
	case q.nonce == NonceRequire && len(r.nonce) == 0:
		return nil, errNoNonce
	}
	if err := q.checkResponder(r); err != nil {
		return nil, err
	}
	return r, q.checkAge(a)
}

// find returns the answer about the certificate that is asked about.
func (q query) find(r *response) (answer, bool) {
	for _, a := range r.answers {
		if a.id.names(q.cert, q.issuer) {
			return a, true
		}
	}
	return answer{}, false
}

// read says what a checked response knows about the certificate.
func (q query) read(r *response) (status, error) {
	a, ok := q.find(r)
	if !ok {
		return status{}, errQuestion
	}
	if err := q.checkAge(a); err != nil {
		return status{}, err
	}
	switch a.status {
	case statusGood:
		return status{known: true}, nil
	case statusRevoked:
		return status{known: true, revoked: true, at: a.revokedAt, reason: a.reason}, nil
	}
	return status{}, errUnheard
}

// checkAge checks the time of an answer. Without nextUpdate the server has news at all times, so it must be fresh (RFC 6960,
// Section 4.2.2.1). How fresh another must be is for the user to say (RFC 4806, Section 6).
func (q query) checkAge(a answer) error {
	most := q.maxAge
	if a.nextUpdate.IsZero() && (most == 0 || most > maxOCSPAge) {
		most = maxOCSPAge
	}
	if most > 0 && q.now.Sub(a.thisUpdate) > most {
		return fmt.Errorf("of %s, older than %v: %w", a.thisUpdate.UTC().Format(time.RFC3339), most, errStale)
	}
	return q.checkTime(a.thisUpdate, a.nextUpdate)
}
