package daemon

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"strings"

	"culvert/auth/revocation"
	"culvert/config"
)

// places are where to ask about certificates of the configured authorities.
func (t *translator) places() (list []revocation.Place) {
	for _, a := range t.config.Authorities {
		for _, ca := range certificates(a.CA) {
			if len(a.OCSP)+len(a.CRLs) > 0 {
				list = append(list, revocation.Place{Issuer: ca, OCSP: a.OCSP, CRL: a.CRLs})
			}
		}
	}
	return list
}

// certificateURLs are where certificates of ours are: as configured, or by the authority that has issued them, under their hash.
func (t *translator) certificateURLs(own *config.Credential) []string {
	if len(own.CertificateURLs) > 0 || own.BundleURL != "" {
		return own.CertificateURLs
	}
	var urls []string
	for _, c := range certificates(own.Certificates) {
		url := ""
		if base := t.uriBase(c); base != "" {
			hash := sha1.Sum(c.Raw)
			url = strings.TrimSuffix(base, "/") + "/" + hex.EncodeToString(hash[:])
		}
		urls = append(urls, url)
	}
	return urls
}

// uriBase is the folder of the authority that has issued a certificate, or "".
func (t *translator) uriBase(c *x509.Certificate) string {
	for _, a := range t.config.Authorities {
		for _, ca := range certificates(a.CA) {
			if a.CertURIBase != "" && c.CheckSignatureFrom(ca) == nil {
				return a.CertURIBase
			}
		}
	}
	return ""
}
