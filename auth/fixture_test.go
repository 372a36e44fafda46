package auth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// octets stands for what is signed (RFC 7296, Section 2.15).
const octets = "RealMessage | Nonce | MACedID"

// foreignNow is when the certificates of testdata are valid.
func foreignNow() time.Time { return time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC) }

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func foreignCert(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	certs, err := ParseCertificates(testdata(t, name+".pem"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return certs[0]
}

func foreignKey(t testing.TB, name string) crypto.Signer {
	t.Helper()
	key, err := ParsePrivateKey(testdata(t, name+".key"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return key
}

// foreignLocal is a round with a key and certificate of testdata.
func foreignLocal(t testing.TB, name string) *Local {
	t.Helper()
	c := Credential{Key: foreignKey(t, name), Chain: []*x509.Certificate{foreignCert(t, name)}}
	return &Local{Method: MethodPublicKey, Credentials: []Credential{c}}
}

func newPRF(t testing.TB) *suite.PRF {
	t.Helper()
	prf, err := suite.NewPRF(wire.PRFHMACSHA256)
	if err != nil {
		t.Fatal(err)
	}
	return prf
}

// allHashes is what a peer with RFC 7427 and RFC 8420 announces.
func allHashes() []wire.HashAlgorithm { return suite.SignatureHashes() }

// prove runs Sign for an identity.
func prove(t testing.TB, l *Local, id Identity, hashes []wire.HashAlgorithm, reqs ...*wire.CertReq) SignResult {
	t.Helper()
	return Sign{Local: l, ID: id, PeerID: mustID(t, "peer.example.org"), PRF: newPRF(t), Octets: []byte(octets),
		PeerHashes: hashes, CertReqs: reqs, Rand: rand.Reader}.Run(context.Background()).(SignResult)
}

// mustProve is prove that succeeds.
func mustProve(t testing.TB, l *Local, id Identity, hashes []wire.HashAlgorithm) SignResult {
	t.Helper()
	r := prove(t, l, id, hashes)
	if r.Err != nil {
		t.Fatalf("sign: %v", r.Err)
	}
	return r
}

// check runs Verify for what prove has made.
func check(t testing.TB, r *Remote, id Identity, now time.Time, proof SignResult) VerifyResult {
	t.Helper()
	return Verify{Remote: r, ID: id, LocalID: mustID(t, "peer.example.org"), PRF: newPRF(t), Octets: []byte(octets),
		Auth: proof.Auth, Certs: proof.Certs, Now: now}.Run(context.Background()).(VerifyResult)
}

// wantFailure fails unless err is a *Failure with a code, an action, and all words.
func wantFailure(t *testing.T, err error, code explain.Code, words ...string) {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v, want %s", err, code)
	}
	if f.Code != code {
		t.Fatalf("%s (%v), want %s", f.Code, f, code)
	}
	if f.Action == "" || !strings.HasSuffix(f.Error(), f.Action) {
		t.Errorf("%q has no next action", f)
	}
	if _, ok := explain.Lookup(f.Code); !ok {
		t.Errorf("%s is not explained", f.Code)
	}
	for _, w := range words {
		if !strings.Contains(f.Error(), w) {
			t.Errorf("%q lacks %q", f, w)
		}
	}
}

// A party is a peer with a certificate of an authority of ours.
type party struct {
	authority *pkitest.Authority
	local     *Local
	remote    *Remote // what the other side demands of it
	id        Identity
}

// newParty makes a peer gw.example.org whose certificate has some changes.
func newParty(t testing.TB, changes ...func(*x509.Certificate)) party {
	t.Helper()
	authority := pkitest.NewAuthority(t, "root")
	key := pkitest.NewKey(t)
	named := append([]func(*x509.Certificate){func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} }}, changes...)
	cert := authority.Issue(t, "gw", key.Public(), named...)
	return party{
		authority: authority,
		local:     &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key, Chain: []*x509.Certificate{cert}}}},
		remote:    &Remote{Method: MethodPublicKey, Anchors: []*x509.Certificate{authority.Cert}},
		id:        mustID(t, "gw.example.org"),
	}
}

func (p party) leaf() *x509.Certificate { return p.local.Credentials[0].Chain[0] }

// connect lets the party prove itself and returns what the other side finds.
func (p party) connect(t testing.TB) VerifyResult {
	t.Helper()
	return check(t, p.remote, p.id, pkitest.Now(), mustProve(t, p.local, p.id, allHashes()))
}
