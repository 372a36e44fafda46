package suite

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" // for crypto.SHA1
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"slices"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"

	"culvert/wire"
)

// A Scheme is a signature algorithm with its hash.
type Scheme uint8

// Signature schemes.
const (
	SchemeNone      Scheme = iota
	SchemeRSASHA1          // RSASSA-PKCS1-v1_5 with SHA-1: method 1 only, and only by name (RFC 8247, Section 3.2)
	SchemeRSASHA256        // RSASSA-PKCS1-v1_5
	SchemeRSASHA384
	SchemeRSASHA512
	SchemePSSSHA256 // RSASSA-PSS with MGF1 of the same hash
	SchemePSSSHA384
	SchemePSSSHA512
	SchemeECDSASHA256
	SchemeECDSASHA384
	SchemeECDSASHA512
	SchemeEd25519
	SchemeEd448
	SchemeMLDSA44 // pure, with an empty context
	SchemeMLDSA65
	SchemeMLDSA87
)

// A family is the kind of key and the way it signs.
type family uint8

const (
	familyNone family = iota
	familyRSA
	familyPSS
	familyECDSA
	familyEd25519
	familyEd448
	familyMLDSA
)

// A schemeInfo says what a scheme is made of.
type schemeInfo struct {
	name   string
	family family
	hash   crypto.Hash // 0: the scheme takes the message itself
	// number is for SIGNATURE_HASH_ALGORITHMS (RFC 7427, Section 4; RFC 8420, Section 2;
	// draft-ietf-ipsecme-ikev2-pqc-auth, Section 3.2.1).
	number wire.HashAlgorithm
}

func (s Scheme) info() schemeInfo {
	switch s {
	case SchemeRSASHA1:
		return schemeInfo{"RSA_PKCS1_SHA1", familyRSA, crypto.SHA1, wire.HashSHA1}
	case SchemeRSASHA256:
		return schemeInfo{"RSA_PKCS1_SHA2_256", familyRSA, crypto.SHA256, wire.HashSHA256}
	case SchemeRSASHA384:
		return schemeInfo{"RSA_PKCS1_SHA2_384", familyRSA, crypto.SHA384, wire.HashSHA384}
	case SchemeRSASHA512:
		return schemeInfo{"RSA_PKCS1_SHA2_512", familyRSA, crypto.SHA512, wire.HashSHA512}
	case SchemePSSSHA256:
		return schemeInfo{"RSA_PSS_SHA2_256", familyPSS, crypto.SHA256, wire.HashSHA256}
	case SchemePSSSHA384:
		return schemeInfo{"RSA_PSS_SHA2_384", familyPSS, crypto.SHA384, wire.HashSHA384}
	case SchemePSSSHA512:
		return schemeInfo{"RSA_PSS_SHA2_512", familyPSS, crypto.SHA512, wire.HashSHA512}
	case SchemeECDSASHA256:
		return schemeInfo{"ECDSA_SHA2_256", familyECDSA, crypto.SHA256, wire.HashSHA256}
	case SchemeECDSASHA384:
		return schemeInfo{"ECDSA_SHA2_384", familyECDSA, crypto.SHA384, wire.HashSHA384}
	case SchemeECDSASHA512:
		return schemeInfo{"ECDSA_SHA2_512", familyECDSA, crypto.SHA512, wire.HashSHA512}
	case SchemeEd25519:
		return schemeInfo{"ED25519", familyEd25519, 0, wire.HashIdentity}
	case SchemeEd448:
		return schemeInfo{"ED448", familyEd448, 0, wire.HashIdentity}
	case SchemeMLDSA44:
		return schemeInfo{"ML_DSA_44", familyMLDSA, 0, wire.HashIdentity}
	case SchemeMLDSA65:
		return schemeInfo{"ML_DSA_65", familyMLDSA, 0, wire.HashIdentity}
	case SchemeMLDSA87:
		return schemeInfo{"ML_DSA_87", familyMLDSA, 0, wire.HashIdentity}
	}
	return schemeInfo{name: fmt.Sprintf("SCHEME(%d)", uint8(s))}
}

// String returns the name of the scheme: "RSA_PSS_SHA2_256".
func (s Scheme) String() string { return s.info().name }

// Hash returns the hash that a peer must have announced before it is sent this scheme.
func (s Scheme) Hash() wire.HashAlgorithm { return s.info().number }

// DefaultSchemes lists the schemes in use unless a policy says otherwise: all but SchemeRSASHA1.
func DefaultSchemes() []Scheme {
	return []Scheme{
		SchemePSSSHA256, SchemePSSSHA384, SchemePSSSHA512, SchemeRSASHA256, SchemeRSASHA384, SchemeRSASHA512,
		SchemeECDSASHA256, SchemeECDSASHA384, SchemeECDSASHA512, SchemeEd25519, SchemeEd448,
		SchemeMLDSA44, SchemeMLDSA65, SchemeMLDSA87,
	}
}

// SignatureHashes lists what we announce in SIGNATURE_HASH_ALGORITHMS: the hashes of DefaultSchemes.
func SignatureHashes() []wire.HashAlgorithm {
	return []wire.HashAlgorithm{wire.HashSHA256, wire.HashSHA384, wire.HashSHA512, wire.HashIdentity}
}

// SchemesFor lists the schemes of method 14 that a key can make and a peer that announced these hashes can verify, best
// first: PSS before PKCS #1 v1.5, and the hash that fits the size of an ECDSA curve before the others.
func SchemesFor(pub crypto.PublicKey, peer []wire.HashAlgorithm) []Scheme {
	schemes := slices.DeleteFunc(DefaultSchemes(), func(s Scheme) bool {
		return !s.makes(pub) || !slices.Contains(peer, s.Hash())
	})
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return schemes
	}
	natural := curveScheme(key.Curve)
	if i := slices.Index(schemes, natural); i > 0 {
		schemes = append([]Scheme{natural}, slices.Delete(schemes, i, i+1)...)
	}
	return schemes
}

// curveScheme returns the scheme whose hash fits the size of a curve, SchemeNone for curves that are not supported.
func curveScheme(c elliptic.Curve) Scheme {
	switch c {
	case elliptic.P256():
		return SchemeECDSASHA256
	case elliptic.P384():
		return SchemeECDSASHA384
	case elliptic.P521():
		return SchemeECDSASHA512
	}
	return SchemeNone
}

// parameterScheme returns the scheme of a parameter set of ML-DSA.
func parameterScheme(p mldsa.Parameters) Scheme {
	switch p {
	case mldsa.MLDSA44():
		return SchemeMLDSA44
	case mldsa.MLDSA65():
		return SchemeMLDSA65
	case mldsa.MLDSA87():
		return SchemeMLDSA87
	}
	return SchemeNone
}

// fits reports whether a public key is of the kind that the scheme takes.
func (s Scheme) fits(pub crypto.PublicKey) bool {
	kind := s.info().family
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return kind == familyRSA || kind == familyPSS
	case *PSSPublicKey:
		return kind == familyPSS && key.permitsHash(s.info().hash)
	case *ecdsa.PublicKey:
		return kind == familyECDSA && curveScheme(key.Curve) != SchemeNone
	case ed25519.PublicKey:
		return kind == familyEd25519 && len(key) == ed25519.PublicKeySize
	case ed448.PublicKey:
		return kind == familyEd448 && len(key) == ed448.PublicKeySize
	case *mldsa.PublicKey:
		return kind == familyMLDSA && parameterScheme(key.Parameters()) == s
	}
	return false
}

// digest returns the hash of the message, or the message for schemes that take it whole.
func (s Scheme) digest(message []byte) []byte {
	h := s.info().hash
	if h == 0 {
		return message
	}
	return digest(h.New(), message)
}

// oldMethod returns the one scheme of a method of RFC 4754, which ties the hash to the curve.
func oldMethod(m wire.AuthMethod) Scheme {
	switch m {
	case wire.AuthECDSA256:
		return SchemeECDSASHA256
	case wire.AuthECDSA384:
		return SchemeECDSASHA384
	case wire.AuthECDSA521:
		return SchemeECDSASHA512
	}
	return SchemeNone
}

// takes reports whether signatures of a scheme are sent with a method.
func takes(m wire.AuthMethod, s Scheme) bool {
	switch m {
	case wire.AuthDigitalSignature:
		return len(s.algorithmID()) > 0
	case wire.AuthRSASignature:
		return s.info().family == familyRSA
	}
	return s != SchemeNone && s == oldMethod(m)
}

// curveFits reports whether a key is on the one curve of a method of RFC 4754; other methods take any.
func curveFits(m wire.AuthMethod, pub crypto.PublicKey) bool {
	key, ok := pub.(*ecdsa.PublicKey)
	return oldMethod(m) == SchemeNone || ok && curveScheme(key.Curve) == oldMethod(m)
}
