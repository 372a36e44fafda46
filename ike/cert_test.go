package ike

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// An authority issues certificates that are valid around startOfTime.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newAuthority(t testing.TB, name string) *authority {
	a := &authority{t: t, key: newKey(t), next: 1}
	a.cert = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}, nil, a.key.Public())
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(c, parent *x509.Certificate, pub crypto.PublicKey) *x509.Certificate {
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(a.next), startOfTime.Add(-time.Hour), startOfTime.Add(24*time.Hour)
	a.next++
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// issue returns a credential for a host name.
func (a *authority) issue(name string) auth.Credential {
	key := newKey(a.t)
	leaf := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		KeyUsage: x509.KeyUsageDigitalSignature}, a.cert, key.Public())
	return auth.Credential{Key: key, Chain: []*x509.Certificate{leaf}}
}

// withCertificates has two connections authenticate by certificates of one authority.
func withCertificates(ca *authority) func(a, b *Connection) {
	return func(a, b *Connection) {
		for c, names := range map[*Connection][2]string{a: {"a.example", "b.example"}, b: {"b.example", "a.example"}} {
			c.SendCertReq = true
			c.LocalAuth = []auth.Local{{ID: fqdn(names[0]), Method: auth.MethodPublicKey, Credentials: []auth.Credential{ca.issue(names[0])}}}
			c.RemoteAuth = []auth.Remote{{ID: fqdn(names[1]), Method: auth.MethodPublicKey, Anchors: []*x509.Certificate{ca.cert}}}
		}
	}
}

func TestHandshakeWithCertificates(t *testing.T) {
	_, a, b := connected(t, withCertificates(newAuthority(t, "test CA")))
	if got := a.messages(NewsMessageSent)[1]; got != "IKE_AUTH request 1 [ IDi CERT CERTREQ IDr AUTH ]" {
		t.Errorf("a sent %q", got)
	}
	sent := b.messages(NewsMessageSent)
	if !strings.Contains(sent[0], "CERTREQ") || sent[1] != "IKE_AUTH response 1 [ IDr CERT AUTH ]" {
		t.Errorf("b sent %q", sent)
	}
	for _, x := range []*testNode{a, b} {
		if sa := x.only(t); !sa.lifetimes.expiry.Equal(startOfTime.Add(24 * time.Hour)) {
			t.Errorf("%s: the proof ends at %v", x.name, sa.lifetimes.expiry)
		}
	}
}

// As long as the responder does not know who the peer is, it asks for the certificates of all connections that fit the addresses:
// the first of them may have no use for any.
func TestResponderAsksForAllThatMayCome(t *testing.T) {
	ca := newAuthority(t, "test CA")
	n, a, b := gateways(t, withCertificates(ca))
	second := *b.env.Connections.list[0]
	first := second
	first.Name, first.RemoteAuth = "other", []auth.Remote{{ID: fqdn("c.example"), Method: auth.MethodPSK}}
	n.do(b, SetConnections{NewConnections(&first, &second)})
	n.do(a, initiate(a))
	if sent := b.of(NewsEstablished); len(sent) != 1 {
		t.Errorf("established %d: %q", len(sent), b.digest())
	}
	if got := b.messages(NewsMessageSent)[0]; !strings.Contains(got, "CERTREQ") {
		t.Errorf("b sent %q", got)
	}
}

func TestCertificateOfAnotherAuthorityIsRefused(t *testing.T) {
	n, a, b := gateways(t, func(ca, cb *Connection) {
		withCertificates(newAuthority(t, "test CA"))(ca, cb)
		cb.RemoteAuth[0].Anchors = []*x509.Certificate{newAuthority(t, "other CA").cert}
		ca.LocalAuth[0].Credentials = []auth.Credential{newAuthority(t, "third CA").issue("a.example")}
	})
	n.do(a, initiate(a))
	if f := b.failure(t, NewsClosed); f.Code != explain.AuthCertUntrusted {
		t.Errorf("b closed with %v", f)
	}
	if f := a.failure(t, NewsClosed); f.Code != explain.IKEAuthPeerRejected {
		t.Errorf("a closed with %v", f)
	}
}

func TestLongCertificateChainIsFragmented(t *testing.T) {
	fragments := 0
	n, a, b := gateways(t, func(ca, cb *Connection) {
		withCertificates(newAuthority(t, strings.Repeat("a long name ", 60)))(ca, cb)
		ca.FragmentSize, cb.FragmentSize = 600, 600
	})
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if h, _ := wire.ParseHeader(d); h.NextPayload == wire.PayloadSKF {
			fragments++
		}
		if len(d) > 600 && !slices.Contains([]byte{34}, d[18]) {
			t.Errorf("datagram of %d octets", len(d))
		}
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if fragments < 4 || len(b.of(NewsEstablished)) != 1 || len(a.of(NewsEstablished)) != 1 {
		t.Errorf("%d fragments; %q", fragments, a.digest())
	}
}

// TestIdentitiesOfAnyLength sends identities that other implementations copied into buffers of fixed size.
func TestIdentitiesOfAnyLength(t *testing.T) {
	lengths := []int{1000, 4095, 4096, 30000}
	for n := range 70 {
		lengths = append(lengths, n*n/10)
	}
	for _, length := range lengths {
		n, a, b := gateways(t, func(ca, cb *Connection) {
			ca.LocalAuth[0].ID = auth.Identity{Type: wire.IDKeyID, Data: strings.Repeat("\x00", length)}
			cb.RemoteAuth[0].ID = auth.Identity{}
		})
		n.do(a, initiate(a))
		n.elapse(time.Minute)
		if b.shard.HalfOpen() != 0 || len(b.of(NewsEstablished))+len(b.of(NewsClosed)) == 0 {
			t.Errorf("%d octets: neither established nor refused: %q", length, b.digest())
		}
	}
}

// BenchmarkHandshakeECDSA is BenchmarkHandshake with certificates of P-256.
func BenchmarkHandshakeECDSA(b *testing.B) {
	l := newLink(b)
	ca, cb := l.a.env.Connections.list[0], l.b.env.Connections.list[0]
	withCertificates(newAuthority(b, "test CA"))(ca, cb)
	l.a.env.Connections, l.b.env.Connections = NewConnections(ca), NewConnections(cb)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if n := l.connect(i); n != 4 {
			b.Fatalf("%d SAs installed", n)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "handshakes/s")
}
