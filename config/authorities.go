package config

import "culvert/auth"

// Authorities are whose certificates are trusted, in IKE as in EAP over TLS. Each certificate of each file counts.
type Authorities struct {
	CAs           []CertificateFile // anchors, whether they sign themselves or not: a path ends there, and nobody asks whether they were revoked
	Intermediates []CertificateFile // known, and trusted as far as a path leads from them to an anchor
	Via           []CertificateFile // one of them must be in the path; none: no matter
	ViaID         auth.Identity     // pattern that an authority in the path must fit; any: no matter
}

// between are the options for authorities that are no anchors.
func (a *Authorities) between() []option {
	return []option{
		{name: "intermediate", slot: many(&a.Intermediates, certificateFile()),
			doc: "Files with authorities between `ca` and peers that do not send them. Unlike those of `ca` they can be revoked."},
		{name: "via", slot: many(&a.Via, certificateFile()), aka: "remote.cacerts",
			doc: "Files with authorities of which one must stand between the peer and `ca`, or be it. Empty: no matter."},
		{name: "via_id", slot: one(&a.ViaID, identity()), computed: "any", rfc: "RFC 5280, Section 4.1.2.6", aka: "remote.ca_id",
			doc: "Whom an authority between the peer and `ca`, or `ca` itself, must be: its subject or one of its other names. It need not be there as a file, the peer may send it."},
	}
}

// check looks at the certificates: whether they are authorities, and valid.
func (a *Authorities) check(d *decoder, o *Origin) {
	for option, files := range map[string][]CertificateFile{"ca": a.CAs, "intermediate": a.Intermediates, "via": a.Via} {
		for i, f := range files {
			d.checkValidity(o, element(option, i), f)
			d.checkAuthorities(o, element(option, i), f)
		}
	}
}
