package suite

import (
	"crypto"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"culvert/wire"
)

// Our own verification agrees with every verdict on the signatures that usually go to the library.
func TestCheckPSSWycheproof(t *testing.T) {
	p := pssParameters{crypto.SHA256, crypto.SHA256, 32}
	for _, name := range []string{"rsa_pss_2048_sha256_mgf1_32", "rsa_pss_2048_sha256_mgf1_32_params"} {
		verdicts := map[bool]int{}
		proofs(t, name, func(t *testing.T, g proofGroup, test proofTest) {
			pub, _ := rsaKey(g.publicKey(t))
			encoded, ok := recoverPSS(pub, test.Sig)
			ok = ok && checkPSS(encoded, 8*len(encoded)-(pub.N.BitLen()-1), SchemePSSSHA256.digest(test.Msg), p)
			if ok != test.valid() {
				t.Errorf("%s %d %s: got %v", name, test.TcID, test.Comment, ok)
			}
			verdicts[ok]++
		})
		if verdicts[true] == 0 || verdicts[false] == 0 {
			t.Errorf("%s: verdicts %v", name, verdicts)
		}
	}
}

// A modulus of 8n+1 bits has an encoded message one octet shorter (RFC 8017, Section 8.1.2, step 2c), and the library makes
// salts of any length.
func TestVerifyPSSOfEveryModulus(t *testing.T) {
	for bits := 1024; bits < 1034; bits++ {
		key, err := rsa.GenerateKey(testRand(byte(bits)), bits)
		if err != nil {
			t.Fatal(err)
		}
		digest := SchemePSSSHA256.digest([]byte("octets"))
		for _, salt := range []int{0, 1, 20, 32, 60} {
			opts := &rsa.PSSOptions{SaltLength: salt, Hash: crypto.SHA256}
			if salt == 0 {
				continue // the library reads 0 as the longest
			}
			signature, err := rsa.SignPSS(testRand(1), key, crypto.SHA256, digest, opts)
			if err != nil {
				t.Fatal(err)
			}
			encoded, ok := recoverPSS(&key.PublicKey, signature)
			if !ok || !checkPSS(encoded, 8*len(encoded)-(bits-1), digest, pssParameters{crypto.SHA256, crypto.SHA256, salt}) {
				t.Errorf("%d bits, salt of %d: refused", bits, salt)
			}
			larger := new(big.Int).Add(new(big.Int).SetBytes(signature), key.N)
			if larger.BitLen() > 8*len(signature) {
				continue
			}
			if _, ok := recoverPSS(&key.PublicKey, larger.FillBytes(make([]byte, len(signature)))); ok {
				t.Errorf("%d bits: a signature above the modulus is taken", bits)
			}
		}
	}
}

// keyParameters returns the parameters of a key as DER.
func keyParameters(t *testing.T, hash, mask string, salt int) []byte {
	t.Helper()
	in := cryptobyte.String(pssID(t, hashOID(hash), hashOID(mask), salt, 1))
	var outer cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&outer, 0x30) || !outer.ReadASN1ObjectIdentifier(&oid) {
		t.Fatal("malformed")
	}
	return outer
}

func TestPSSKeyBindsItsSignatures(t *testing.T) {
	signer := keyNamed(t, "rsa2048")
	sign := func(s Scheme) wire.Auth {
		data, err := Sign(signer, wire.AuthDigitalSignature, s, []byte("octets"), testRand(70))
		if err != nil {
			t.Fatal(err)
		}
		return wire.Auth{Method: wire.AuthDigitalSignature, Data: data}
	}
	tests := []struct {
		name       string
		parameters []byte
		scheme     Scheme
		want       error
		makes      bool
	}{
		{"no parameters", nil, SchemePSSSHA512, nil, true},
		{"its parameters", keyParameters(t, "SHA-256", "SHA-256", 32), SchemePSSSHA256, nil, true},
		{"a longer salt", keyParameters(t, "SHA-256", "SHA-256", 20), SchemePSSSHA256, nil, true},
		{"a shorter salt", keyParameters(t, "SHA-256", "SHA-256", 33), SchemePSSSHA256, ErrKeyType, false},
		{"another hash", keyParameters(t, "SHA-256", "SHA-256", 32), SchemePSSSHA384, ErrKeyType, false},
		{"another mask", keyParameters(t, "SHA-256", "SHA-512", 32), SchemePSSSHA256, ErrKeyType, false},
		{"PKCS #1 v1.5", nil, SchemeRSASHA256, ErrKeyType, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pub, err := NewPSSPublicKey(signer.Public().(*rsa.PublicKey), tt.parameters)
			if err != nil {
				t.Fatal(err)
			}
			if err := Verify(pub, sign(tt.scheme), []byte("octets"), SignaturePolicy{}); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got := tt.scheme.makes(pub); got != tt.makes {
				t.Errorf("can sign: %v, want %v", got, tt.makes)
			}
		})
	}
}

func TestPSSKeyIsChecked(t *testing.T) {
	small := keyNamed(t, "rsa1024").Public().(*rsa.PublicKey)
	pub, err := NewPSSPublicKey(small, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := (SignaturePolicy{}).CheckKey(pub); !errors.Is(err, ErrWeakKey) {
		t.Errorf("1024 bits: got %v, want ErrWeakKey", err)
	}
	if _, err := NewPSSPublicKey(small, []byte{5, 0}); err == nil {
		t.Error("NULL taken for parameters")
	}
	if pub.Equal(small) || !pub.Equal(pub) || pub.Equal(nil) {
		t.Error("equality")
	}
	same, _ := NewPSSPublicKey(small, keyParameters(t, "SHA-256", "SHA-256", 32))
	if pub.Equal(same) {
		t.Error("equal in spite of parameters")
	}
}
