package auth

import (
	"context"
	"crypto/x509"
	"slices"

	"culvert/auth/chain"
	"culvert/explain"
	"culvert/wire"
)

// OCSPRule says what is asked of a peer about its own certificate (RFC 4806, Section 4.1).
type OCSPRule uint8

// The rules.
const (
	OCSPOff     OCSPRule = iota // nothing
	OCSPAsk                     // an OCSP answer, if it has one
	OCSPRequire                 // an OCSP answer, without which it is refused
)

// ocspReq is the CERTREQ payload that asks for an OCSP answer: the hashes of the keys of responders that we trust on top of
// those that issuers name (RFC 4806, Section 3.1), or nil if nobody is asked.
func ocspReq(remotes []*Remote) *wire.CertReq {
	var hashes [][]byte
	ask := false
	for _, r := range remotes {
		if r.Method != MethodPublicKey || r.OCSP == OCSPOff {
			continue
		}
		ask = true
		for _, c := range r.Responders {
			hashes = append(hashes, authorityHash(c))
		}
	}
	if !ask {
		return nil
	}
	return &wire.CertReq{Encoding: wire.CertOCSPContent, Data: slices.Concat(distinct(hashes, maxAuthorities)...)}
}

// AsksForOCSP reports whether a peer asks for an OCSP answer about our certificate, and we have somebody to ask for it.
func (s Sign) AsksForOCSP() bool {
	return s.Local.OCSP != nil && slices.ContainsFunc(s.CertReqs, func(r *wire.CertReq) bool { return r.Encoding == wire.CertOCSPContent })
}

// staple adds an OCSP answer about our certificate for a peer that asks for one (RFC 4806, Section 4.2). Without an answer the
// peer decides what that means.
func (s Sign) staple(ctx context.Context, c Credential, result *SignResult) {
	if !s.AsksForOCSP() || len(c.Chain) == 0 || len(c.Chain[0].OCSPServer) == 0 {
		return
	}
	issuer := issuerOf(c.Chain[0], slices.Concat(c.Chain[1:], s.Local.Issuers))
	if issuer == nil {
		result.Warnings = append(result.Warnings, stapleFailed(c, "its issuer is not there", "add the issuer to local.certificate"))
		return
	}
	der, err := s.Local.OCSP.Staple(ctx, c.Chain[0], issuer, s.Now)
	if err != nil {
		result.Warnings = append(result.Warnings, stapleFailed(c, err.Error(), "make its OCSP server reachable from here"))
		return
	}
	result.Certs = append(result.Certs, &wire.Cert{Encoding: wire.CertOCSPContent, Data: der})
}

// issuerOf returns the certificate that has signed another one, or nil.
func issuerOf(c *x509.Certificate, candidates []*x509.Certificate) *x509.Certificate {
	i := slices.IndexFunc(candidates, func(ca *x509.Certificate) bool {
		return string(ca.RawSubject) == string(c.RawIssuer) && chain.CheckSignature(c, ca) == nil
	})
	if i < 0 {
		return nil
	}
	return candidates[i]
}

func stapleFailed(c Credential, why, action string) Warning {
	return Warning{explain.AuthOCSPStaple, "the peer asks for an OCSP answer about our " + c.name() + ", and there is none: " + why + ": " + action}
}
