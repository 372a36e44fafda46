package config

import (
	"crypto/tls"

	"culvert/auth"
	"culvert/auth/revocation"
	"culvert/eap"
	"culvert/eap/carrier"
)

// An InnerMethod authenticates inside the tunnel of EAP-TTLS or PEAP.
type InnerMethod string

// The inner methods. In the tunnel of EAP-TTLS, which can do without EAP, InnerMSCHAPv2 is MS-CHAP-V2 itself; in that of PEAP
// every method is EAP.
const (
	InnerPAP         InnerMethod = "pap"
	InnerMSCHAPv2    InnerMethod = "mschapv2"
	InnerEAPMSCHAPv2 InnerMethod = "eap-mschapv2"
	InnerGTC         InnerMethod = "gtc"
	InnerMD5         InnerMethod = "md5"
	InnerEAP         InnerMethod = "eap" // EAP-MSCHAPv2 or EAP-MD5, as the server wants
)

// EAPTLS is what both sides of EAP over TLS have.
type EAPTLS struct {
	Origin
	Authorities    // that vouch for the other side
	Certificates   []CertificateFile
	Key            *KeyFile
	PathDemands    // of the other side's certificates
	Revocation     revocation.Policy
	CRLs           []CRLFile
	MinVersion     uint16
	MaxVersion     uint16
	Fragment       int
	RequireBinding bool
	RequireEMS     bool
}

// LocalTLS is how we are a client of EAP over TLS.
type LocalTLS struct {
	EAPTLS
	ServerName auth.Identity // pattern; zero: remote.id
	Inner      InnerMethod
	Anonymous  string // outer identity; "": that of inside
}

// RemoteTLS is how we are a server of EAP over TLS.
type RemoteTLS struct {
	EAPTLS
	Inner          []InnerMethod
	AnyCertificate bool // is enough for EAP-TLS: users are for other methods
}

func newEAPTLS() EAPTLS {
	return EAPTLS{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13, Fragment: carrier.DefaultFragment}
}

func newLocalTLS() LocalTLS { return LocalTLS{EAPTLS: newEAPTLS(), Inner: InnerMSCHAPv2} }

func newRemoteTLS() RemoteTLS {
	return RemoteTLS{EAPTLS: newEAPTLS(), Inner: []InnerMethod{InnerMSCHAPv2, InnerPAP, InnerGTC}}
}

func (t *LocalTLS) schema(path string) schema {
	return schema{
		kind: "tls", path: path, origin: &t.Origin,
		doc: "EAP over TLS as client: EAP-TLS, EAP-TTLS and PEAP.",
		options: append([]option{
			{name: "server_name", slot: one(&t.ServerName, identity()), computed: "remote.id", rfc: "RFC 5216, Section 5.3", aka: "remote.eap_id",
				doc: "Whom the certificate of the EAP server must be for, as a name or pattern. A RADIUS server behind the gateway often has a name of its own."},
			{name: "ca", slot: many(&t.CAs, certificateFile()), computed: "remote.ca, with intermediate and via of remote", rfc: "RFC 5216, Section 5.3", aka: "remote.cacerts",
				doc: "Files with the authorities that may vouch for the EAP server. No others are trusted, and without any nothing is sent."},
			{name: "certificate", slot: many(&t.Certificates, certificateFile()), rfc: "RFC 5216, Section 5.2", aka: "local.certs",
				doc: "PEM or DER files with our certificate first, then those between it and what the server trusts. `tls` needs it."},
			{name: "inner", slot: one(&t.Inner, words(InnerMSCHAPv2, InnerEAPMSCHAPv2, InnerEAP, InnerPAP, InnerGTC)), rfc: "RFC 5281, Section 11.2",
				doc: "How we authenticate inside the tunnel of `ttls` or `peap`. `pap` and `gtc` show the server the password, `pap` in that of `ttls` only; `eap-mschapv2` is for servers of `ttls` that take nothing but EAP, `eap` for those that may want EAP-MD5 instead, as strongSwan's; in PEAP both are `mschapv2`."},
			{name: "anonymous_identity", slot: one(&t.Anonymous, userName()), computed: "`identity`", rfc: "RFC 9190, Section 2.1.8", aka: "local.eap_id",
				doc: "The name that is seen outside of the tunnel, such as `@example.org`. RADIUS servers may need the right domain in it."},
		}, t.options()...),
		finish: t.finish,
	}
}

func (t *RemoteTLS) schema(path string) schema {
	return schema{
		kind: "tls", path: path, origin: &t.Origin,
		doc: "EAP over TLS as server: EAP-TLS, EAP-TTLS and PEAP.",
		options: append([]option{
			{name: "ca", slot: many(&t.CAs, certificateFile()), rfc: "RFC 5216, Section 5.3", aka: "remote.cacerts",
				doc: "Files with the authorities that may vouch for clients of `tls`. No others are trusted."},
			{name: "certificate", slot: many(&t.Certificates, certificateFile()), computed: "local.certificate", rfc: "RFC 5216, Section 5.2", aka: "local.certs",
				doc: "PEM or DER files with the certificate of the EAP server first, then those between it and what clients trust."},
			{name: "inner", slot: many(&t.Inner, words(InnerMSCHAPv2, InnerPAP, InnerGTC, InnerMD5)), rfc: "RFC 5281, Section 11.2",
				doc: "What is accepted inside the tunnel of `ttls` and `peap`, best first; `mschapv2` with and without EAP, `pap` and `md5`, which is EAP-MD5, in that of `ttls` only. With hashed passwords `pap` and `gtc` are all that works."},
			{name: "any_certificate", slot: one(&t.AnyCertificate, boolean()), rfc: "RFC 5216, Section 5.2",
				doc: "Whoever has a certificate gets in by `tls`, without an entry in `users`, which are for the other methods then."},
		}, t.options()...),
		finish: t.finish,
	}
}

func (t *EAPTLS) options() []option {
	return append(append(t.between(), t.PathDemands.options("the other side's path")...), []option{
		{name: "key", slot: optional(&t.Key, keyFile()), computed: "local.key as server", aka: "private",
			doc: "File with the private key of `certificate`, as in `local`."},
		{name: "revocation", slot: one(&t.Revocation, choice("revocation policy", value("relaxed", revocation.IfAvailable), value("ifuri", revocation.IfURI),
			value("strict", revocation.Strict), value("off", revocation.Off))), rfc: "RFC 9190, Section 5.4", aka: "remote.revocation",
			doc: "When nobody says whether a certificate of the other side was revoked, as in `remote`. Servers are asked to staple an OCSP answer."},
		{name: "crl", slot: many(&t.CRLs, crlFile()), rfc: "RFC 5280, Section 5", aka: "x509crl",
			doc: "Files with certificate revocation lists."},
		{name: "min_version", slot: one(&t.MinVersion, tlsVersion()), rfc: "RFC 8996", aka: "libtls.version_min",
			doc: "The lowest version of TLS."},
		{name: "max_version", slot: one(&t.MaxVersion, tlsVersion()), rfc: "RFC 9190", aka: "libtls.version_max",
			doc: "The highest version of TLS. `1.2` for peers that claim 1.3 and do not finish it."},
		{name: "fragment_size", slot: one(&t.Fragment, number[int](carrier.MinFragment, eap.MaxPacket)), rfc: "RFC 5216, Section 2.1.5", aka: "eap-tls.fragment_size",
			doc: "The largest EAP packet that we send, in octets. Larger ones spare round trips where IKE messages can be fragmented."},
		{name: "extended_master_secret", slot: one(&t.RequireEMS, boolean()), rfc: "RFC 7627",
			doc: "Refuse peers that speak TLS 1.2 without it, as strongSwan 5 does: a server of theirs that turns bad could pass itself off as its clients elsewhere."},
		{name: "crypto_binding", slot: one(&t.RequireBinding, boolean()),
			doc: "Demand that `peap` ties the inner method to its tunnel. It is done in any case when the other side can."},
	}...)
}

func tlsVersion() reader[uint16] {
	r := choice("TLS version", value("1.2", uint16(tls.VersionTLS12)), value("1.3", uint16(tls.VersionTLS13)))
	r.kind = "TLS version"
	return r
}

func (t *EAPTLS) finish(d *decoder) {
	switch {
	case t.MinVersion > t.MaxVersion:
		d.contradiction(&t.Origin, "min_version", "min_version is above max_version")
	case len(t.Certificates) > 0 && t.Key == nil:
		d.missing(&t.Origin, "tls", "key", "a certificate is worth nothing without its private key")
	case len(t.Certificates) == 0 && t.Key != nil:
		d.missing(&t.Origin, "tls", "certificate", "a private key is shown by its certificate")
	case len(t.CAs) == 0 && (len(t.Intermediates)+len(t.Via) > 0 || !t.ViaID.IsAny()):
		d.missing(&t.Origin, "tls", "ca", "paths by way of intermediate and via have to end somewhere")
	}
	d.checkPair(&t.Origin, t.Certificates, t.Key)
	t.Authorities.check(d, &t.Origin)
}
