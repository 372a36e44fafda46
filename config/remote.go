package config

import (
	"net/netip"
	"slices"

	"culvert/auth"
	"culvert/auth/revocation"
	"culvert/suite"
)

// Remote is the peer's side of a connection: where it is and what we demand of it.
type Remote struct {
	RemoteRound
	Addresses []Address // empty: any, we only answer
	Port      uint16
	TCPPort   uint16
	Second    RemoteRound // if Present
}

// RemoteRound is what we demand of the peer in one round of its authentication.
type RemoteRound struct {
	Origin
	Authorities
	Auth        auth.Method
	ID          auth.Identity // pattern; zero: any
	Pinned      []CertificateFile
	PublicKeys  []PublicKeyFile
	Schemes     []suite.Scheme // empty: all but SHA-1
	AllowSHA1   bool
	MinRSABits  int
	ExtKeyUsage auth.ExtKeyUsage
	PathDemands
	Policies    []string // certificate policies, dotted; empty: any
	EveryPolicy bool
	OCSP        OCSP
	Hosts       []string // where certificates by hash and URL may be
	WildcardSAN bool
	Revocation  revocation.Policy
	CRLs        []CRLFile
	Groups      []string
	EAPOnly     bool
	EAP         RemoteEAP // if Present
}

// Rounds are those of the peer, in order.
func (r *Remote) Rounds() []*RemoteRound {
	if r.Second.Present() {
		return []*RemoteRound{&r.RemoteRound, &r.Second}
	}
	return []*RemoteRound{&r.RemoteRound}
}

// Prefixes returns the addresses that are not names.
func (r *Remote) Prefixes() []netip.Prefix {
	var list []netip.Prefix
	for _, a := range r.Addresses {
		if a.Name == "" {
			list = append(list, a.Prefix)
		}
	}
	return list
}

// Names returns the addresses that are names, to be resolved before each attempt to connect.
func (r *Remote) Names() []string {
	var list []string
	for _, a := range r.Addresses {
		if a.Name != "" {
			list = append(list, a.Name)
		}
	}
	return list
}

// Reachable reports whether there is an address to connect to.
func (r *Remote) Reachable() bool {
	for _, a := range r.Addresses {
		if a.Name != "" || a.Prefix.IsSingleIP() {
			return true
		}
	}
	return false
}

func (r *Remote) schema() schema {
	return schema{
		kind: "remote", origin: &r.Origin,
		doc: "The peer's side: where it is, who it must be and how it must prove it.",
		options: append([]option{
			{name: "address", slot: many(&r.Addresses, host()), aka: "remote_addrs",
				doc: "The peer's addresses, prefixes or names. Names and single addresses can be connected to, in order. Empty or `%any`: any, we only answer."},
			{name: "port", slot: one(&r.Port, number[uint16](1, 65535)), aka: "remote_port",
				doc: "The peer's UDP port. 4500 begins there, for networks that let nothing else through."},
			{name: "tcp_port", slot: one(&r.TCPPort, number[uint16](1, 65535)), rfc: "RFC 9329, Section 2",
				doc: "The peer's TCP port, for `transport` `tcp` or `auto`."},
		}, r.RemoteRound.allOptions()...),
		blocks: []nested{
			{kind: "eap", open: func() schema { return r.EAP.schema("remote.eap") }},
			{kind: "second", open: r.Second.schema},
		},
		finish: r.finish,
	}
}

// schema is that of a second round.
func (r *RemoteRound) schema() schema {
	return schema{
		kind: "second", path: "remote.second", like: "remote", origin: &r.Origin,
		doc:     "A second round of the peer's authentication (RFC 4739), after that of `remote`: the options of `remote` but `address`, `port` and `tcp_port`.",
		options: r.allOptions(),
		blocks:  []nested{{kind: "eap", open: func() schema { return r.EAP.schema("remote.second.eap") }}},
		finish:  r.finish,
	}
}

func (r *RemoteRound) allOptions() []option {
	return slices.Concat(r.options(), r.between(), r.certificateOptions())
}

func (r *RemoteRound) options() []option {
	return []option{
		{name: "auth", slot: one(&r.Auth, method()), computed: "pubkey with ca, certificate or public_key, eap with the block eap, otherwise psk", rfc: "RFC 7296, Sections 2.15 and 2.16; RFC 7619", aka: "remote.auth",
			doc: "How the peer must authenticate: `psk`, `pubkey`; `eap`, as initiator by what the block `eap` says, and as responder by nothing else (RFC 5998); `null`, not at all."},
		{name: "id", slot: one(&r.ID, identity()), computed: "any", rfc: "RFC 7296, Section 3.5", aka: "remote.id",
			doc: "Who the peer must be; `*.example.org`, `%any` and regular expressions with their type, as `fqdn:^gw[0-9]+\\.example\\.org$`, are patterns. A certificate must confirm it."},
		{name: "eap_only", slot: one(&r.EAPOnly, boolean()), rfc: "RFC 5998",
			doc: "As initiator with EAP: accept a responder that proves itself by the EAP method alone, which must be safe for that, as EAP-TLS is."},
		{name: "groups", slot: many(&r.Groups, groupName()), aka: "remote.groups",
			doc: "The peer's account must be in one of these groups. Empty: no matter."},
		{name: "ca", slot: many(&r.CAs, certificateFile()), rfc: "RFC 5280", aka: "remote.cacerts",
			doc: "Files with the certificate authorities that may vouch for the peer. No others are trusted."},
		{name: "certificate", slot: many(&r.Pinned, certificateFile()), aka: "remote.certs",
			doc: "Files with the very certificates that the peer may have."},
		{name: "public_key", slot: many(&r.PublicKeys, publicKeyFile()), rfc: "RFC 7670", aka: "remote.pubkeys",
			doc: "Files with raw public keys that the peer may have."},
		{name: "signature_schemes", slot: many(&r.Schemes, scheme()), rfc: "RFC 7427; RFC 8420", aka: "remote.auth",
			doc: "Signature algorithms that are accepted, written as in `local`. Empty: all but those with SHA-1."},
		{name: "allow_sha1", slot: one(&r.AllowSHA1, boolean()), rfc: "RFC 8247, Section 3.2",
			doc: "Accept RSA signatures with SHA-1 as well, for peers that know nothing newer."},
		{name: "min_rsa_bits", slot: one(&r.MinRSABits, number[int](1024, 16384)),
			doc: "The smallest RSA key that is accepted."},
		{name: "eku", slot: one(&r.ExtKeyUsage, choice("extended key usage rule", value("ike", auth.ExtKeyUsageIKE), value("strict", auth.ExtKeyUsageStrict),
			value("server", auth.ExtKeyUsageServer), value("ignore", auth.ExtKeyUsageIgnore))), rfc: "RFC 4945, Section 5.1.3.12",
			doc: "What the certificate's extended key usage may be. `ike`: absent or one of IKE, TLS server, TLS client and any; `strict`: absent, IKE or any; `server`: TLS server must be there; `ignore`: anything."},
		{name: "wildcard_san", slot: one(&r.WildcardSAN, boolean()), rfc: "RFC 4945, Section 5.1.3.6",
			doc: "Let a certificate for `*.example.org` confirm the identity `gw.example.org`."},
		{name: "revocation", slot: one(&r.Revocation, choice("revocation policy", value("relaxed", revocation.IfAvailable), value("ifuri", revocation.IfURI),
			value("strict", revocation.Strict), value("off", revocation.Off))), rfc: "RFC 5280, Section 6.3; RFC 6960", aka: "remote.revocation",
			doc: "When nobody says whether a certificate was revoked: `relaxed`: accept it; `ifuri`: refuse it if it names a place to ask; `strict`: refuse it; `off`: ask nobody."},
		{name: "crl", slot: many(&r.CRLs, crlFile()), rfc: "RFC 5280, Section 5", aka: "x509crl",
			doc: "Files with certificate revocation lists."},
	}
}

// trusting lists the options that say whom a signature is trusted of.
func trusting() []string { return []string{"ca", "certificate", "public_key"} }

func (r *RemoteRound) publicKeyOptions() []string {
	return append(trusting(), "intermediate", "via", "via_id", "signature_schemes", "allow_sha1", "min_rsa_bits", "eku", "wildcard_san", "revocation", "crl",
		"chain_keys", "chain_signatures", "require_policy", "require_every_policy", "ocsp_response", "ocsp_signer", "ocsp_nonce", "ocsp_max_age", "certificate_hosts")
}

func (r *Remote) finish(d *decoder) {
	r.RemoteRound.finish(d)
	r.Addresses = withoutAny(d, &r.Origin, r.Addresses, func(a Address) bool { return a == Address{} })
}

func (r *RemoteRound) finish(d *decoder) {
	trusts := r.first(trusting()...) != ""
	if r.Auth == 0 {
		r.Auth = auth.MethodPSK
		switch {
		case r.EAP.Present():
			r.Auth = auth.MethodEAP
		case trusts:
			r.Auth = auth.MethodPublicKey
		}
	}
	useless := r.first(r.publicKeyOptions()...)
	switch {
	case r.Auth == auth.MethodPublicKey && !trusts:
		d.lacks(&r.Origin, "remote", "ca", "a signature is worth nothing unless ca, certificate or public_key says whose are trusted")
	case r.Auth == auth.MethodPSK && useless != "":
		d.contradiction(&r.Origin, useless, `it has no effect, the peer authenticates with a secret: add ca, certificate or public_key, or leave it out`)
	case r.Auth != auth.MethodPublicKey && useless != "":
		d.contradiction(&r.Origin, useless, `auth = %q has no use for it: leave it out or use auth = "pubkey"`, methodWord(r.Auth))
	case r.Auth != auth.MethodEAP && r.EAP.Present():
		d.contradiction(&r.Origin, "auth", `auth = %q has no use for the block eap: leave it out or use auth = "eap"`, methodWord(r.Auth))
	case r.Auth == auth.MethodNULL && r.first("id", "groups") != "":
		d.contradiction(&r.Origin, r.first("id", "groups"), `auth = "null" proves nobody's identity (RFC 7619, Section 2.4)`)
	}
	r.finishRevocation(d)
	d.checkTrust(r)
}
