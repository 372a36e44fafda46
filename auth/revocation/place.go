package revocation

import "crypto/x509"

// A Place says where to ask about the certificates of one authority, before the places that they name themselves.
type Place struct {
	Issuer    *x509.Certificate
	OCSP, CRL []string // addresses of http
}

// ocspServers are the servers to ask about a certificate.
func (q query) ocspServers() []string {
	return httpURLs(append(q.configured(func(p *Place) []string { return p.OCSP }), q.cert.OCSPServer...))
}

// distributionPoints are where revocation lists about a certificate are.
func (q query) distributionPoints() []string { return httpURLs(q.points()) }

func (q query) points() []string {
	return append(q.configured(func(p *Place) []string { return p.CRL }), q.cert.CRLDistributionPoints...)
}

// configured are addresses of the certificate's issuer, by its name and key.
func (q query) configured(of func(*Place) []string) (urls []string) {
	for i := range q.places {
		if issuer := q.places[i].Issuer; q.issuer != nil && string(issuer.RawSubject) == string(q.issuer.RawSubject) &&
			string(issuer.RawSubjectPublicKeyInfo) == string(q.issuer.RawSubjectPublicKeyInfo) {
			urls = append(urls, of(&q.places[i])...)
		}
	}
	return urls
}
