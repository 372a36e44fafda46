package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"reflect"
	"slices"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"
)

func TestPublicRoundTrip(t *testing.T) {
	pub448, _, err := ed448.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub25519, _, _ := ed25519.GenerateKey(rand.Reader)
	ec, err := ParsePrivate(readDER(t, "ec"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []any{pub448, pub25519, ec.Public()} {
		der, err := MarshalPublic(key)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePublic(der)
		if err != nil || !reflect.DeepEqual(back, key) {
			t.Errorf("%T: %v, %v", key, back, err)
		}
		for i := range der {
			if _, err := ParsePublic(der[:i]); err == nil {
				t.Errorf("%T: %d of %d octets parse", key, i, len(der))
			}
		}
	}
	if spki, _ := MarshalPublic(pub448); !bytes.HasPrefix(spki, []byte("\x30\x43\x30\x05\x06\x03\x2b\x65\x71\x03\x3a\x00")) {
		t.Errorf("Ed448 key is encoded as %x (RFC 8410, Section 4)", spki)
	}
}

func TestPublicRefused(t *testing.T) {
	good, _ := MarshalPublic(make(ed448.PublicKey, ed448.PublicKeySize))
	for what, der := range map[string][]byte{
		"trailing octet":    append(slices.Clone(good), 0),
		"parameters":        append([]byte("\x30\x45\x30\x07\x06\x03\x2b\x65\x71\x05\x00"), good[9:]...),
		"56 octets":         append([]byte("\x30\x42\x30\x05\x06\x03\x2b\x65\x71\x03\x39"), good[11:68]...),
		"unused bits":       append([]byte("\x30\x43\x30\x05\x06\x03\x2b\x65\x71\x03\x3a\x01"), good[12:]...),
		"unknown algorithm": append([]byte("\x30\x43\x30\x05\x06\x03\x2b\x65\x7f"), good[9:]...),
	} {
		if key, err := ParsePublic(der); err == nil {
			t.Errorf("%s: %v", what, key)
		}
	}
}

func FuzzPublic(f *testing.F) {
	good, _ := MarshalPublic(make(ed448.PublicKey, ed448.PublicKeySize))
	f.Add(good)
	for _, name := range []string{"rsa.pub", "ec.pub", "ed25519.pub", "ed448.pub", "mldsa44.pub", "rsa-pss.pub", "rsa-pss-sha256.pub"} {
		f.Add(readDER(f, name))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		key, err := ParsePublic(der)
		if err != nil {
			return
		}
		if _, err := MarshalPublic(key); err != nil {
			t.Fatal(err)
		}
	})
}

func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"rsa.pub": "RSA 2048, exponent 65537", "ec.pub": "ECDSA P-256", "pki-ec.pub": "ECDSA P-521",
		"ed25519.pub": "Ed25519", "ed448.pub": "Ed448", "mldsa44.pub": "ML-DSA-44",
		"rsa-pss.pub": "RSA 2048, exponent 65537, PSS only",
	} {
		pub, err := ParsePublic(readDER(t, name))
		if err != nil || Name(pub) != want {
			t.Errorf("%s: %q, %v", name, Name(pub), err)
		}
	}
	if got := Name(5); got != "int" {
		t.Errorf("got %q", got)
	}
}
