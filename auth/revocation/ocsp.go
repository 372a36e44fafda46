package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/chain"
)

const (
	contentTypeRequest = "application/ocsp-request" // RFC 6960, Appendix A.1
	maxOCSPOctets      = 64 << 10                   // an answer holds one status and perhaps a certificate
	maxOCSPAge         = time.Hour                  // of an answer that does not say how long it is valid
)

// fromOCSP asks the servers that the certificate names.
func (c *Checker) fromOCSP(ctx context.Context, q query) (status, error) {
	err := errUnknown
	for _, url := range httpURLs(q.cert.OCSPServer) {
		answer, e := c.answer(ctx, url, q)
		if e == nil {
			e = q.checkAge(answer)
		}
		switch {
		case e != nil:
		case answer.Status == ocsp.Good:
			return status{known: true}, nil
		case answer.Status == ocsp.Revoked:
			return status{known: true, revoked: true, at: answer.RevokedAt, reason: answer.RevocationReason}, nil
		default:
			e = errors.New("the server does not know the certificate")
		}
		err = fmt.Errorf("OCSP server %s: %w", url, e)
	}
	return status{}, err
}

// answer returns what a server says, remembered or fetched.
func (c *Checker) answer(ctx context.Context, url string, q query) (*ocsp.Response, error) {
	v, err := c.recall(ctx, key{"ocsp", url, string(q.cert.Raw)}, q.now, func(ctx context.Context) (value, error) {
		req, err := newRequest(q.cert, q.issuer)
		if err != nil {
			return value{}, err
		}
		der, err := c.fetch(ctx, url, req.der, contentTypeRequest)
		if err != nil {
			return value{}, err
		}
		answer, err := q.checkAnswer(der, req)
		if err != nil {
			return value{}, err
		}
		expires := answer.NextUpdate
		if expires.IsZero() {
			expires = q.now.Add(c.opt.Retry)
		}
		return value{answer: answer, octets: len(der), expires: expires}, nil
	})
	return v.answer, err
}

// checkAnswer checks that an answer is one to our question by somebody who may give it (RFC 6960, Section 3.2).
func (q query) checkAnswer(der []byte, req *request) (*ocsp.Response, error) {
	if len(der) > maxOCSPOctets {
		return nil, fmt.Errorf("answer of %d octets, %d are accepted", len(der), maxOCSPOctets)
	}
	answer, err := ocsp.ParseResponseForCert(der, q.cert, nil)
	if err != nil {
		return nil, err
	}
	if err := q.checkResponder(answer); err != nil {
		return nil, err
	}
	if err := req.check(answer.TBSResponseData); err != nil {
		return nil, err
	}
	return answer, q.checkAge(answer)
}

// checkResponder checks the signature of an answer: by the issuer, or by somebody to whom the issuer has given a certificate
// for that purpose (RFC 6960, Section 4.2.2.2). With a certificate in the answer, its signature has been checked already.
func (q query) checkResponder(answer *ocsp.Response) error {
	responder := answer.Certificate
	switch {
	case responder == nil:
		return answer.CheckSignatureFrom(q.issuer)
	case responder.Equal(q.issuer):
		return nil
	case !slices.Contains(responder.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return fmt.Errorf("certificate \"%s\" is not for signing OCSP answers", chain.Name(responder))
	}
	if err := chain.CheckSignature(responder, q.issuer); err != nil {
		return fmt.Errorf("certificate \"%s\" of the answer: %w", chain.Name(responder), err)
	}
	return chain.CheckValidity(responder, q.now)
}

// checkAge checks the time of an answer. Without nextUpdate the server has news at all times, so it must be fresh (RFC 6960,
// Section 4.2.2.1).
func (q query) checkAge(answer *ocsp.Response) error {
	if answer.NextUpdate.IsZero() && q.now.Sub(answer.ThisUpdate) > maxOCSPAge {
		return fmt.Errorf("of %s: %w", answer.ThisUpdate.UTC().Format(time.RFC3339), errStale)
	}
	return q.checkTime(answer.ThisUpdate, answer.NextUpdate)
}
