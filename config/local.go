package config

import (
	"net/netip"

	"culvert/auth"
	"culvert/suite"
)

// Local is our side of a connection.
type Local struct {
	LocalRound
	Addresses []netip.Prefix // empty: any
	Port      uint16         // 0: the daemon's
	Second    LocalRound     // if Present
}

// LocalRound is one round of our authentication.
type LocalRound struct {
	Origin
	Auth auth.Method
	ID   auth.Identity // zero: taken from the certificate or the address
	Credential
	Alternatives    []*Alternative
	Schemes         []suite.Scheme // empty: all
	AllowSHA1       bool
	SendCertificate auth.CertSending
	ShowOCSP        bool
	EAPOnly         bool
	EAP             LocalEAP // if Present
}

// Rounds are ours, in order.
func (l *Local) Rounds() []*LocalRound {
	if l.Second.Present() {
		return []*LocalRound{&l.LocalRound, &l.Second}
	}
	return []*LocalRound{&l.LocalRound}
}

func (l *Local) schema() schema {
	return schema{
		kind: "local", origin: &l.Origin,
		doc: "Our side: addresses, who we are and how we prove it.",
		options: append([]option{
			{name: "address", slot: many(&l.Addresses, prefix()), aka: "local_addrs",
				doc: "Our addresses or prefixes for this connection; the first address is used to connect. Empty or `%any`: any."},
			{name: "port", slot: one(&l.Port, number[uint16](1, 65535)), computed: "daemon.port", aka: "local_port",
				doc: "Our UDP port: `daemon.port`, or `daemon.nat_port` to begin there."},
		}, l.LocalRound.allOptions()...),
		blocks: []nested{
			{kind: "eap", open: func() schema { return l.EAP.schema("local.eap") }},
			l.alternatives("local.alternative", ""),
			{kind: "second", open: l.Second.schema},
		},
		finish: l.finish,
	}
}

// schema is that of a second round.
func (l *LocalRound) schema() schema {
	return schema{
		kind: "second", path: "local.second", like: "local", origin: &l.Origin,
		doc:     "A second round of our authentication (RFC 4739), after that of `local`: the options of `local` but `address` and `port`.",
		options: l.allOptions(),
		blocks:  []nested{{kind: "eap", open: func() schema { return l.EAP.schema("local.second.eap") }}, l.alternatives("local.second.alternative", "local.alternative")},
		finish:  l.finish,
	}
}

func (l *LocalRound) allOptions() []option {
	return append(append(l.options(), l.certificateOptions()...), option{name: "show_ocsp", slot: one(&l.ShowOCSP, boolean()), rfc: "RFC 4806", aka: "ocsp",
		doc: "Send an OCSP answer about our certificate to a peer that asks for one. It comes from the server that the certificate names, and is kept as long as it lasts."})
}

func (l *LocalRound) options() []option {
	return []option{
		{name: "auth", slot: one(&l.Auth, method()), computed: "pubkey with a certificate or key, eap with the block eap, otherwise psk", rfc: "RFC 7296, Sections 2.15 and 2.16; RFC 7619", aka: "local.auth",
			doc: "How we authenticate: `psk`, a secret that both sides know; `pubkey`, a signature; `eap`, by the block `eap` as initiator, and as responder by nothing else (RFC 5998); `null`, not at all."},
		{name: "id", slot: one(&l.ID, identity()), computed: "the certificate's subject or the address", rfc: "RFC 7296, Section 3.5", aka: "local.id",
			doc: "Who we say we are: a host name, `user@domain`, an address or a distinguished name."},
		{name: "eap_only", slot: one(&l.EAPOnly, boolean()), rfc: "RFC 5998",
			doc: "Leave our proof to EAP for initiators that ask for it. Their EAP method must be safe by itself, as EAP-TLS is."},
		{name: "certificate", slot: many(&l.Certificates, certificateFile()), rfc: "RFC 7296, Section 3.6", aka: "local.certs",
			doc: "PEM or DER files with our certificate first, then the CAs between it and what the peer trusts. With `key` alone we show a raw public key (RFC 7670)."},
		{name: "key", slot: optional(&l.Key, keyFile()), aka: "private",
			doc: "File with our private key: PKCS#8, PKCS#1 or SEC 1, not encrypted. `credential(\"name\")` takes it from systemd; `pkcs11`, `tpm` and `ssh_agent` use one where it is."},
		{name: "signature_schemes", slot: many(&l.Schemes, scheme()), rfc: "RFC 7427; RFC 8420", aka: "local.auth",
			doc: "Signature algorithms that we may sign with, in order of preference: `rsa-`, `rsa-pss-` or `ecdsa-` with `sha256`, `sha384` or `sha512`, `ed25519`, `ed448`, `mldsa44`, `mldsa65`, `mldsa87`. Empty: what the key can do and the peer knows."},
		{name: "allow_sha1", slot: one(&l.AllowSHA1, boolean()), rfc: "RFC 8247, Section 3.2",
			doc: "Sign with RSA and SHA-1 for a peer that knows nothing newer."},
		{name: "send_certificate", slot: one(&l.SendCertificate, boolOr(auth.SendAlways, auth.SendNever, value("if_asked", auth.SendIfAsked))), rfc: "RFC 7296, Sections 3.6 and 3.7", aka: "send_cert",
			doc: "Send our certificates. `false` when the peer has them already; `if_asked`: to peers that have sent CERTREQ."},
	}
}

func (l *LocalRound) publicKey() bool {
	return l.Given("certificate") || l.Given("key") || l.Given("signature_schemes") || l.Given("allow_sha1")
}

func (l *Local) finish(d *decoder) {
	l.LocalRound.finish(d)
	l.Addresses = withoutAny(d, &l.Origin, l.Addresses, func(p netip.Prefix) bool { return !p.IsValid() })
}

func (l *LocalRound) finish(d *decoder) {
	if l.Auth == 0 {
		l.Auth = auth.MethodPSK
		switch {
		case l.EAP.Present():
			l.Auth = auth.MethodEAP
		case l.publicKey():
			l.Auth = auth.MethodPublicKey
		}
	}
	useless := l.first("certificate", "key", "signature_schemes", "allow_sha1")
	switch {
	case l.Auth == auth.MethodPublicKey && !l.Given("key"):
		d.lacks(&l.Origin, "local", "key", "a signature needs our private key")
	case l.Auth != auth.MethodPublicKey && useless != "":
		d.contradiction(&l.Origin, useless, `auth = %q has no use for it: leave it out or use auth = "pubkey"`, methodWord(l.Auth))
	case l.Auth != auth.MethodEAP && l.EAP.Present():
		d.contradiction(&l.Origin, "auth", `auth = %q has no use for the block eap: leave it out or use auth = "eap"`, methodWord(l.Auth))
	}
	if l.ID.IsExpression() {
		d.contradiction(&l.Origin, "id", "regular expressions are for remote.id: ours is one identity")
	}
	l.finishCertificate(d, &l.Origin)
	d.checkCredential(l)
	d.checkAlternatives(l)
}
