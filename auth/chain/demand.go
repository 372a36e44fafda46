package chain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"

	"culvert/auth/keys"
	"culvert/suite"
)

// Demands are what a connection asks of every certificate of a path on top of what RFC 5280 does. The anchor's key counts, as all
// rests on it; how the anchor is signed proves nothing and does not.
type Demands struct {
	Keys       []KeyDemand    // one of them must be met; none: all keys that may be used at all
	Signatures []suite.Scheme // that issuers may have signed with; none: all
}

// A KeyDemand is a kind of public key and the least size of it.
type KeyDemand struct {
	Kind string // rsa, ecdsa, ed25519, ed448, mldsa44, mldsa65 or mldsa87
	Bits int    // of the modulus, or of the field of the curve; 0: no matter
}

// largestDemand is more than any key that is accepted has.
const largestDemand = 16384

// ParseKeyDemand reads "rsa-3072", "ecdsa-384", or a kind alone.
func ParseKeyDemand(s string) (KeyDemand, error) {
	kind, size, sized := strings.Cut(s, "-")
	d := KeyDemand{Kind: kind}
	switch kind {
	case "rsa", "ecdsa":
	case "ed25519", "ed448", "mldsa44", "mldsa65", "mldsa87":
		if sized {
			return d, fmt.Errorf("keys of the kind %s are all of one size", kind)
		}
	default:
		return d, fmt.Errorf("there are no keys of the kind %q", kind)
	}
	if !sized {
		return d, nil
	}
	n, err := strconv.ParseUint(size, 10, 16)
	if err != nil || n == 0 || n > largestDemand {
		return d, fmt.Errorf("%q is no size of a key in bits", size)
	}
	d.Bits = int(n)
	return d, nil
}

// String returns what ParseKeyDemand reads.
func (d KeyDemand) String() string {
	if d.Bits == 0 {
		return d.Kind
	}
	return fmt.Sprintf("%s-%d", d.Kind, d.Bits)
}

// kindOf measures a key in the terms of demands.
func kindOf(pub crypto.PublicKey) KeyDemand {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return KeyDemand{"rsa", key.N.BitLen()}
	case *suite.PSSPublicKey:
		return kindOf(key.RSA)
	case *ecdsa.PublicKey:
		return KeyDemand{"ecdsa", key.Curve.Params().BitSize}
	case ed25519.PublicKey:
		return KeyDemand{Kind: "ed25519"}
	case ed448.PublicKey:
		return KeyDemand{Kind: "ed448"}
	case *mldsa.PublicKey:
		return KeyDemand{Kind: strings.ToLower(strings.ReplaceAll(key.Parameters().String(), "-", ""))}
	}
	return KeyDemand{}
}

// CheckKey tells in half a sentence why a public key is not one that is demanded, or returns nil.
func (d Demands) CheckKey(pub crypto.PublicKey) error {
	has := kindOf(pub)
	if len(d.Keys) == 0 || slices.ContainsFunc(d.Keys, func(want KeyDemand) bool { return has.Kind == want.Kind && has.Bits >= want.Bits }) {
		return nil
	}
	return fmt.Errorf("its key is %s, demanded is %s", keys.Name(pub), oneOf(d.Keys))
}

// Check returns an *Error with the first certificate of a path, leaf first, that does not meet the demands.
func (d Demands) Check(path []*x509.Certificate) error {
	for i, c := range path {
		pub, err := PublicKey(c)
		if err == nil {
			err = d.CheckKey(pub)
		}
		if err == nil && i < len(path)-1 {
			err = d.checkSignature(c)
		}
		if err != nil {
			return &Error{Kind: Strength, Cert: c, Err: err}
		}
	}
	return nil
}

// checkSignature compares how a certificate is signed.
func (d Demands) checkSignature(c *x509.Certificate) error {
	if len(d.Signatures) == 0 {
		return nil
	}
	s, err := split(c.Raw)
	if err != nil {
		return err
	}
	scheme := suite.SchemeOf(s.algorithm)
	if slices.Contains(d.Signatures, scheme) {
		return nil
	}
	return fmt.Errorf("it is signed with %v, demanded is %s", scheme, oneOf(d.Signatures))
}

// oneOf lists what is demanded for people.
func oneOf[T fmt.Stringer](all []T) string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = one.String()
	}
	return strings.Join(texts, " or ")
}
