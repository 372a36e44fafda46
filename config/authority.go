package config

import "fmt"

// An Authority says where to find out about the certificates of a certificate authority.
type Authority struct {
	Origin
	Name        string
	CA          []CertificateFile
	CRLs        []string
	OCSP        []string
	CertURIBase string // "": certificates are nowhere
}

// Label returns the name.
func (a *Authority) Label() string { return a.Name }

func (a *Authority) schema() schema {
	return schema{
		kind: "authority", label: &a.Name, named: "name", origin: &a.Origin,
		doc: "A certificate authority, and where to ask about the certificates that it has issued. It is not trusted by this: `remote.ca` says whom a connection trusts.",
		options: []option{
			{name: "ca", slot: many(&a.CA, certificateFile()), required: true, aka: "authorities.cacert",
				doc: "File with the authority's certificate."},
			{name: "crl_uris", slot: many(&a.CRLs, webAddress()), rfc: "RFC 5280, Section 4.2.1.13", aka: "authorities.crl_uris",
				doc: "Addresses of revocation lists, asked before those that certificates name."},
			{name: "ocsp_uris", slot: many(&a.OCSP, webAddress()), rfc: "RFC 6960, Section 3.1", aka: "authorities.ocsp_uris",
				doc: "Addresses of OCSP servers, asked before those that certificates name."},
			{name: "cert_uri_base", slot: one(&a.CertURIBase, webAddress()), rfc: "RFC 7296, Section 3.6", aka: "authorities.cert_uri_base",
				doc: "Folder in which certificates of the authority are in DER, each under its SHA-1 hash in hexadecimal: peers that look certificates up get ours from there."},
		},
		finish: a.finish,
	}
}

func (a *Authority) finish(d *decoder) {
	for _, f := range a.CA {
		for _, c := range f.Certificates {
			if !c.IsCA {
				d.contradiction(&a.Origin, "ca", "%s is no certificate of an authority", fmt.Sprint(c.Subject))
			}
		}
	}
}
