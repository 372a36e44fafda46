package suite

import "encoding/hex"

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

// AlgorithmIdentifier returns what stands for a scheme in SUPPORTED_AUTH_METHODS, in DER (RFC 9593, Section 3.2.3); empty if it
// has none.
func (s Scheme) AlgorithmIdentifier() []byte { return s.algorithmID() }

// SchemeOf returns the scheme of an AlgorithmIdentifier in DER, or SchemeNone.
func SchemeOf(id []byte) Scheme {
	s, _ := parseAlgorithmID(id)
	return s
}

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

// parseAlgorithmID recognises the AlgorithmIdentifier of a signature, with the parameters if the scheme is one of PSS.
// Everything is compared octet by octet, or parsed in full for PSS; SHA-1 is not recognised (RFC 8247, Section 3.2).
func parseAlgorithmID(b []byte) (Scheme, pssParameters) {
	switch hex.EncodeToString(b) {
	case idRSASHA256, idRSASHA256Bare:
		return SchemeRSASHA256, pssParameters{}
	case idRSASHA384, idRSASHA384Bare:
		return SchemeRSASHA384, pssParameters{}
	case idRSASHA512, idRSASHA512Bare:
		return SchemeRSASHA512, pssParameters{}
	case idECDSASHA256:
		return SchemeECDSASHA256, pssParameters{}
	case idECDSASHA384:
		return SchemeECDSASHA384, pssParameters{}
	case idECDSASHA512:
		return SchemeECDSASHA512, pssParameters{}
	case idEd25519:
		return SchemeEd25519, pssParameters{}
	case idEd448:
		return SchemeEd448, pssParameters{}
	case idMLDSA44:
		return SchemeMLDSA44, pssParameters{}
	case idMLDSA65:
		return SchemeMLDSA65, pssParameters{}
	case idMLDSA87:
		return SchemeMLDSA87, pssParameters{}
	}
	return parsePSS(b)
}
