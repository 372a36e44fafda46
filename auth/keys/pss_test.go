package keys

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

func TestPSSKeysRoundTrip(t *testing.T) {
	for _, name := range []string{"rsa-pss", "rsa-pss-sha256"} {
		der := readDER(t, name+".pub")
		pub, err := ParsePublic(der)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := MarshalPublic(pub); err != nil || !bytes.Equal(back, der) {
			t.Errorf("%s: written otherwise, %v", name, err)
		}
		key, err := ParsePrivate(readDER(t, name))
		if err != nil || !pub.(*suite.PSSPublicKey).Equal(key.Public()) {
			t.Errorf("%s: private key of another one, %v", name, err)
		}
		for i := range der {
			if _, err := ParsePublic(der[:i]); err == nil {
				t.Errorf("%s: %d of %d octets parse", name, i, len(der))
			}
		}
	}
}

// What a key signs keeps to its parameters, and verifies.
func TestPSSKeysSign(t *testing.T) {
	for name, schemes := range map[string]int{"rsa-pss": 3, "rsa-pss-sha256": 1} {
		key, err := ParsePrivate(readDER(t, name))
		if err != nil {
			t.Fatal(err)
		}
		possible := suite.SchemesFor(key.Public(), suite.SignatureHashes())
		if len(possible) != schemes {
			t.Errorf("%s: schemes %v, want %d", name, possible, schemes)
		}
		for _, s := range possible {
			data, err := suite.Sign(key, wire.AuthDigitalSignature, s, []byte("octets"), rand.Reader)
			if err == nil {
				err = suite.Verify(key.Public(), wire.Auth{Method: wire.AuthDigitalSignature, Data: data}, []byte("octets"), suite.SignaturePolicy{})
			}
			if err != nil {
				t.Errorf("%s, %s: %v", name, s, err)
			}
		}
		for _, s := range []suite.Scheme{suite.SchemeRSASHA256, suite.SchemeRSASHA512} {
			if _, err := suite.Sign(key, wire.AuthDigitalSignature, s, nil, rand.Reader); !errors.Is(err, suite.ErrKeyType) {
				t.Errorf("%s signs PKCS #1 v1.5: %v", name, err)
			}
		}
	}
}

func TestPSSKeysRefused(t *testing.T) {
	plain, err := ParsePublic(readDER(t, "rsa.pub"))
	if err != nil {
		t.Fatal(err)
	}
	_, _, inner, err := splitSPKI(readDER(t, "rsa-pss.pub"))
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct{ parameters, key []byte }{
		"NULL":               {asn1.NullBytes, inner},
		"trailing octets":    {[]byte{0x30, 0, 5, 0}, inner},
		"an unknown hash":    {[]byte("\x30\x0e\xa0\x0c\x30\x0a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05"), inner},
		"a key that is none": {nil, inner[:len(inner)-1]},
	} {
		der, err := marshalSPKI(OIDRSAPSS(), tt.parameters, tt.key)
		if err != nil {
			t.Fatal(err)
		}
		if pub, err := ParsePublic(der); err == nil {
			t.Errorf("%s: %v", what, pub)
		}
		private := infoOf(OIDRSAPSS(), tt.key)
		if key, err := ParsePrivate(private); err == nil {
			t.Errorf("%s: %v", what, key)
		}
	}
	pss, err := ParsePublic(readDER(t, "rsa-pss.pub"))
	if err != nil || pss.(interface{ Equal(crypto.PublicKey) bool }).Equal(plain) {
		t.Errorf("equal to an unrestricted key, or %v", err)
	}
	defaults, err := marshalSPKI(OIDRSAPSS(), []byte{0x30, 0}, inner)
	if err != nil {
		t.Fatal(err)
	}
	sha1, err := ParsePublic(defaults)
	if err != nil {
		t.Fatal(err)
	}
	if err := (suite.SignaturePolicy{}).CheckKey(sha1); !errors.Is(err, suite.ErrKeyType) {
		t.Errorf("a key for SHA-1: got %v, want ErrKeyType", err)
	}
}
