package auth

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"

	"culvert/auth/keys"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/wire"
)

// maxCertOctets bounds one CERT payload. The largest certificates in use, with RSA 8192 keys and many names, have 4 KiB.
const maxCertOctets = 16 << 10

// A shown is what a peer's CERT payloads hold.
type shown struct {
	leaf   *x509.Certificate   // the first certificate: it has the key (RFC 7296, Section 3.6)
	others []*x509.Certificate // in any order
	rawKey crypto.PublicKey
	status revocation.Shown // what the peer shows of revocation
}

// shown reads the peer's CERT payloads, and fetches those that are given by hash and URL.
func (v Verify) shown(ctx context.Context) (shown, *Failure) {
	if len(v.Certs) > maxCerts {
		return shown{}, tooManyCerts(len(v.Certs))
	}
	certs, err := v.Remote.Lookup.Resolve(ctx, v.Certs, v.Now)
	if err != nil {
		return shown{}, lookupFailed(err)
	}
	return parseCerts(certs)
}

// parseCerts reads CERT payloads. Up to the one with the key each must be readable; certificates behind it that are not are
// left out, they might not be needed.
func parseCerts(certs []*wire.Cert) (shown, *Failure) {
	if len(certs) > maxCerts {
		return shown{}, tooManyCerts(len(certs))
	}
	var s shown
	for _, c := range certs {
		if failure := s.add(c); failure != nil && s.leaf == nil {
			return shown{}, failure
		}
		if s.rawKey != nil {
			break
		}
	}
	return s, nil
}

// add reads one CERT payload. A raw key counts only as the first.
func (s *shown) add(c *wire.Cert) *Failure {
	if len(c.Data) > maxCertOctets {
		return malformedCert(c, fmt.Errorf("%d octets, %d are accepted", len(c.Data), maxCertOctets))
	}
	switch c.Encoding {
	case wire.CertX509Signature:
		cert, err := x509.ParseCertificate(c.Data)
		if err != nil {
			return malformedCert(c, err)
		}
		if s.leaf == nil {
			s.leaf = cert
		} else {
			s.others = append(s.others, cert)
		}
	case wire.CertRawPublicKey:
		key, err := keys.ParsePublic(c.Data)
		if err != nil {
			return malformedCert(c, err)
		}
		if s.leaf == nil {
			s.rawKey = key
		}
	case wire.CertOCSPContent:
		s.status.OCSP = append(s.status.OCSP, c.Data)
	case wire.CertCRL:
		if crl, err := x509.ParseRevocationList(c.Data); err == nil {
			s.status.CRLs = append(s.status.CRLs, crl)
		}
	default:
		return &Failure{Code: explain.AuthCertEncoding,
			Cause:  fmt.Sprintf("peer sent its certificate as %q, which was not asked for", c.Encoding),
			Action: "have the peer send X.509 certificates in full (no PKCS #7), or a raw public key"}
	}
	return nil
}

func tooManyCerts(n int) *Failure {
	return &Failure{Code: explain.AuthCertTooMany, Cause: fmt.Sprintf("peer sent %d certificates, %d are accepted", n, maxCerts),
		Action: "have the peer send its own certificate and its intermediates only"}
}

func lookupFailed(err error) *Failure {
	return &Failure{Code: explain.AuthCertLookup, Cause: "peer's " + err.Error(), Err: err,
		Action: "have the peer send its certificates in full, or set remote.certificate_hosts to where they are"}
}

func malformedCert(c *wire.Cert, err error) *Failure {
	return &Failure{Code: explain.AuthCertMalformed, Cause: fmt.Sprintf("peer sent a CERT payload (%s) that cannot be read: %v", c.Encoding, err),
		Action: "issue a certificate of an algorithm that is supported (RSA, ECDSA on P-256, P-384 or P-521, Ed25519, Ed448)", Err: err}
}
