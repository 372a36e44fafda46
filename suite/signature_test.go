package suite

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"

	"culvert/wire"
)

// A testKey is a key of each kind, generated once: RSA takes its time.
type testKey struct {
	name string
	crypto.Signer
}

var testKeys = sync.OnceValue(func() []testKey {
	r := testRand(40)
	small, errSmall := rsa.GenerateKey(r, 1024)
	big, errBig := rsa.GenerateKey(r, 2048)
	p256, err256 := ecdsa.GenerateKey(elliptic.P256(), r)
	p384, err384 := ecdsa.GenerateKey(elliptic.P384(), r)
	p521, err521 := ecdsa.GenerateKey(elliptic.P521(), r)
	_, ed25519Key, errEd := ed25519.GenerateKey(r)
	_, ed448Key, errEd448 := ed448.GenerateKey(r)
	seed := make([]byte, mldsa.PrivateKeySize)
	dsa44, err44 := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
	dsa65, err65 := mldsa.NewPrivateKey(mldsa.MLDSA65(), seed)
	dsa87, err87 := mldsa.NewPrivateKey(mldsa.MLDSA87(), seed)
	if err := errors.Join(errSmall, errBig, err256, err384, err521, errEd, errEd448, err44, err65, err87); err != nil {
		panic(err)
	}
	return []testKey{
		{"rsa1024", small}, {"rsa2048", big}, {"p256", p256}, {"p384", p384}, {"p521", p521}, {"ed25519", ed25519Key}, {"ed448", ed448Key},
		{"mldsa44", dsa44}, {"mldsa65", dsa65}, {"mldsa87", dsa87},
	}
})

func keyNamed(t testing.TB, name string) crypto.Signer {
	t.Helper()
	for _, k := range testKeys() {
		if k.name == name {
			return k.Signer
		}
	}
	t.Fatalf("no key %q", name)
	return nil
}

// allSchemes is every scheme there is.
func allSchemes() []Scheme { return append(DefaultSchemes(), SchemeRSASHA1) }

// lax is a policy that takes all we can do.
func lax() SignaturePolicy { return SignaturePolicy{Schemes: allSchemes(), MinRSABits: minRSABits} }

var signatureMethods = []wire.AuthMethod{
	wire.AuthDigitalSignature, wire.AuthRSASignature, wire.AuthECDSA256, wire.AuthECDSA384, wire.AuthECDSA521,
}

// Every key signs with every method and scheme that fits it and with no other; what it signs verifies, under its own key
// and for its own octets only.
func TestSignAndVerify(t *testing.T) {
	octets := []byte("the octets of an IKE_SA_INIT message, a nonce and a MACed ID")
	others := []byte("the octets of another")
	signed := map[string]int{}
	for _, key := range testKeys() {
		for _, method := range signatureMethods {
			for _, scheme := range allSchemes() {
				data, err := Sign(key, method, scheme, octets, testRand(41))
				var refused *SignatureError
				if errors.As(err, &refused) {
					continue
				}
				if err != nil { // a modulus too small for PSS with this hash
					if key.name != "rsa1024" || scheme != SchemePSSSHA512 {
						t.Errorf("%s, %s, %s: %v", key.name, method, scheme, err)
					}
					continue
				}
				signed[key.name]++
				auth := wire.Auth{Method: method, Data: data}
				if err := Verify(key.Public(), auth, octets, lax()); err != nil {
					t.Errorf("%s, %s, %s: %v", key.name, method, scheme, err)
				}
				if err := Verify(key.Public(), auth, others, lax()); !errors.Is(err, ErrSignature) {
					t.Errorf("%s, %s, %s: other octets: %v", key.name, method, scheme, err)
				}
				for _, other := range testKeys() {
					if other.name != key.name && Verify(other.Public(), auth, octets, lax()) == nil {
						t.Errorf("%s, %s, %s: verifies under %s", key.name, method, scheme, other.name)
					}
				}
			}
		}
	}
	want := map[string]int{"rsa1024": 9, "rsa2048": 10, "p256": 4, "p384": 4, "p521": 4, "ed25519": 1, "ed448": 1, "mldsa44": 1, "mldsa65": 1, "mldsa87": 1}
	for name, n := range want {
		if signed[name] != n {
			t.Errorf("%s: %d combinations of method and scheme, want %d", name, signed[name], n)
		}
	}
}

func TestVerifyRefusesEveryChangedBit(t *testing.T) {
	octets := []byte("octets")
	for _, tt := range []struct {
		key    string
		method wire.AuthMethod
		scheme Scheme
	}{
		{"rsa2048", wire.AuthDigitalSignature, SchemePSSSHA256}, {"rsa2048", wire.AuthRSASignature, SchemeRSASHA256},
		{"p256", wire.AuthDigitalSignature, SchemeECDSASHA256}, {"p256", wire.AuthECDSA256, SchemeECDSASHA256},
		{"ed25519", wire.AuthDigitalSignature, SchemeEd25519}, {"ed448", wire.AuthDigitalSignature, SchemeEd448},
	} {
		key := keyNamed(t, tt.key)
		data, err := Sign(key, tt.method, tt.scheme, octets, testRand(42))
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			forged := bytes.Clone(data)
			forged[i] ^= 1 << (i % 8)
			if Verify(key.Public(), wire.Auth{Method: tt.method, Data: forged}, octets, lax()) == nil {
				t.Errorf("%s, %s: octet %d does not count", tt.method, tt.scheme, i)
			}
			if Verify(key.Public(), wire.Auth{Method: tt.method, Data: data[:i]}, octets, lax()) == nil {
				t.Errorf("%s, %s: verifies when cut to %d octets", tt.method, tt.scheme, i)
			}
		}
		longer := append(bytes.Clone(data), 0)
		if Verify(key.Public(), wire.Auth{Method: tt.method, Data: longer}, octets, lax()) == nil {
			t.Errorf("%s, %s: verifies with an octet more", tt.method, tt.scheme)
		}
	}
}

func TestVerifyPolicy(t *testing.T) {
	octets := []byte("octets")
	tests := []struct {
		name   string
		key    string
		method wire.AuthMethod
		scheme Scheme
		policy SignaturePolicy
		want   error
	}{
		{"default", "rsa2048", wire.AuthDigitalSignature, SchemePSSSHA384, SignaturePolicy{}, nil},
		{"SHA-1 by default", "rsa2048", wire.AuthRSASignature, SchemeRSASHA1, SignaturePolicy{}, ErrSignature},
		{"SHA-1 by name", "rsa2048", wire.AuthRSASignature, SchemeRSASHA1, SignaturePolicy{Schemes: []Scheme{SchemeRSASHA1}}, nil},
		{"method 1 with SHA-512", "rsa2048", wire.AuthRSASignature, SchemeRSASHA512, SignaturePolicy{}, nil},
		{"method 1 without its schemes", "rsa2048", wire.AuthRSASignature, SchemeRSASHA512, SignaturePolicy{Schemes: []Scheme{SchemePSSSHA256}}, ErrScheme},
		{"scheme not allowed", "rsa2048", wire.AuthDigitalSignature, SchemeRSASHA256, SignaturePolicy{Schemes: []Scheme{SchemePSSSHA256}}, ErrScheme},
		{"nothing allowed", "ed25519", wire.AuthDigitalSignature, SchemeEd25519, SignaturePolicy{Schemes: []Scheme{}}, ErrScheme},
		{"ECDSA not allowed", "p256", wire.AuthECDSA256, SchemeECDSASHA256, SignaturePolicy{Schemes: []Scheme{SchemeEd25519}}, ErrScheme},
		{"1024 bits by default", "rsa1024", wire.AuthDigitalSignature, SchemePSSSHA256, SignaturePolicy{}, ErrWeakKey},
		{"1024 bits by name", "rsa1024", wire.AuthDigitalSignature, SchemePSSSHA256, SignaturePolicy{MinRSABits: 1024}, nil},
		{"2048 bits where 3072 are asked for", "rsa2048", wire.AuthRSASignature, SchemeRSASHA256, SignaturePolicy{MinRSABits: 3072}, ErrWeakKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := keyNamed(t, tt.key)
			data, err := Sign(key, tt.method, tt.scheme, octets, testRand(43))
			if err != nil {
				t.Fatal(err)
			}
			err = Verify(key.Public(), wire.Auth{Method: tt.method, Data: data}, octets, tt.policy)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// Keys that make forging easy or verifying expensive are refused before any arithmetic.
func TestVerifyRefusesBadRSAKeys(t *testing.T) {
	good := keyNamed(t, "rsa2048").Public().(*rsa.PublicKey)
	n := good.N
	shifted := func(bits uint) *big.Int { return new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), bits-1), 0, 1) }
	tests := map[string]*rsa.PublicKey{
		"e = 0": {N: n, E: 0}, "e = 1": {N: n, E: 1}, "e = 2": {N: n, E: 2}, "e = 3": {N: n, E: 3}, "e even": {N: n, E: 65536}, "e < 0": {N: n, E: -65537},
		"no modulus": {E: 65537}, "n = 0": {N: new(big.Int), E: 65537}, "n < 0": {N: new(big.Int).Neg(n), E: 65537},
		"n even": {N: new(big.Int).Sub(n, big.NewInt(1)), E: 65537}, "512 bits": {N: shifted(512), E: 65537}, "2047 bits": {N: shifted(2047), E: 65537},
		"16384 bits": {N: shifted(16384), E: 65537},
	}
	for name, pub := range tests {
		for _, method := range []wire.AuthMethod{wire.AuthRSASignature, wire.AuthDigitalSignature} {
			auth := wire.Auth{Method: method, Data: append(append([]byte{15}, SchemeRSASHA256.algorithmID()...), make([]byte, 256)...)}
			if err := Verify(pub, auth, nil, SignaturePolicy{}); !errors.Is(err, ErrWeakKey) {
				t.Errorf("%s, %s: got %v, want ErrWeakKey", name, method, err)
			}
		}
		if err := (SignaturePolicy{MinRSABits: 1}).CheckKey(pub); name != "2047 bits" && !errors.Is(err, ErrWeakKey) {
			t.Errorf("%s: lowest minimum: got %v", name, err)
		}
	}
	n8 := n.FillBytes(make([]byte, 256))
	auth := wire.Auth{Method: wire.AuthRSASignature, Data: n8}
	if err := Verify(good, auth, nil, lax()); !errors.Is(err, ErrSignature) {
		t.Errorf("signature = n: got %v", err)
	}
}

func TestCheckKey(t *testing.T) {
	for _, k := range testKeys() {
		want := error(nil)
		if k.name == "rsa1024" {
			want = ErrWeakKey
		}
		if err := (SignaturePolicy{}).CheckKey(k.Public()); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", k.name, err, want)
		}
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), testRand(44))
	if err != nil {
		t.Fatal(err)
	}
	for _, pub := range []crypto.PublicKey{nil, "key", p224.Public(), ed25519.PublicKey(nil), ed448.PublicKey{1, 2}} {
		if err := (SignaturePolicy{}).CheckKey(pub); !errors.Is(err, ErrKeyType) {
			t.Errorf("%T: got %v, want ErrKeyType", pub, err)
		}
		for _, s := range allSchemes() {
			auth := wire.Auth{Method: wire.AuthDigitalSignature, Data: append([]byte{byte(len(s.algorithmID()))}, s.algorithmID()...)}
			if err := Verify(pub, auth, nil, lax()); err == nil {
				t.Errorf("%T, %s: verified", pub, s)
			}
		}
	}
}

func TestVerifyRefusesOtherMethods(t *testing.T) {
	key := keyNamed(t, "ed25519")
	for _, method := range []wire.AuthMethod{0, wire.AuthSharedKey, wire.AuthDSSSignature, wire.AuthNull, 200} {
		if err := Verify(key.Public(), wire.Auth{Method: method, Data: make([]byte, 64)}, nil, lax()); !errors.Is(err, ErrScheme) {
			t.Errorf("%s: got %v, want ErrScheme", method, err)
		}
		if _, err := Sign(key, method, SchemeEd25519, nil, testRand(1)); !errors.Is(err, ErrScheme) {
			t.Errorf("%s: signed, or %v", method, err)
		}
	}
}

// A hardwareKey is a crypto.Signer of unknown type that records what it is asked for.
type hardwareKey struct {
	crypto.Signer
	digest []byte
	opts   crypto.SignerOpts
}

func (k *hardwareKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.digest, k.opts = bytes.Clone(digest), opts
	return k.Signer.Sign(rand, digest, opts)
}

func TestSignAsksAnySignerInTheUsualWay(t *testing.T) {
	for name, scheme := range map[string]Scheme{"rsa2048": SchemePSSSHA384, "p384": SchemeECDSASHA384, "ed25519": SchemeEd25519} {
		k := &hardwareKey{Signer: keyNamed(t, name)}
		data, err := Sign(k, wire.AuthDigitalSignature, scheme, []byte("octets"), testRand(45))
		if err != nil {
			t.Fatal(err)
		}
		if err := Verify(k.Public(), wire.Auth{Method: wire.AuthDigitalSignature, Data: data}, []byte("octets"), SignaturePolicy{}); err != nil {
			t.Error(err)
		}
		want := 48
		if scheme == SchemeEd25519 {
			want = len("octets")
		}
		if pss, ok := k.opts.(*rsa.PSSOptions); ok != (name == "rsa2048") || ok && pss.SaltLength != rsa.PSSSaltLengthEqualsHash || len(k.digest) != want {
			t.Errorf("%s: %d octets with options %v", scheme, len(k.digest), k.opts)
		}
	}
}

// brokenKey answers with what is no signature.
type brokenKey struct {
	crypto.Signer
	answer []byte
}

func (k brokenKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	if k.answer == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return k.answer, nil
}

func TestSignWithABrokenSigner(t *testing.T) {
	p256 := keyNamed(t, "p256")
	huge := append([]byte{0x30, 38, 2, 33}, bytes.Repeat([]byte{0x7f}, 33)...)
	for _, answer := range [][]byte{{}, {0x30, 0}, append(huge, 2, 1, 1), {0x30, 6, 2, 1, 0x80, 2, 1, 1}} {
		if _, err := Sign(brokenKey{p256, answer}, wire.AuthECDSA256, SchemeECDSASHA256, nil, testRand(1)); !errors.Is(err, ErrSignatureFormat) {
			t.Errorf("%x: got %v, want ErrSignatureFormat", answer, err)
		}
	}
	if _, err := Sign(brokenKey{p256, nil}, wire.AuthDigitalSignature, SchemeECDSASHA256, nil, testRand(1)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want the signer's error", err)
	}
}

func TestSchemesFor(t *testing.T) {
	all := SignatureHashes()
	tests := []struct {
		key  string
		peer []wire.HashAlgorithm
		want string
	}{
		{"rsa2048", all, "RSA_PSS_SHA2_256 RSA_PSS_SHA2_384 RSA_PSS_SHA2_512 RSA_PKCS1_SHA2_256 RSA_PKCS1_SHA2_384 RSA_PKCS1_SHA2_512"},
		{"rsa2048", []wire.HashAlgorithm{wire.HashSHA1, wire.HashSHA512}, "RSA_PSS_SHA2_512 RSA_PKCS1_SHA2_512"},
		{"rsa2048", []wire.HashAlgorithm{wire.HashSHA1, 4711}, ""},
		{"p256", all, "ECDSA_SHA2_256 ECDSA_SHA2_384 ECDSA_SHA2_512"},
		{"p384", all, "ECDSA_SHA2_384 ECDSA_SHA2_256 ECDSA_SHA2_512"},
		{"p521", all, "ECDSA_SHA2_512 ECDSA_SHA2_256 ECDSA_SHA2_384"},
		{"p521", []wire.HashAlgorithm{wire.HashSHA256}, "ECDSA_SHA2_256"},
		{"ed25519", all, "ED25519"},
		{"ed25519", []wire.HashAlgorithm{wire.HashSHA256}, ""},
		{"ed448", all, "ED448"},
		{"mldsa65", all, "ML_DSA_65"},
		{"mldsa87", []wire.HashAlgorithm{wire.HashSHA256, wire.HashSHA384}, ""},
	}
	for _, tt := range tests {
		var names []string
		for _, s := range SchemesFor(keyNamed(t, tt.key).Public(), tt.peer) {
			names = append(names, s.String())
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s for %v: got %s, want %s", tt.key, tt.peer, got, tt.want)
		}
	}
}

func TestSchemes(t *testing.T) {
	for _, s := range DefaultSchemes() {
		if !slices.Contains(SignatureHashes(), s.Hash()) {
			t.Errorf("%s: its hash is not announced", s)
		}
	}
	if slices.Contains(SignatureHashes(), wire.HashSHA1) {
		t.Error("SHA-1 is announced (RFC 8247, Section 3.2)")
	}
	if got := Scheme(99).String(); got != "SCHEME(99)" || Scheme(99).verify(nil, nil, nil, pssParameters{}) {
		t.Errorf("unknown scheme: %q", got)
	}
	err := &SignatureError{wire.AuthDigitalSignature, SchemeEd25519, ErrSignature}
	if want := "Digital Signature with ED25519: signature does not match"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	err.Scheme = SchemeNone
	if want := "Digital Signature: signature does not match"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}
