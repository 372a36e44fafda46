package auth

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"

	"culvert/wire"
)

// Identities returns the identities that a certificate confirms (RFC 4945, Section 3.1): subjectAltNames, the subject unless
// it is empty, and the subject key identifier as a key identifier. The common name alone is no identity (Section 3.1.9).
func Identities(c *x509.Certificate) []Identity {
	var ids []Identity
	for _, name := range c.DNSNames {
		ids = append(ids, Identity{wire.IDFQDN, name})
	}
	for _, name := range c.EmailAddresses {
		ids = append(ids, Identity{wire.IDRFC822Addr, name})
	}
	for _, ip := range c.IPAddresses {
		if addr, ok := netip.AddrFromSlice(ip); ok {
			ids = append(ids, AddressIdentity(addr))
		}
	}
	if len(c.Subject.Names) > 0 {
		ids = append(ids, Identity{wire.IDDERASN1DN, string(c.RawSubject)})
	}
	if len(c.SubjectKeyId) > 0 {
		ids = append(ids, Identity{wire.IDKeyID, string(c.SubjectKeyId)})
	}
	return ids
}

// Confirms reports whether a certificate says that its owner has an identity: an exact match but for letter case
// (RFC 4945, Sections 3.1.1 to 3.1.5).
func Confirms(c *x509.Certificate, id Identity) bool {
	return slices.ContainsFunc(Identities(c), id.Equal)
}

// confirmsByWildcard reports whether a dNSName *.example.org of a certificate stands for a domain name: for one label, the
// leftmost, as in TLS (RFC 9525, Section 6.3).
func confirmsByWildcard(c *x509.Certificate, id Identity) bool {
	if id.Type != wire.IDFQDN {
		return false
	}
	label, domain, ok := strings.Cut(id.Data, ".")
	return ok && label != "" && slices.ContainsFunc(c.DNSNames, func(name string) bool {
		suffix, wild := strings.CutPrefix(name, "*.")
		return wild && strings.EqualFold(suffix, domain)
	})
}

// alternatives lists what a certificate confirms for an error message, of the type that was asked for if there is one.
func alternatives(c *x509.Certificate, wanted wire.IDType) string {
	const most = 8
	var all, same []string
	for _, id := range Identities(c) {
		if id.Type == wire.IDKeyID {
			continue
		}
		all = append(all, id.String())
		if id.Type == wanted {
			same = append(same, id.String())
		}
	}
	if len(same) > 0 {
		all = same
	}
	if len(all) == 0 {
		return "no name"
	}
	if len(all) > most {
		all = append(all[:most], "...")
	}
	return strings.Join(all, ", ")
}
