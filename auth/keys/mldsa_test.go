package keys

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"strings"
	"testing"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// The example keys of RFC 9881, Appendix C.1, have the octets 0 to 31 as seed; testdata has them as the document does.
func TestMLDSAExamples(t *testing.T) {
	seed := make([]byte, mldsa.PrivateKeySize)
	for i := range seed {
		seed[i] = byte(i)
	}
	for name, p := range map[string]mldsa.Parameters{"mldsa44": mldsa.MLDSA44(), "mldsa65": mldsa.MLDSA65(), "mldsa87": mldsa.MLDSA87()} {
		key, err := ParsePrivate(readDER(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if private := key.(*mldsa.PrivateKey); !bytes.Equal(private.Bytes(), seed) || private.PublicKey().Parameters() != p {
			t.Errorf("%s: another key", name)
		}
		der := readDER(t, name+".pub")
		pub, err := ParsePublic(der)
		if err != nil || !key.Public().(*mldsa.PublicKey).Equal(pub) {
			t.Errorf("%s: another public key, %v", name, err)
			continue
		}
		if back, err := MarshalPublic(pub); err != nil || !bytes.Equal(back, der) {
			t.Errorf("%s: the public key is written otherwise, %v", name, err)
		}
		if got, want := Name(pub), p.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		for _, n := range []int{0, 1, 20, len(der) - 1} {
			if _, err := ParsePublic(der[:n]); err == nil {
				t.Errorf("%s: %d of %d octets parse", name, n, len(der))
			}
		}
	}
}

// infoOf encodes a PrivateKeyInfo.
func infoOf(oid asn1.ObjectIdentifier, private []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
		b.AddASN1OctetString(private)
	})
	return b.BytesOrPanic()
}

// bothOf encodes the form with seed and expanded key.
func bothOf(seed, expanded []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(seed)
		b.AddASN1OctetString(expanded)
	})
	return b.BytesOrPanic()
}

func expanded(t *testing.T, p mldsa.Parameters, seed []byte) []byte {
	t.Helper()
	_, key := expander(p).DeriveKey(seed)
	b, err := key.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMLDSASeedWithExpandedKey(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, mldsa.PrivateKeySize)
	for _, p := range []mldsa.Parameters{mldsa.MLDSA44(), mldsa.MLDSA65(), mldsa.MLDSA87()} {
		want, err := mldsa.NewPrivateKey(p, seed)
		if err != nil {
			t.Fatal(err)
		}
		large := expanded(t, p, seed)
		key, err := ParsePrivate(infoOf(OIDMLDSA(p), bothOf(seed, large)))
		if err != nil || !want.Equal(crypto.PrivateKey(key)) {
			t.Errorf("%s: %v", p, err)
		}
		other := bytes.Clone(large)
		other[len(other)-1] ^= 1
		for what, inner := range map[string][]byte{
			"of another seed":   bothOf(seed, other),
			"cut short":         bothOf(seed, large[:len(large)-1]),
			"without its seed":  bothOf(nil, large),
			"with a short seed": bothOf(seed[1:], large),
			"with more behind":  append(bothOf(seed, large), 0),
			"in a broken shell": bothOf(seed, large)[:100],
		} {
			if _, err := ParsePrivate(infoOf(OIDMLDSA(p), inner)); err == nil || !strings.Contains(err.Error(), "ML-DSA private key") {
				t.Errorf("%s, %s: got %v", p, what, err)
			}
		}
	}
}

func TestMLDSARefused(t *testing.T) {
	seed, p := make([]byte, mldsa.PrivateKeySize), mldsa.MLDSA65()
	key, err := mldsa.NewPrivateKey(p, seed)
	if err != nil {
		t.Fatal(err)
	}
	good, err := mldsax509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParsePrivate(good); err != nil {
		t.Fatal(err)
	}
	var alone cryptobyte.Builder
	alone.AddASN1OctetString(expanded(t, p, seed))
	for what, der := range map[string][]byte{
		"expanded key alone": infoOf(OIDMLDSA(p), alone.BytesOrPanic()),
		"short seed":         infoOf(OIDMLDSA(p), append([]byte{0x80, 31}, seed[1:]...)),
		"empty":              infoOf(OIDMLDSA(p), nil),
		"HashML-DSA":         infoOf(append(mldsaArc(), 33), append([]byte{0x80, 32}, seed...)),
		"cut":                good[:len(good)-1],
	} {
		if key, err := ParsePrivate(der); err == nil {
			t.Errorf("%s: %T", what, key)
		}
	}
	if _, ok := mldsaParameters(append(mldsaArc(), 20)); ok {
		t.Error("SLH-DSA taken for ML-DSA")
	}
}
