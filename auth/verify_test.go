package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudflare/circl/sign/ed448"

	"culvert/auth/chain"
	"culvert/explain"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// foreignAnchors are the authorities of testdata.
func foreignAnchors(t testing.TB) []*x509.Certificate {
	t.Helper()
	return []*x509.Certificate{foreignCert(t, "ca-rsa"), foreignCert(t, "ca-ecdsa"), foreignCert(t, "ca-ed448")}
}

func foreignNames() []string {
	return []string{"rsa", "pss", "ecdsa256", "ecdsa384", "ecdsa521", "ed25519", "ed448", "pki-rsa", "pki-ecdsa", "pki-ed25519", "pki-ed448"}
}

// TestForeignCertificates: keys and certificates of openssl and strongSwan's pki, each from private key to proven identity.
func TestForeignCertificates(t *testing.T) {
	remote := &Remote{Method: MethodPublicKey, Anchors: foreignAnchors(t)}
	for _, name := range foreignNames() {
		t.Run(name, func(t *testing.T) {
			id := mustID(t, name+".example.org")
			result := check(t, remote, id, foreignNow(), mustProve(t, foreignLocal(t, name), id, allHashes()))
			if result.Err != nil {
				t.Fatal(result.Err)
			}
			leaf := foreignCert(t, name)
			if result.ID != id || result.Method != MethodPublicKey || !result.Leaf.Equal(leaf) || !result.NotAfter.Equal(leaf.NotAfter) {
				t.Errorf("got %+v", result)
			}
		})
	}
}

// TestOldMethods: without SIGNATURE_HASH_ALGORITHMS (RFC 4754; RFC 7296, Section 3.8).
func TestOldMethods(t *testing.T) {
	remote := &Remote{Method: MethodPublicKey, Anchors: foreignAnchors(t), AllowSHA1: true}
	for name, method := range map[string]wire.AuthMethod{
		"rsa": wire.AuthRSASignature, "ecdsa256": wire.AuthECDSA256, "ecdsa384": wire.AuthECDSA384, "ecdsa521": wire.AuthECDSA521,
	} {
		local, id := foreignLocal(t, name), mustID(t, name+".example.org")
		local.AllowSHA1 = true
		proof := mustProve(t, local, id, nil)
		if proof.Auth.Method != method {
			t.Errorf("%s: method %v, want %v", name, proof.Auth.Method, method)
		}
		if result := check(t, remote, id, foreignNow(), proof); result.Err != nil {
			t.Errorf("%s: %v", name, result.Err)
		}
	}
}

// otherKey makes a key of the same kind.
func otherKey(t *testing.T, key crypto.Signer) crypto.Signer {
	t.Helper()
	var other crypto.Signer
	var err error
	switch k := key.(type) {
	case *rsa.PrivateKey:
		other, err = rsa.GenerateKey(rand.Reader, 2048)
	case *ecdsa.PrivateKey:
		other, err = ecdsa.GenerateKey(k.Curve, rand.Reader)
	case ed25519.PrivateKey:
		_, other, err = ed25519.GenerateKey(rand.Reader)
	case ed448.PrivateKey:
		_, other, err = ed448.GenerateKey(rand.Reader)
	default:
		t.Fatalf("%T", key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// TestWrongKey: for every method, who shows the certificate or public key of somebody else does not pass.
func TestWrongKey(t *testing.T) {
	remote := &Remote{Method: MethodPublicKey, Anchors: foreignAnchors(t), AllowSHA1: true}
	for _, name := range foreignNames() {
		for what, hashes := range map[string][]wire.HashAlgorithm{"method 14": allHashes(), "old method": nil} {
			t.Run(name+" "+what, func(t *testing.T) {
				thief, id := foreignLocal(t, name), mustID(t, name+".example.org")
				thief.AllowSHA1 = true
				thief.Credentials[0].Key = otherKey(t, thief.Credentials[0].Key)
				proof := prove(t, thief, id, hashes)
				if proof.Err != nil {
					t.Skip("this key has no old method")
				}
				result := check(t, remote, id, foreignNow(), proof)
				wantFailure(t, result.Err, explain.AuthSignature, name)
				if result.ID != (Identity{}) || result.Leaf != nil {
					t.Errorf("a failed result holds %+v", result)
				}
			})
		}
	}
}

// TestSwappedCertificate: a peer with a good certificate of its own cannot show it for a signature that it relays.
func TestSwappedCertificate(t *testing.T) {
	remote := &Remote{Method: MethodPublicKey, Anchors: foreignAnchors(t)}
	id := mustID(t, "ecdsa256.example.org")
	proof := mustProve(t, foreignLocal(t, "ecdsa256"), id, allHashes())
	proof.Certs[0].Data = foreignCert(t, "pki-ecdsa").Raw
	wantFailure(t, check(t, remote, id, foreignNow(), proof).Err, explain.AuthIDMismatch)
	wantFailure(t, check(t, remote, mustID(t, "pki-ecdsa.example.org"), foreignNow(), proof).Err, explain.AuthSignature)
}

func TestOtherOctets(t *testing.T) {
	p := newParty(t)
	proof := mustProve(t, p.local, p.id, allHashes())
	v := Verify{Remote: p.remote, ID: p.id, PRF: newPRF(t), Octets: []byte(octets + "!"), Auth: proof.Auth, Certs: proof.Certs, Now: p.leaf().NotBefore}
	wantFailure(t, v.Run(context.Background()).(VerifyResult).Err, explain.AuthSignature)
}

// TestForeignHandshakes replays what two strongSwan daemons have proven to each other.
func TestForeignHandshakes(t *testing.T) {
	var recorded struct {
		Shared []struct {
			Scenario             string
			PRF                  wire.TransformID
			Secret, Octets, Auth string
		}
		Signed []struct {
			Scenario, ID, Octets, Auth string
			Method                     wire.AuthMethod
			Certs                      []string
		}
	}
	if err := json.Unmarshal(testdata(t, "handshakes.json"), &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded.Shared) != 8 || len(recorded.Signed) != 2 {
		t.Fatalf("%d and %d handshakes", len(recorded.Shared), len(recorded.Signed))
	}
	for _, h := range recorded.Shared {
		prf, err := suite.NewPRF(h.PRF)
		if err != nil {
			t.Fatal(err)
		}
		secrets := NewSecrets(Secret{Name: "kat", PSK: secret.Bytes(fromHex(t, h.Secret))})
		sign := Sign{Local: &Local{Method: MethodPSK, Secrets: secrets}, PRF: prf, Octets: fromHex(t, h.Octets)}.Run(context.Background()).(SignResult)
		if sign.Err != nil || hex.EncodeToString(sign.Auth.Data) != h.Auth || sign.Auth.Method != wire.AuthSharedKey {
			t.Errorf("%s: AUTH %x, want %s (%v)", h.Scenario, sign.Auth.Data, h.Auth, sign.Err)
		}
	}
	for _, h := range recorded.Signed {
		cert, err := x509.ParseCertificate(fromHex(t, h.Certs[0]))
		if err != nil {
			t.Fatal(err)
		}
		v := Verify{Remote: &Remote{Method: MethodPublicKey, Pinned: []*x509.Certificate{cert}}, ID: mustID(t, h.ID), Octets: fromHex(t, h.Octets),
			Auth:  &wire.Auth{Method: h.Method, Data: fromHex(t, h.Auth)},
			Certs: []*wire.Cert{{Encoding: wire.CertX509Signature, Data: cert.Raw}}, Now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		if result := v.Run(context.Background()).(VerifyResult); result.Err != nil {
			t.Errorf("%s, %s: %v", h.Scenario, h.ID, result.Err)
		}
	}
}

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPSK(t *testing.T) {
	for _, tt := range []struct {
		name         string
		ours, theirs string
		code         explain.Code
	}{
		{"same", "x8Qm!2vLpR#9tZkW4bNc", "x8Qm!2vLpR#9tZkW4bNc", ""},
		{"other", "x8Qm!2vLpR#9tZkW4bNc", "x8Qm!2vLpR#9tZkW4bNd", explain.AuthPSKWrong},
		{"newline", "x8Qm!2vLpR#9tZkW4bNc", "x8Qm!2vLpR#9tZkW4bNc\n", explain.AuthPSKWrong},
		{"prefix", "x8Qm!2vLpR#9tZkW4bNc", "x8Qm!2vLpR#9tZkW4bN", explain.AuthPSKWrong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id := mustID(t, "moon.example.org")
			round := func(psk string) *Secrets {
				return NewSecrets(Secret{Name: "office", IDs: []Identity{id, mustID(t, "peer.example.org")}, PSK: secret.Bytes(psk)})
			}
			proof := mustProve(t, &Local{Method: MethodPSK, Secrets: round(tt.theirs)}, id, nil)
			result := check(t, &Remote{Method: MethodPSK, Secrets: round(tt.ours)}, id, foreignNow(), proof)
			if tt.code != "" {
				wantFailure(t, result.Err, tt.code, "moon.example.org", `"office"`)
				return
			}
			if result.Err != nil || result.ID != id || result.Method != MethodPSK || !result.NotAfter.IsZero() {
				t.Errorf("got %+v", result)
			}
		})
	}
}

func TestPSKUnknown(t *testing.T) {
	secrets := NewSecrets(Secret{Name: "sun", IDs: []Identity{mustID(t, "sun")}, PSK: secret.Bytes("x")})
	id := mustID(t, "moon")
	proof := prove(t, &Local{Method: MethodPSK, Secrets: secrets}, id, nil)
	wantFailure(t, proof.Err, explain.AuthPSKUnknown, "moon", "peer.example.org")
	result := check(t, &Remote{Method: MethodPSK, Secrets: secrets}, id, foreignNow(), SignResult{Auth: &wire.Auth{Method: wire.AuthSharedKey}})
	wantFailure(t, result.Err, explain.AuthPSKUnknown, "moon", "peer.example.org")
}

// TestReflectedPSK: AUTH of the one side is none of the other, since the octets differ; an empty one is none of anybody.
func TestReflectedPSK(t *testing.T) {
	secrets := NewSecrets(Secret{Name: "any", PSK: secret.Bytes("x8Qm!2vLpR#9tZkW4bNc")})
	id := mustID(t, "moon")
	for what, data := range map[string][]byte{"empty": {}, "nil": nil, "other octets": SharedKey(newPRF(t), secret.Bytes("x8Qm!2vLpR#9tZkW4bNc"), []byte("other"))} {
		result := check(t, &Remote{Method: MethodPSK, Secrets: secrets}, id, foreignNow(), SignResult{Auth: &wire.Auth{Method: wire.AuthSharedKey, Data: data}})
		if result.Err == nil {
			t.Errorf("%s AUTH passes", what)
		}
	}
}

// TestMethodRefused: a peer cannot choose another method than the connection demands.
func TestMethodRefused(t *testing.T) {
	p := newParty(t)
	secrets := NewSecrets(Secret{Name: "any", PSK: secret.Bytes("x8Qm!2vLpR#9tZkW4bNc")})
	both := *p.remote
	both.Secrets = secrets
	psk := mustProve(t, &Local{Method: MethodPSK, Secrets: secrets}, p.id, nil)
	wantFailure(t, check(t, &both, p.id, foreignNow(), psk).Err, explain.AuthMethodRefused, "by pre-shared key", "demands public key")

	both.Method = MethodPSK
	signed := mustProve(t, p.local, p.id, allHashes())
	wantFailure(t, check(t, &both, p.id, foreignNow(), signed).Err, explain.AuthMethodRefused, "by public key", "demands pre-shared key")

	for _, method := range []wire.AuthMethod{0, wire.AuthDSSSignature, wire.AuthSecurePassword, wire.AuthNull, 201} {
		signed.Auth.Method = method
		wantFailure(t, check(t, p.remote, p.id, foreignNow(), signed).Err, explain.AuthMethodRefused, method.String())
	}
}

func TestIdentityRefused(t *testing.T) {
	p := newParty(t)
	p.remote.ID = mustID(t, "*.example.com")
	wantFailure(t, p.connect(t).Err, explain.AuthIDRefused, "it is gw.example.org", "for *.example.com")
	p.remote.ID = mustID(t, "*.example.org")
	if result := p.connect(t); result.Err != nil {
		t.Error(result.Err)
	}
}

func TestNoMethod(t *testing.T) {
	wantFailure(t, prove(t, &Local{}, Identity{}, nil).Err, explain.AuthNoCredential)
	wantFailure(t, prove(t, &Local{Method: MethodPublicKey}, Identity{}, nil).Err, explain.AuthNoCredential)
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	local := &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key}}}
	wantFailure(t, prove(t, local, Identity{}, allHashes()).Err, explain.AuthSignatureScheme, "ECDSA P-224")
}

// TestDemandsOnCertificatesAndKeys: what is too weak is named, whether it is in a path, pinned or a bare key.
func TestDemandsOnCertificatesAndKeys(t *testing.T) {
	strong := chain.Demands{Keys: []chain.KeyDemand{{Kind: "ecdsa", Bits: 384}}}
	p := newParty(t)
	p.remote.Demands = strong
	wantFailure(t, p.connect(t).Err, explain.AuthCertStrength, `"CN=gw"`, "ECDSA P-256", "ecdsa-384", "remote.chain_keys")
	p.remote.Anchors, p.remote.Pinned = nil, []*x509.Certificate{p.leaf()}
	wantFailure(t, p.connect(t).Err, explain.AuthCertStrength, `"CN=gw"`)
	p.local.Credentials[0].Chain = nil
	p.remote.Pinned, p.remote.RawKeys = nil, []crypto.PublicKey{p.local.Credentials[0].Key.Public()}
	wantFailure(t, p.connect(t).Err, explain.AuthCertStrength, "raw public key", "ecdsa-384")
	p.remote.Demands = chain.Demands{Keys: []chain.KeyDemand{{Kind: "ecdsa", Bits: 256}}}
	if r := p.connect(t); r.Err != nil {
		t.Error(r.Err)
	}
}
