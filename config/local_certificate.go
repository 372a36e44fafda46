package config

import (
	"fmt"
	"net/url"
	"strconv"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/explain"
)

// A Credential is a private key of ours with what shows it to peers.
type Credential struct {
	Certificates    []CertificateFile
	Key             *KeyFile
	CertificateURLs []string // of Certificates, in order; "": sent whole
	BundleURL       string
}

// An Alternative is a further credential of a round, for peers that ask for it.
type Alternative struct {
	Origin
	Name string
	Credential
}

// Credentials are those of a round that have a key, in order of preference.
func (l *LocalRound) Credentials() []*Credential {
	var list []*Credential
	if l.Key != nil {
		list = append(list, &l.Credential)
	}
	for _, a := range l.Alternatives {
		if a.Key != nil {
			list = append(list, &a.Credential)
		}
	}
	return list
}

// certificateOptions are the options about how a certificate of ours is shown.
func (c *Credential) certificateOptions() []option {
	return []option{
		{name: "certificate_urls", slot: many(&c.CertificateURLs, webAddress()), rfc: "RFC 7296, Section 3.6", aka: "authorities.cert_uri_base",
			doc: "Where our certificates are, in the order of `certificate`, in DER: a peer that looks certificates up gets hash and URL instead of them. `\"\"`: this one is sent in full."},
		{name: "certificate_bundle_url", slot: one(&c.BundleURL, webAddress()), rfc: "RFC 7296, Section 3.6",
			doc: "Where all certificates that we send are as one bundle, which `culvert pki bundle` writes."},
	}
}

// alternatives are the blocks of further credentials.
func (l *LocalRound) alternatives(path, like string) nested {
	return nested{
		kind: "alternative", many: true,
		open: func() schema { return add(&l.Alternatives, new(Alternative)).schema(path, like) },
		within: func() []schema {
			list := make([]schema, len(l.Alternatives))
			for i, a := range l.Alternatives {
				list[i] = a.schema(path, like)
			}
			return list
		},
	}
}

func (a *Alternative) schema(path, like string) schema {
	return schema{
		kind: "alternative", path: path, like: like, label: &a.Name, named: "a name of its own", origin: &a.Origin,
		doc: "A further certificate and key of a round, for peers that trust other authorities or know other algorithms. Which one a peer gets, its requests for certificates and its announcements decide, and after these the order (RFC 7296, Section 3.7; RFC 9593). Put the root at the end of each `certificate`: it is not sent, but what peers ask for is found by it. Without `id` we are the subject of the certificate that is shown.",
		options: append([]option{
			{name: "certificate", slot: many(&a.Certificates, certificateFile()), rfc: "RFC 7296, Section 3.6", aka: "local.certs", doc: "As in `local`."},
			{name: "key", slot: optional(&a.Key, keyFile()), required: true, aka: "private", doc: "As in `local`."},
		}, a.certificateOptions()...),
		finish: a.finish,
	}
}

func (a *Alternative) finish(d *decoder) {
	a.finishCertificate(d, &a.Origin)
	d.checkPair(&a.Origin, a.Certificates, a.Key)
}

// checkAlternatives compares the certificates of a round with each other.
func (d *decoder) checkAlternatives(l *LocalRound) {
	if len(l.Alternatives) == 0 {
		return
	}
	if l.Auth != auth.MethodPublicKey {
		d.contradiction(&l.Alternatives[0].Origin, "key", `auth = %q has no use for it: leave the block out or use auth = "pubkey"`, methodWord(l.Auth))
	}
	for _, a := range l.Alternatives {
		if len(a.Certificates) == 0 || l.ID.IsAny() {
			continue
		}
		if leaf := a.Certificates[0].Certificates[0]; !auth.Confirms(leaf, l.ID) {
			d.warn(explain.ConfigIdentity, a.span("certificate"), finding{
				message: fmt.Sprintf("the certificate of %s does not confirm the identity %s", chain.Name(leaf), l.ID),
				hint:    "peers that insist on it get another one; it confirms " + names(leaf)})
		}
	}
}

// finishCertificate refuses addresses of certificates that are not there.
func (c *Credential) finishCertificate(d *decoder, o *Origin) {
	sent := 0
	for _, f := range c.Certificates {
		sent += len(f.Certificates)
	}
	switch {
	case len(c.CertificateURLs) > sent:
		d.contradiction(o, "certificate_urls", "there are %d addresses for %d certificates", len(c.CertificateURLs), sent)
	case c.BundleURL != "" && len(c.CertificateURLs) > 0:
		d.contradiction(o, "certificate_urls", "certificate_bundle_url is where all certificates are: give one of them")
	case c.BundleURL != "" && sent == 0:
		d.contradiction(o, "certificate_bundle_url", "there is no certificate to be in it")
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
