package config

import (
	"fmt"
	"net/url"
	"strconv"
)

// certificateOptions are the options of our side about how our certificate is shown.
func (l *LocalRound) certificateOptions() []option {
	return []option{
		{name: "certificate_urls", slot: many(&l.CertificateURLs, webAddress()), rfc: "RFC 7296, Section 3.6", aka: "authorities.cert_uri_base",
			doc: "Where our certificates are, in the order of `certificate`, in DER: a peer that looks certificates up gets hash and URL instead of them. `\"\"`: this one is sent in full."},
		{name: "certificate_bundle_url", slot: one(&l.BundleURL, webAddress()), rfc: "RFC 7296, Section 3.6",
			doc: "Where all certificates that we send are as one bundle, which `culvert pki bundle` writes."},
		{name: "show_ocsp", slot: one(&l.ShowOCSP, boolean()), rfc: "RFC 4806", aka: "ocsp",
			doc: "Send an OCSP answer about our certificate to a peer that asks for one. It comes from the server that the certificate names, and is kept as long as it lasts."},
	}
}

// finishCertificate refuses addresses of certificates that are not there.
func (l *LocalRound) finishCertificate(d *decoder) {
	sent := 0
	for _, f := range l.Certificates {
		sent += len(f.Certificates)
	}
	switch {
	case len(l.CertificateURLs) > sent:
		d.contradiction(&l.Origin, "certificate_urls", "there are %d addresses for %d certificates", len(l.CertificateURLs), sent)
	case l.BundleURL != "" && len(l.CertificateURLs) > 0:
		d.contradiction(&l.Origin, "certificate_urls", "certificate_bundle_url is where all certificates are: give one of them")
	case l.BundleURL != "" && sent == 0:
		d.contradiction(&l.Origin, "certificate_bundle_url", "there is no certificate to be in it")
	}
}

// webAddress reads an address of http, or nothing.
func webAddress() reader[string] {
	return textual("URL", `an address such as "http://certs.example.org/gw.crt"`, func(s string) (string, error) {
		const longest = 1024
		u, err := url.Parse(s)
		switch {
		case s == "":
			return "", nil
		case err != nil || u.Scheme != "http" || u.Host == "" || len(s) > longest:
			return "", &mistake{message: fmt.Sprintf("%s is no address of http", quote(printable(s))), hint: "certificates are looked up by http alone; their signatures protect them (RFC 7296, Section 3.6)"}
		}
		return s, nil
	}, func(s string) string { return s })
}

// isPort reports whether s is a port number.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}
