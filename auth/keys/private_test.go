package keys

import (
	"crypto"
	"encoding/pem"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

// readDER returns the last PEM block of a file of testdata.
func readDER(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".pem")
	if err != nil {
		t.Fatal(err)
	}
	var der []byte
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			return der
		}
		der, b = block.Bytes, rest
	}
}

// TestParsePrivate reads keys of openssl and pki; the public key that openssl has derived tells that they are read right.
func TestParsePrivate(t *testing.T) {
	for name, public := range map[string]string{
		"rsa": "rsa", "rsa-pkcs1": "rsa", "ec": "ec", "ec-sec1": "ec", "ed25519": "ed25519", "ed448": "ed448",
		"pki-ed448": "pki-ed448", "pki-ec": "pki-ec",
		"rsa-pss": "rsa-pss", "rsa-pss-sha256": "rsa-pss-sha256", "mldsa44": "mldsa44",
	} {
		key, err := ParsePrivate(readDER(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := ParsePublic(readDER(t, public+".pub"))
		if err != nil || !reflect.DeepEqual(key.Public(), crypto.PublicKey(want)) {
			t.Errorf("%s: public key %v, want %v (%v)", name, key.Public(), want, err)
		}
	}
}

func TestParsePrivateRefused(t *testing.T) {
	ed448 := readDER(t, "ed448")
	for what, tt := range map[string]struct {
		der  []byte
		want string
	}{
		"nothing":          {nil, "neither"},
		"a public key":     {readDER(t, "rsa.pub"), "neither"},
		"cannot sign":      {readDER(t, "x25519"), "cannot sign"},
		"encrypted":        {readDER(t, "ec-encrypted"), "openssl pkey"},
		"short Ed448 seed": {append([]byte("\x30\x46\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x71\x04\x3a\x04\x38"), ed448[16:72]...), "malformed Ed448"},
		"trailing octet":   {append(readDER(t, "ed448"), 0), "neither"},
		"unknown":          {[]byte("\x30\x0e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x7f\x04\x02\x04\x00"), "unknown algorithm"},
	} {
		if _, err := ParsePrivate(tt.der); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", what, err, tt.want)
		}
	}
	if _, err := ParsePrivate(readDER(t, "ec-encrypted")); !errors.Is(err, ErrEncrypted) {
		t.Error("not ErrEncrypted")
	}
}

func TestParsePrivateTruncated(t *testing.T) {
	for _, name := range []string{"ec", "ec-sec1", "ed448", "ed25519", "mldsa87"} {
		der := readDER(t, name)
		for i := range der {
			if _, err := ParsePrivate(der[:i]); err == nil {
				t.Errorf("%s: %d of %d octets parse", name, i, len(der))
			}
		}
	}
}

func FuzzPrivate(f *testing.F) {
	for _, name := range []string{"ec", "ec-sec1", "ec-encrypted", "ed448", "ed25519", "mldsa65", "rsa-pss-sha256"} {
		f.Add(readDER(f, name))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		key, err := ParsePrivate(der)
		if err == nil && key.Public() == nil {
			t.Fatal("a key without a public key")
		}
	})
}
