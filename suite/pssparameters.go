package suite

import (
	"crypto"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// pssParameters are the parameters of RSASSA-PSS (RFC 4055, Section 3.1).
type pssParameters struct {
	hash crypto.Hash // of the message
	mask crypto.Hash // in the mask generation function, MGF1
	salt int         // octets
}

// maxSalt bounds the salt of PSS: no modulus that is accepted has room for more (strongSwan's CVE-2021-41990 came of a
// salt length that was believed).
const maxSalt = maxRSABits / 8

// parsePSS parses id-RSASSA-PSS with its parameters. The hash has to be named, since the default is SHA-1; that of the mask
// need not be the same, nor resist collisions, and so may be SHA-1.
func parsePSS(b []byte) (Scheme, pssParameters) {
	in := cryptobyte.String(b)
	var outer cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&outer, der.SEQUENCE) || !in.Empty() || !outer.ReadASN1ObjectIdentifier(&oid) ||
		oid.String() != "1.2.840.113549.1.1.10" {
		return SchemeNone, pssParameters{}
	}
	p, ok := parsePSSParameters(outer)
	if s := pssScheme(p.hash); ok && s != SchemeNone {
		return s, p
	}
	return SchemeNone, pssParameters{}
}

// pssScheme returns the scheme with a hash; SHA-1 has none.
func pssScheme(h crypto.Hash) Scheme {
	switch h {
	case crypto.SHA256:
		return SchemePSSSHA256
	case crypto.SHA384:
		return SchemePSSSHA384
	case crypto.SHA512:
		return SchemePSSSHA512
	}
	return SchemeNone
}

// parsePSSParameters reads RSASSA-PSS-params, which fill in; what is absent has the default.
func parsePSSParameters(in cryptobyte.String) (p pssParameters, ok bool) {
	p = pssParameters{hash: crypto.SHA1, mask: crypto.SHA1, salt: 20}
	trailer := 1
	var params cryptobyte.String
	ok = in.ReadASN1(&params, der.SEQUENCE) && in.Empty() &&
		readOptional(&params, 0, func(hash cryptobyte.String) (ok bool) {
			p.hash, ok = parseHash(hash)
			return ok
		}) &&
		readOptional(&params, 1, func(mask cryptobyte.String) (ok bool) {
			p.mask, ok = parseMGF1(mask)
			return ok
		}) &&
		readOptional(&params, 2, func(n cryptobyte.String) bool { return n.ReadASN1Integer(&p.salt) && n.Empty() }) &&
		readOptional(&params, 3, func(n cryptobyte.String) bool { return n.ReadASN1Integer(&trailer) && n.Empty() }) &&
		params.Empty()
	return p, ok && trailer == 1 && p.salt >= 0 && p.salt <= maxSalt
}

// readOptional hands the content of an explicitly tagged field to read, if the field is there.
func readOptional(in *cryptobyte.String, tag uint8, read func(cryptobyte.String) bool) bool {
	var inner cryptobyte.String
	var present bool
	return in.ReadOptionalASN1(&inner, &present, der.Tag(tag).ContextSpecific().Constructed()) && (!present || read(inner))
}

// parseHash reads the AlgorithmIdentifier of a hash that fills in, with parameters NULL or absent (RFC 4055, Section 2.1).
func parseHash(in cryptobyte.String) (crypto.Hash, bool) {
	var id, null cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, der.SEQUENCE) || !in.Empty() || !id.ReadASN1ObjectIdentifier(&oid) {
		return 0, false
	}
	if !id.Empty() && (!id.ReadASN1(&null, der.NULL) || !null.Empty() || !id.Empty()) {
		return 0, false
	}
	return HashByOID(oid.String())
}

// HashByOID returns the hash of a dotted object identifier, of those that certificates and OCSP use (RFC 4055, Section 2.1).
func HashByOID(oid string) (crypto.Hash, bool) {
	switch oid {
	case "1.3.14.3.2.26":
		return crypto.SHA1, true
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, true
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, true
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, true
	}
	return 0, false
}

// parseMGF1 reads the AlgorithmIdentifier of MGF1 and returns the hash in it.
func parseMGF1(in cryptobyte.String) (crypto.Hash, bool) {
	var id cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, der.SEQUENCE) || !in.Empty() || !id.ReadASN1ObjectIdentifier(&oid) ||
		oid.String() != "1.2.840.113549.1.1.8" {
		return 0, false
	}
	return parseHash(id)
}
