package ike

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"
	"time"

	"culvert/auth"
	"culvert/auth/revocation"
	"culvert/explain"
)

// revoke makes a list of the authority that has some certificates.
func (a *authority) revoke(list ...*x509.Certificate) *x509.RevocationList {
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: startOfTime.Add(-time.Hour), NextUpdate: startOfTime.Add(24 * time.Hour)}
	for _, c := range list {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: startOfTime, ReasonCode: 1})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, a.cert, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return crl
}

// certified is a child between peers with certificates.
func certified(t *testing.T) (l *childLab, ca *authority) {
	ca = newAuthority(t, "test CA")
	l = oneChild(t, withCertificates(ca))
	l.lossless = false
	return l, ca
}

// knows has a node know of revoked certificates from now on.
func (l *childLab) knows(at *testNode, lists ...*x509.RevocationList) {
	c := *at.env.Connections.list[0]
	c.RemoteAuth = append([]auth.Remote(nil), c.RemoteAuth...)
	c.RemoteAuth[0].Revocation, c.RemoteAuth[0].RevocationInfo = revocation.Strict, revocation.NewChecker(nil, revocation.Options{CRLs: lists})
	l.do(at, SetConnections{NewConnections(&c)})
}

// In both roles who refuses a peer tells which certificate was revoked, as soon as the peer has proven that it is its own.
func TestRefusalNamesTheRevokedCertificate(t *testing.T) {
	for _, initiates := range []bool{true, false} {
		l, ca := certified(t)
		peer := l.a
		judge := l.b
		if !initiates {
			peer, judge = l.b, l.a
		}
		leaf := peer.env.Connections.list[0].LocalAuth[0].Credentials[0].Chain[0]
		l.knows(judge, ca.revoke(leaf))
		l.do(l.a, initiate(l.a))
		f := judge.failure(t, NewsClosed)
		if f.Code != explain.AuthCertRevoked || string(f.Revoked) != string(leaf.Raw) {
			t.Errorf("revoked initiator %v: %v with %d octets of certificate", initiates, f, len(f.Revoked))
		}
		if judge.shard.Len() == 0 {
			t.Errorf("revoked initiator %v: the refusal alone has ended the IKE SA from before", initiates)
		}
	}
}

// What stands on a revoked certificate ends at once, whether or not the peer is there to answer.
func TestWhatStandsOnARevokedCertificateEnds(t *testing.T) {
	for name, silent := range map[string]bool{"peer answers": false, "peer is silent": true} {
		t.Run(name, func(t *testing.T) {
			l, _ := certified(t)
			leaf := l.sa(l.b).proof.Certificates[0]
			if silent {
				l.onlyFrom(l.b)
			}
			l.command(l.b, EndRevoked{Certificate: leaf, Err: errors.New("it was revoked")})
			if p := l.planes[l.b]; len(p.in)+len(p.out) != 0 {
				t.Errorf("%d SAs in, %d out are left", len(p.in), len(p.out))
			}
			l.elapse(10 * time.Minute)
			if f := l.b.failure(t, NewsClosed); !silent && f.Code != explain.AuthCertRevoked || l.b.shard.Len() != 0 {
				t.Errorf("closed with %v", f)
			}
			if f := l.b.failure(t, NewsChildDown); f.Code != explain.AuthCertRevoked {
				t.Errorf("the child went down with %v", f)
			}
			if !silent && l.a.shard.Len() != 0 {
				t.Error("the peer was not told")
			}
		})
	}
}

// Another certificate of the same peer's is no reason, nor is any where nobody asks for revocation.
func TestWhatDoesNotStandOnARevokedCertificateStays(t *testing.T) {
	l, ca := certified(t)
	l.command(l.b, EndRevoked{Certificate: ca.issue("a.example").Chain[0].Raw, Err: errors.New("it was revoked")})
	l.agree(1)
	c := *l.b.env.Connections.list[0]
	c.RemoteAuth = append([]auth.Remote(nil), c.RemoteAuth...)
	c.RemoteAuth[0].Revocation = revocation.Off
	l.do(l.b, SetConnections{NewConnections(&c)})
	l.command(l.b, Reconfigure{&c})
	l.command(l.b, EndRevoked{Certificate: l.sa(l.b).proof.Certificates[0], Err: errors.New("it was revoked")})
	l.agree(1)
}

// An IKE SA that is being rekeyed ends when that is over, with its successor.
func TestRevokedWhileRekeying(t *testing.T) {
	l, _ := certified(t)
	leaf := l.sa(l.b).proof.Certificates[0]
	old := l.sa(l.b).LocalSPI()
	l.holding = true
	l.command(l.b, RekeyIKE{})
	l.do(l.b, Command{SA: old, Event: EndRevoked{Certificate: leaf, Err: errors.New("it was revoked")}})
	l.letGo()
	l.elapse(time.Minute)
	l.agree(0)
	if f := l.b.failure(t, NewsClosed); f.Code != explain.AuthCertRevoked {
		t.Errorf("closed with %v", f)
	}
}
