package config

import (
	"culvert/auth/chain"
	"culvert/suite"
)

// PathDemands are what every certificate of a path has to be like, beyond leading to an authority.
type PathDemands struct {
	ChainKeys   []chain.KeyDemand
	ChainSigned []suite.Scheme
}

// options say whose path it is.
func (p *PathDemands) options(whose string) []option {
	return []option{
		{name: "chain_keys", slot: many(&p.ChainKeys, keyDemand()), rfc: "RFC 5280, Section 6.1", aka: "remote.auth",
			doc: "Public keys that every certificate of " + whose + " may have, from its own to that of the CA, and a raw key: `rsa` and `ecdsa`, with the least size as in `rsa-3072` and `ecdsa-384`, `ed25519`, `ed448`, `mldsa44`, `mldsa65`, `mldsa87`. Empty: all that may be used."},
		{name: "chain_signatures", slot: many(&p.ChainSigned, scheme()), rfc: "RFC 5280, Section 6.1", aka: "remote.auth",
			doc: "Signature algorithms, written as in `signature_schemes`, that every certificate of " + whose + " but that of the CA at its end may be signed with. Empty: all but those with SHA-1."},
	}
}
