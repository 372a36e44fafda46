package auth

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/wire"
)

func hashOf(c *x509.Certificate) string {
	h := sha1.Sum(c.RawSubjectPublicKeyInfo)
	return string(h[:])
}

func TestCertReqs(t *testing.T) {
	a, b := pkitest.NewAuthority(t, "a").Cert, pkitest.NewAuthority(t, "b").Cert
	leaf := pkitest.NewAuthority(t, "leaf").Cert
	anchors := func(certs ...*x509.Certificate) *Remote { return &Remote{Method: MethodPublicKey, Anchors: certs} }
	raw := &Remote{Method: MethodPublicKey, RawKeys: []crypto.PublicKey{a.PublicKey}}
	both := []string{hashOf(a), hashOf(b)}
	if both[0] > both[1] {
		both[0], both[1] = both[1], both[0]
	}
	var many []*x509.Certificate
	for i := range maxAuthorities + 1 {
		many = append(many, pkitest.NewAuthority(t, fmt.Sprint(i)).Cert)
	}
	for _, tt := range []struct {
		name    string
		remotes []*Remote
		want    []string // hashes, or "raw"
	}{
		{"nobody", nil, nil},
		{"pre-shared key", []*Remote{{Method: MethodPSK, Anchors: many[:1]}}, nil},
		{"one", []*Remote{anchors(a)}, []string{hashOf(a)}},
		{"several, once each", []*Remote{anchors(a, b), anchors(b)}, []string{strings.Join(both, "")}},
		{"raw keys", []*Remote{raw}, []string{"raw"}},
		{"both", []*Remote{raw, anchors(a)}, []string{hashOf(a), "raw"}},
		{"pinned", []*Remote{{Method: MethodPublicKey, Pinned: []*x509.Certificate{leaf}}}, []string{""}},
		{"too many to list", []*Remote{anchors(many...)}, []string{""}},
		{"just not too many", []*Remote{anchors(many[1:]...)}, []string{strings.Repeat("?", 20*maxAuthorities)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reqs := CertReqs(tt.remotes...)
			if len(reqs) != len(tt.want) {
				t.Fatalf("%d requests, want %d", len(reqs), len(tt.want))
			}
			for i, want := range tt.want {
				switch {
				case want == "raw":
					if reqs[i].Encoding != wire.CertRawPublicKey || len(reqs[i].Data) != 0 {
						t.Errorf("request %d: %+v (RFC 7670, Section 3: no authority)", i, reqs[i])
					}
				case reqs[i].Encoding != wire.CertX509Signature || len(reqs[i].Data) != len(want):
					t.Errorf("request %d: %+v", i, reqs[i])
				case !strings.HasPrefix(want, "?") && string(reqs[i].Data) != want:
					t.Errorf("request %d: %x, want %x", i, reqs[i].Data, want)
				}
			}
		})
	}
}

// TestForeignAuthorityHash holds the hash that openssl computes:
//
//	openssl x509 -in ca-ecdsa.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl sha1
func TestForeignAuthorityHash(t *testing.T) {
	want := strings.Fields(string(testdata(t, "ca-ecdsa.sha1")))[0]
	if got := fmt.Sprintf("%x", authorityHash(foreignCert(t, "ca-ecdsa"))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestChoice: which of our credentials a peer gets.
func TestChoice(t *testing.T) {
	newCredential := func(ca *pkitest.Authority, names ...string) Credential {
		key := pkitest.NewKey(t)
		cert := ca.Issue(t, names[0], key.Public(), func(c *x509.Certificate) { c.DNSNames = names })
		return Credential{Key: key, Chain: []*x509.Certificate{cert, ca.Cert}}
	}
	caA, caB := pkitest.NewAuthority(t, "a"), pkitest.NewAuthority(t, "b")
	a, b, other := newCredential(caA, "gw"), newCredential(caB, "gw"), newCredential(caB, "other")
	b.Chain = b.Chain[:1] // whose issuer is known otherwise
	raw := Credential{Key: pkitest.NewKey(t)}
	ed := foreignLocal(t, "ed25519").Credentials[0]
	wants := func(cas ...*pkitest.Authority) *wire.CertReq {
		var data []byte
		for _, ca := range cas {
			data = append(data, authorityHash(ca.Cert)...)
		}
		return &wire.CertReq{Encoding: wire.CertX509Signature, Data: data}
	}
	odd := wants(caB)
	odd.Data = append(odd.Data, 1, 2, 3)
	for _, tt := range []struct {
		name        string
		credentials []Credential
		reqs        []*wire.CertReq
		hashes      []wire.HashAlgorithm
		want        Credential
	}{
		{"no request: the first, and it is sent", []Credential{a, b}, nil, allHashes(), a},
		{"the one asked for", []Credential{a, b}, []*wire.CertReq{wants(caB)}, allHashes(), b},
		{"one of several asked for", []Credential{a, b}, []*wire.CertReq{wants(pkitest.NewAuthority(t, "c"), caB)}, allHashes(), b},
		{"asked for in another payload", []Credential{a, b}, []*wire.CertReq{wants(), wants(caB)}, allHashes(), a},
		{"odd octets at the end", []Credential{a, b}, []*wire.CertReq{odd}, allHashes(), b},
		{"nobody has what is asked for: the first, all the same", []Credential{a, b}, []*wire.CertReq{wants(pkitest.NewAuthority(t, "c"))}, allHashes(), a},
		{"our identity before the request", []Credential{other, a}, []*wire.CertReq{wants(caB)}, allHashes(), a},
		{"a raw key is asked for", []Credential{a, raw}, []*wire.CertReq{{Encoding: wire.CertRawPublicKey}}, allHashes(), raw},
		{"a certificate is asked for", []Credential{raw, a}, []*wire.CertReq{wants(caA)}, allHashes(), a},
		{"other encodings are asked for", []Credential{a, b}, []*wire.CertReq{{Encoding: wire.CertCRL, Data: wants(caB).Data}}, allHashes(), a},
		{"the first that the peer can verify", []Credential{ed, a}, nil, nil, a},
	} {
		t.Run(tt.name, func(t *testing.T) {
			local := &Local{Method: MethodPublicKey, Credentials: tt.credentials, Issuers: []*x509.Certificate{caB.Cert}}
			proof := prove(t, local, mustID(t, "gw"), tt.hashes, tt.reqs...)
			if proof.Err != nil {
				t.Fatal(proof.Err)
			}
			want, err := tt.want.payloads(false)
			if err != nil || !bytes.Equal(proof.Certs[0].Data, want[0].Data) {
				t.Errorf("sent another credential (%v)", err)
			}
		})
	}
}

// TestIdentityFollowsTheChoice: who has no configured identity is the subject of the certificate that this peer gets, or the name of
// the key.
func TestIdentityFollowsTheChoice(t *testing.T) {
	rsa, ec := foreignLocal(t, "rsa").Credentials[0], foreignLocal(t, "ed25519").Credentials[0]
	ec.Chain = append(ec.Chain, foreignCert(t, "ca-ecdsa"))
	raw := Credential{Key: foreignKey(t, "ecdsa384")}
	byCA := []*wire.CertReq{{Encoding: wire.CertX509Signature, Data: authorityHash(foreignCert(t, "ca-ecdsa"))}}
	for name, tt := range map[string]struct {
		id     string
		reqs   []*wire.CertReq
		hashes []wire.HashAlgorithm
		want   string
	}{
		"no request":            {"", nil, allHashes(), "C=CH, O=Culvert, CN=rsa"},
		"asked for the other":   {"", byCA, allHashes(), "C=CH, O=Culvert, CN=ed25519"},
		"which it cannot check": {"", byCA, allHashes()[:1], "C=CH, O=Culvert, CN=rsa"},
		"asked for a raw key":   {"", []*wire.CertReq{{Encoding: wire.CertRawPublicKey}}, allHashes(), "keyid:0xde859433e2d74b694f6b22c42a3b4174b521aa33"},
		"configured":            {"gw.example.org", byCA, allHashes(), "gw.example.org"},
	} {
		l := &Local{Method: MethodPublicKey, ID: mustID(t, tt.id), Credentials: []Credential{rsa, ec, raw}}
		s := Sign{Local: l, CertReqs: tt.reqs, PeerHashes: tt.hashes}
		if got := s.Identity(localAddr()).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
