package suite

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"

	"culvert/wire"
)

// digitalSignature puts a foreign signature into an AUTH payload of method 14.
func digitalSignature(id, signature []byte) wire.Auth {
	return wire.Auth{Method: wire.AuthDigitalSignature, Data: slices.Concat([]byte{byte(len(id))}, id, signature)}
}

// publicKey returns the key of a group of tests.
func (g proofGroup) publicKey(t *testing.T) crypto.PublicKey {
	t.Helper()
	if len(g.PublicKeyAsn) > 0 {
		pub, err := x509.ParsePKCS1PublicKey(g.PublicKeyAsn)
		if err != nil {
			t.Fatal(err)
		}
		return pub
	}
	if pub, err := x509.ParsePKIXPublicKey(g.PublicKeyDer); err == nil {
		return pub
	}
	var point struct{ PK octets }
	if err := json.Unmarshal(g.PublicKey, &point); err != nil || len(point.PK) != ed448.PublicKeySize {
		t.Fatalf("public key %x: %v", g.PublicKeyDer, err)
	}
	return ed448.PublicKey(point.PK)
}

// checkSignature verifies an AUTH payload and compares with what is expected; refusals must be about the signature.
func checkSignature(t *testing.T, name string, p proofTest, pub crypto.PublicKey, a wire.Auth, policy SignaturePolicy) {
	t.Helper()
	err := Verify(pub, a, p.Msg, policy)
	if p.valid() && err != nil {
		t.Errorf("%s %d %s: %v", name, p.TcID, p.Comment, err)
	}
	if p.Result == "invalid" && !errors.Is(err, ErrSignature) && !errors.Is(err, ErrSignatureFormat) {
		t.Errorf("%s %d %s: got %v, want a refusal", name, p.TcID, p.Comment, err)
	}
}

func TestSignatureWycheproof(t *testing.T) {
	for name, scheme := range map[string]Scheme{
		"ecdsa_secp256r1_sha256": SchemeECDSASHA256, "ecdsa_secp384r1_sha384": SchemeECDSASHA384, "ecdsa_secp521r1_sha512": SchemeECDSASHA512,
		"ed25519": SchemeEd25519, "ed448": SchemeEd448, "rsa_pss_2048_sha256_mgf1_32": SchemePSSSHA256, "rsa_pss_2048_sha256_mgf1_32_params": SchemePSSSHA256,
	} {
		proofs(t, name, func(t *testing.T, g proofGroup, p proofTest) {
			checkSignature(t, name, p, g.publicKey(t), digitalSignature(scheme.algorithmID(), p.Sig), SignaturePolicy{})
		})
	}
}

// PKCS #1 v1.5 under both methods, of which method 1 does not tell the hash; keys with e = 3 are refused before their
// signatures.
func TestRSAWycheproof(t *testing.T) {
	proofs(t, "rsa_signature_2048_sha256", func(t *testing.T, g proofGroup, p proofTest) {
		pub := g.publicKey(t).(*rsa.PublicKey)
		for _, a := range []wire.Auth{digitalSignature(SchemeRSASHA256.algorithmID(), p.Sig), {Method: wire.AuthRSASignature, Data: p.Sig}} {
			if pub.E == 3 {
				if err := Verify(pub, a, p.Msg, SignaturePolicy{}); !errors.Is(err, ErrWeakKey) {
					t.Errorf("%d, e = 3: got %v, want ErrWeakKey", p.TcID, err)
				}
				continue
			}
			if p.Result == "acceptable" {
				p.Result = "invalid" // a digest info without NULL is not what the encoded message is compared with
			}
			checkSignature(t, "rsa_signature_2048_sha256", p, pub, a, SignaturePolicy{Schemes: []Scheme{SchemeRSASHA256}})
		}
	})
}

func TestECDSAOldMethodsWycheproof(t *testing.T) {
	for name, method := range map[string]wire.AuthMethod{
		"ecdsa_secp256r1_sha256_p1363": wire.AuthECDSA256, "ecdsa_secp384r1_sha384_p1363": wire.AuthECDSA384, "ecdsa_secp521r1_sha512_p1363": wire.AuthECDSA521,
	} {
		proofs(t, name, func(t *testing.T, g proofGroup, p proofTest) {
			checkSignature(t, name, p, g.publicKey(t), wire.Auth{Method: method, Data: p.Sig}, SignaturePolicy{})
		})
	}
}

// All these signatures are valid under their parameters. We want a hash of SHA-2 that IKE has a number for, and take any of
// these and SHA-1 in the mask.
func TestPSSParametersWycheproof(t *testing.T) {
	accepted := map[string]int{}
	known := []string{"SHA-256", "SHA-384", "SHA-512"}
	proofs(t, "rsa_pss_misc_params", func(t *testing.T, g proofGroup, p proofTest) {
		id := pssID(t, hashOID(g.Sha), hashOID(g.MgfSha), g.SLen, 1)
		err := Verify(g.publicKey(t), digitalSignature(id, p.Sig), p.Msg, SignaturePolicy{})
		ours := slices.Contains(known, g.Sha) && (slices.Contains(known, g.MgfSha) || g.MgfSha == "SHA-1")
		if ours != (err == nil) {
			t.Errorf("%s, MGF1 with %s, salt of %d: got %v", g.Sha, g.MgfSha, g.SLen, err)
		}
		if !ours {
			return
		}
		accepted[g.Sha+" "+g.MgfSha]++
		for _, wrong := range [][]byte{
			pssID(t, hashOID(g.Sha), hashOID(g.MgfSha), g.SLen+1, 1), pssID(t, hashOID(g.Sha), hashOID(g.MgfSha), max(g.SLen-1, 0), 1),
			pssID(t, hashOID(g.Sha), hashOID(other(g.MgfSha)), g.SLen, 1), pssID(t, hashOID(other(g.Sha)), hashOID(g.MgfSha), g.SLen, 1),
		} {
			if bytes.Equal(wrong, id) {
				continue
			}
			if err := Verify(g.publicKey(t), digitalSignature(wrong, p.Sig), p.Msg, SignaturePolicy{}); !errors.Is(err, ErrSignature) {
				t.Errorf("%s, MGF1 with %s, salt of %d as %x: got %v", g.Sha, g.MgfSha, g.SLen, wrong, err)
			}
		}
	})
	t.Log(accepted)
	if len(accepted) < 4 {
		t.Errorf("accepted %v", accepted)
	}
}

// other returns a hash that is not this one.
func other(hash string) string {
	if hash == "SHA-256" {
		return "SHA-512"
	}
	return "SHA-256"
}

// RFC 4754, Section 8, has the message "abc".
func TestECDSAOldMethodVectors(t *testing.T) {
	curves := map[wire.AuthMethod]elliptic.Curve{wire.AuthECDSA256: elliptic.P256(), wire.AuthECDSA384: elliptic.P384(), wire.AuthECDSA521: elliptic.P521()}
	for _, v := range rfcVectors(t, "rfc4754.txt") {
		n, err := strconv.Atoi(v.title)
		if err != nil {
			t.Fatal(err)
		}
		method := wire.AuthMethod(n)
		pub, err := ecdsa.ParseUncompressedPublicKey(curves[method], slices.Concat([]byte{uncompressed}, v.fields["gwx"], v.fields["gwy"]))
		if err != nil {
			t.Fatal(err)
		}
		a := wire.Auth{Method: method, Data: slices.Concat(v.fields["r"], v.fields["s"])}
		if err := Verify(pub, a, []byte("abc"), SignaturePolicy{}); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		for other := range curves {
			if other == method {
				continue
			}
			a.Method = other
			if err := Verify(pub, a, []byte("abc"), SignaturePolicy{}); !errors.Is(err, ErrKeyType) {
				t.Errorf("signature of %s as %s: got %v, want ErrKeyType", method, other, err)
			}
		}
	}
}

// Signatures in AUTH payloads of a foreign peer (cert-ed25519), over the octets that it says it signed.
func TestForeignEd25519Auth(t *testing.T) {
	rec := readRecording(t, "cert-ed25519")
	r := newReplay(t, rec)
	var signed [][]byte
	for _, e := range rec.Initiator {
		if e.Name == "octets = message + nonce + prf(Sk_px, IDx') + IntAuth" {
			signed = append(signed, e.Hex)
		}
	}
	r.run(rec.Initiator)
	verified := 0
	for _, p := range rec.Packets {
		for _, k := range r.messageKeys {
			datagram := bytes.TrimPrefix(bytes.Clone(p.Payload), make([]byte, 4))
			h, err := wire.ParseHeader(datagram)
			if err != nil || h.Exchange != wire.ExchangeAuth || h.FromInitiator() != k.fromInitiator {
				continue
			}
			m, err := wire.Open(k.opener(t), datagram)
			if err != nil {
				continue
			}
			auth, _ := wire.Find[*wire.Auth](m.Payloads)
			cert, _ := wire.Find[*wire.Cert](m.Payloads)
			leaf, err := x509.ParseCertificate(cert.Data)
			if err != nil {
				t.Fatal(err)
			}
			if err := Verify(leaf.PublicKey, *auth, signed[verified], SignaturePolicy{}); err != nil {
				t.Errorf("AUTH %d: %v", verified, err)
			}
			verified++
		}
	}
	if verified != 2 {
		t.Errorf("%d AUTH payloads verified, want 2", verified)
	}
}

func FuzzVerify(f *testing.F) {
	for i, k := range testKeys() {
		for _, s := range SchemesFor(k.Public(), SignatureHashes()) {
			if data, err := Sign(k, wire.AuthDigitalSignature, s, []byte("octets"), testRand(50)); err == nil {
				f.Add(uint8(i), uint8(wire.AuthDigitalSignature), data)
			}
		}
	}
	f.Add(uint8(1), uint8(wire.AuthRSASignature), make([]byte, 256))
	f.Add(uint8(2), uint8(wire.AuthECDSA256), make([]byte, 64))
	f.Fuzz(func(t *testing.T, which, method uint8, data []byte) {
		keys := testKeys()
		err := Verify(keys[int(which)%len(keys)].Public(), wire.Auth{Method: wire.AuthMethod(method), Data: data}, []byte("other octets"), lax())
		var refused *SignatureError
		if !errors.As(err, &refused) {
			t.Errorf("got %v, want a SignatureError", err)
		}
	})
}
