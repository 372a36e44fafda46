package suite

import (
	"encoding/asn1"
	"encoding/hex"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// The DER encodings of the AlgorithmIdentifiers of method 14 (RFC 7427, Appendix A; RFC 8420, Appendix A) in hexadecimal.
// The PSS ones leave out the trailer field, as RFC 4055, Section 3.1 demands of a signer.
const (
	idRSASHA256   = "300d06092a864886f70d01010b0500"
	idRSASHA384   = "300d06092a864886f70d01010c0500"
	idRSASHA512   = "300d06092a864886f70d01010d0500"
	idECDSASHA256 = "300a06082a8648ce3d040302"
	idECDSASHA384 = "300a06082a8648ce3d040303"
	idECDSASHA512 = "300a06082a8648ce3d040304"
	idEd25519     = "300506032b6570"
	idEd448       = "300506032b6571"
	idMLDSA44     = "300b0609608648016503040311" // (RFC 9881, Section 2), as the next two
	idMLDSA65     = "300b0609608648016503040312"
	idMLDSA87     = "300b0609608648016503040313"
	idPSSSHA256   = "304106092a864886f70d01010a3034a00f300d06096086480165030402010500" +
		"a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120"
	idPSSSHA384 = "304106092a864886f70d01010a3034a00f300d06096086480165030402020500" +
		"a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130"
	idPSSSHA512 = "304106092a864886f70d01010a3034a00f300d06096086480165030402030500" +
		"a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140"
)

// The same for RSASSA-PKCS1-v1_5 without parameters, which are sent by nobody who reads RFC 4055, Section 5, and which it
// wants accepted.
const (
	idRSASHA256Bare = "300b06092a864886f70d01010b"
	idRSASHA384Bare = "300b06092a864886f70d01010c"
	idRSASHA512Bare = "300b06092a864886f70d01010d"
)

// algorithmID returns the AlgorithmIdentifier that we send for a scheme, empty if it has none.
func (s Scheme) algorithmID() []byte {
	var id string
	switch s {
	case SchemeRSASHA256:
		id = idRSASHA256
	case SchemeRSASHA384:
		id = idRSASHA384
	case SchemeRSASHA512:
		id = idRSASHA512
	case SchemePSSSHA256:
		id = idPSSSHA256
	case SchemePSSSHA384:
		id = idPSSSHA384
	case SchemePSSSHA512:
		id = idPSSSHA512
	case SchemeECDSASHA256:
		id = idECDSASHA256
	case SchemeECDSASHA384:
		id = idECDSASHA384
	case SchemeECDSASHA512:
		id = idECDSASHA512
	case SchemeEd25519:
		id = idEd25519
	case SchemeEd448:
		id = idEd448
	case SchemeMLDSA44:
		id = idMLDSA44
	case SchemeMLDSA65:
		id = idMLDSA65
	case SchemeMLDSA87:
		id = idMLDSA87
	}
	b, _ := hex.DecodeString(id)
	return b
}

// parseAlgorithmID recognises the AlgorithmIdentifier of a signature. salt is the salt length of a PSS scheme in octets.
// Everything is compared octet by octet, or parsed in full for PSS; SHA-1 is not recognised (RFC 8247, Section 3.2).
func parseAlgorithmID(b []byte) (s Scheme, salt int) {
	switch hex.EncodeToString(b) {
	case idRSASHA256, idRSASHA256Bare:
		return SchemeRSASHA256, 0
	case idRSASHA384, idRSASHA384Bare:
		return SchemeRSASHA384, 0
	case idRSASHA512, idRSASHA512Bare:
		return SchemeRSASHA512, 0
	case idECDSASHA256:
		return SchemeECDSASHA256, 0
	case idECDSASHA384:
		return SchemeECDSASHA384, 0
	case idECDSASHA512:
		return SchemeECDSASHA512, 0
	case idEd25519:
		return SchemeEd25519, 0
	case idEd448:
		return SchemeEd448, 0
	case idMLDSA44:
		return SchemeMLDSA44, 0
	case idMLDSA65:
		return SchemeMLDSA65, 0
	case idMLDSA87:
		return SchemeMLDSA87, 0
	}
	return parsePSS(b)
}

// maxSalt bounds the salt of PSS: no modulus that is accepted has room for more (strongSwan's CVE-2021-41990 came of a
// salt length that was believed).
const maxSalt = maxRSABits / 8

// parsePSS parses id-RSASSA-PSS with its parameters (RFC 4055, Section 3.1): hash and mask generation have to be named,
// since the defaults mean SHA-1, and to be the same hash.
func parsePSS(b []byte) (Scheme, int) {
	in := cryptobyte.String(b)
	var outer, params cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&outer, der.SEQUENCE) || !in.Empty() || !outer.ReadASN1ObjectIdentifier(&oid) ||
		oid.String() != "1.2.840.113549.1.1.10" || !outer.ReadASN1(&params, der.SEQUENCE) || !outer.Empty() {
		return SchemeNone, 0
	}
	var hash, mask cryptobyte.String
	if !params.ReadASN1(&hash, context(0)) || !params.ReadASN1(&mask, context(1)) {
		return SchemeNone, 0
	}
	s := parsePSSHash(&hash)
	if s == SchemeNone || !hash.Empty() || parseMGF1(mask) != s {
		return SchemeNone, 0
	}
	salt, ok := parsePSSNumbers(params)
	if !ok {
		return SchemeNone, 0
	}
	return s, salt
}

func context(n uint8) der.Tag { return der.Tag(n).ContextSpecific().Constructed() }

// parsePSSHash reads the AlgorithmIdentifier of a hash, with parameters NULL or absent (RFC 4055, Section 2.1).
func parsePSSHash(in *cryptobyte.String) Scheme {
	var id, null cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, der.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) {
		return SchemeNone
	}
	if !id.Empty() && (!id.ReadASN1(&null, der.NULL) || !null.Empty() || !id.Empty()) {
		return SchemeNone
	}
	switch oid.String() {
	case "2.16.840.1.101.3.4.2.1":
		return SchemePSSSHA256
	case "2.16.840.1.101.3.4.2.2":
		return SchemePSSSHA384
	case "2.16.840.1.101.3.4.2.3":
		return SchemePSSSHA512
	}
	return SchemeNone
}

// parseMGF1 reads the AlgorithmIdentifier of MGF1 and returns the scheme of the hash in it.
func parseMGF1(in cryptobyte.String) Scheme {
	var id cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, der.SEQUENCE) || !in.Empty() || !id.ReadASN1ObjectIdentifier(&oid) ||
		oid.String() != "1.2.840.113549.1.1.8" {
		return SchemeNone
	}
	if s := parsePSSHash(&id); id.Empty() {
		return s
	}
	return SchemeNone
}

// parsePSSNumbers reads salt length (20 octets if absent) and trailer field (1, or absent), which end the parameters.
func parsePSSNumbers(params cryptobyte.String) (salt int, ok bool) {
	salt, trailer := 20, 1
	if !readOptionalInt(&params, context(2), &salt) || !readOptionalInt(&params, context(3), &trailer) {
		return 0, false
	}
	return salt, params.Empty() && trailer == 1 && salt >= 0 && salt <= maxSalt
}

// readOptionalInt reads an explicitly tagged INTEGER that fills its tag, if it is there.
func readOptionalInt(in *cryptobyte.String, tag der.Tag, n *int) bool {
	var inner cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&inner, &present, tag) {
		return false
	}
	return !present || inner.ReadASN1Integer(n) && inner.Empty()
}
