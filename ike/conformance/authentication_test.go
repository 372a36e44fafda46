package conformance

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"culvert/auth"
	"culvert/ike"
	"culvert/suite"
	"culvert/wire"
)

// The authentication of the IKE SA (RFC 7296, Section 2.15).

// A key that is written in hexadecimal digits stands for those octets.
func TestHexadecimalKey(t *testing.T) {
	const text = "0xabadcafeabadcafeabadcafeabadcafe"
	octets := []byte{0xab, 0xad, 0xca, 0xfe, 0xab, 0xad, 0xca, 0xfe, 0xab, 0xad, 0xca, 0xfe, 0xab, 0xad, 0xca, 0xfe}
	key, err := auth.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	hex := func(c *ike.Connection) { c.LocalAuth[0].Secrets, c.RemoteAuth[0].Secrets = secrets(key), secrets(key) }
	id := auth.AddressIdentity(testerAddr())
	both(t, func(t *testing.T, s scene) {
		t.Run("initiator", func(t *testing.T) {
			l := newLab(t, s, hex)
			l.initiate()
			se, answer := l.accept(l.receivePlain())
			se.answerInit(answer)
			request := se.request(wire.ExchangeAuth)
			se.verifyWith(octets, request.Payloads, wire.PayloadIDi)
			child, c := se.acceptChild(request.Payloads)
			se.answer(request, append(se.proofAs(id, octets), child...)...)
			c.carries()
		})
		t.Run("responder", func(t *testing.T) {
			l := newLab(t, s, hex)
			se := l.opened()
			o := se.offerChild()
			answer := se.ask(wire.ExchangeAuth, append(se.proofAs(id, octets), o.payloads()...)...)
			se.verifyWith(octets, answer, wire.PayloadIDr)
			o.complete(answer).carries()
		})
	})
}

// A proof that is wrong, or of another method than is configured, is refused (RFC 7296, Section 2.21.2).
func TestAuthenticationFailed(t *testing.T) {
	both(t, func(t *testing.T, s scene) {
		t.Run("wrong data", func(t *testing.T) {
			l := newLab(t, s)
			se := l.opened()
			proof := se.proof()
			proof[1].(*wire.Auth).Data[0] ^= 1
			l.only(se.ask(wire.ExchangeAuth, append(proof, se.offerChild().payloads()...)...), wire.NotifyAuthenticationFailed)
			l.gone()
		})
		t.Run("wrong method", func(t *testing.T) {
			l := newLab(t, s)
			se := l.opened()
			proof := se.proof()
			proof[1].(*wire.Auth).Method = wire.AuthRSASignature
			l.only(se.ask(wire.ExchangeAuth, append(proof, se.offerChild().payloads()...)...), wire.NotifyAuthenticationFailed)
			l.gone()
		})
		t.Run("wrong data of a responder", func(t *testing.T) {
			l := newLab(t, s)
			se, request := l.accepted()
			child, _ := se.acceptChild(request.Payloads)
			proof := se.proof()
			proof[1].(*wire.Auth).Data[0] ^= 1
			se.answer(request, append(proof, child...)...)
			told := se.request(wire.ExchangeInformational)
			l.only(told.Payloads, wire.NotifyAuthenticationFailed)
			se.answer(told)
			l.gone()
		})
	})
}

// An authority has issued certificates to the node and to the tester.
type authority struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
	nut, tester *rsa.PrivateKey
	shown       *x509.Certificate // the gateway's for native clients, once there is one
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{key: newKey(t), nut: newKey(t), tester: newKey(t)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.certificate = a.issue(t, template, a.key, template)
	return a
}

func newKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (a *authority) issue(t testing.TB, template *x509.Certificate, key *rsa.PrivateKey, issuer *x509.Certificate) *x509.Certificate {
	t.Helper()
	template.NotBefore, template.NotAfter = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A named is an identity and what a certificate has of it.
type named struct {
	name string
	id   auth.Identity
	san  func(*x509.Certificate)
}

func identities(address net.IP, name string) []named {
	mail := "user@" + name
	return []named{
		{"ID_IPV6_ADDR", auth.Identity{Type: wire.IDIPv6Addr, Data: string(address)}, func(c *x509.Certificate) { c.IPAddresses = []net.IP{address} }},
		{"ID_FQDN", auth.Identity{Type: wire.IDFQDN, Data: name}, func(c *x509.Certificate) { c.DNSNames = []string{name} }},
		{"ID_RFC822_ADDR", auth.Identity{Type: wire.IDRFC822Addr, Data: mail}, func(c *x509.Certificate) { c.EmailAddresses = []string{mail} }},
	}
}

// leaf issues a certificate for an identity.
func (a *authority) leaf(t testing.TB, n named, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: n.name}, KeyUsage: x509.KeyUsageDigitalSignature}
	n.san(template)
	return a.issue(t, template, key, a.certificate)
}

// certified configures certificates on both sides, and old RSA signatures, which are what the programme knows.
func (a *authority) certified(cert *x509.Certificate, nut, tester auth.Identity) change {
	return func(c *ike.Connection) {
		c.SendCertReq = true
		c.LocalAuth = []auth.Local{{ID: nut, Method: auth.MethodPublicKey, AllowSHA1: true,
			Credentials: []auth.Credential{{Key: a.nut, Chain: []*x509.Certificate{cert, a.certificate}}}}}
		c.RemoteAuth = []auth.Remote{{ID: tester, Method: auth.MethodPublicKey, Anchors: []*x509.Certificate{a.certificate}, AllowSHA1: true}}
	}
}

// certProof returns the tester's ID, CERT and AUTH payloads.
func (s *session) certProof(a *authority, cert *x509.Certificate, id auth.Identity) []wire.Payload {
	s.Helper()
	kind := wire.PayloadIDr
	if s.initiator {
		kind = wire.PayloadIDi
	}
	p := id.Payload(kind)
	signature, err := suite.Sign(a.tester, wire.AuthRSASignature, suite.SchemeRSASHA1, s.signed(kind, wire.AppendPayload(nil, p)), rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	return []wire.Payload{p, &wire.Cert{Encoding: wire.CertX509Signature, Data: cert.Raw}, &wire.Auth{Method: wire.AuthRSASignature, Data: signature}}
}

// verifyCert checks the node's ID, CERT and AUTH payloads: RSA with SHA-1, as the tester announces no hashes.
func (s *session) verifyCert(a *authority, want *x509.Certificate, wantID auth.Identity, payloads []wire.Payload, kind wire.PayloadType) {
	s.Helper()
	id, cert, proof := identity(s.lab, payloads, kind), find[*wire.Cert](s.lab, payloads), find[*wire.Auth](s.lab, payloads)
	if auth.FromPayload(id) != wantID || cert.Encoding != wire.CertX509Signature || string(cert.Data) != string(want.Raw) {
		s.Fatalf("identity %v, certificate of %v", auth.FromPayload(id), cert.Encoding)
	}
	digest := sha1.Sum(s.signed(kind, wire.AppendPayload(nil, id)))
	if err := rsa.VerifyPKCS1v15(&a.nut.PublicKey, crypto.SHA1, digest[:], proof.Data); err != nil || proof.Method != wire.AuthRSASignature {
		s.Fatalf("AUTH by method %v: %v", proof.Method, err)
	}
}

// wantsCertificates checks a CERTREQ payload: the hash of the authority's key (RFC 7296, Section 3.7).
func (l *lab) wantsCertificates(a *authority, payloads []wire.Payload) {
	l.Helper()
	want := sha1.Sum(a.certificate.RawSubjectPublicKeyInfo)
	if r := find[*wire.CertReq](l, payloads); r.Encoding != wire.CertX509Signature || string(r.Data) != string(want[:]) {
		l.Errorf("CERTREQ %v %x, want %x", r.Encoding, r.Data, want)
	}
}

func TestCertificates(t *testing.T) {
	a := newAuthority(t)
	nuts, testers := identities(nutAddr().AsSlice(), "nut.example"), identities(testerAddr().AsSlice(), "tn.example")
	both(t, func(t *testing.T, s scene) {
		for i := range nuts {
			nut, tester := nuts[i], testers[i]
			ours, theirs := a.leaf(t, nut, a.nut), a.leaf(t, tester, a.tester)
			change := a.certified(ours, nut.id, tester.id)
			t.Run("initiator "+nut.name, func(t *testing.T) {
				l := newLab(t, s, change)
				l.initiate()
				se, answer := l.accept(l.receivePlain())
				se.answerInit(append(answer, &wire.CertReq{Encoding: wire.CertX509Signature, Data: keyHash(a.certificate)}))
				request := se.request(wire.ExchangeAuth)
				se.verifyCert(a, ours, nut.id, request.Payloads, wire.PayloadIDi)
				l.wantsCertificates(a, request.Payloads)
				child, c := se.acceptChild(request.Payloads)
				se.answer(request, append(se.certProof(a, theirs, tester.id), child...)...)
				c.carries()
			})
			t.Run("responder "+nut.name, func(t *testing.T) {
				l := newLab(t, s, change)
				se, payloads := l.open()
				se.askInit(payloads)
				l.wantsCertificates(a, se.takeInit().Payloads)
				o := se.offerChild()
				proof := append(se.certProof(a, theirs, tester.id), &wire.CertReq{Encoding: wire.CertX509Signature, Data: keyHash(a.certificate)})
				answer := se.ask(wire.ExchangeAuth, append(proof, o.payloads()...)...)
				se.verifyCert(a, ours, nut.id, answer, wire.PayloadIDr)
				o.complete(answer).carries()
			})
			t.Run("wrong signature "+nut.name, func(t *testing.T) {
				l := newLab(t, s, change)
				se := l.opened()
				proof := se.certProof(a, theirs, tester.id)
				proof[2].(*wire.Auth).Data[9] ^= 1
				l.only(se.ask(wire.ExchangeAuth, append(proof, se.offerChild().payloads()...)...), wire.NotifyAuthenticationFailed)
			})
		}
	})
}

func keyHash(c *x509.Certificate) []byte {
	sum := sha1.Sum(c.RawSubjectPublicKeyInfo)
	return sum[:]
}
