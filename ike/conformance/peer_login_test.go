package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptls"
	"culvert/suite"
	"culvert/wire"
)

// How clients authenticate themselves: with a certificate, or by EAP.

// signedProof is certProof with an AUTH method and a signature scheme of the peer's choice.
func (s *session) signedProof(a *authority, cert *x509.Certificate, id auth.Identity, method wire.AuthMethod, scheme suite.Scheme) []wire.Payload {
	s.Helper()
	p := id.Payload(wire.PayloadIDi)
	signature, err := suite.Sign(a.tester, method, scheme, s.signed(wire.PayloadIDi, wire.AppendPayload(nil, p)), rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	return []wire.Payload{p, &wire.Cert{Encoding: wire.CertX509Signature, Data: cert.Raw}, &wire.Auth{Method: method, Data: signature}}
}

// askInFragments sends IKE_AUTH in fragments of a size, a number of them at least, and takes an answer in fragments or one piece
// (RFC 7383).
func (s *session) askInFragments(size, least int, payloads ...wire.Payload) []wire.Payload {
	s.Helper()
	datagrams, err := wire.SealFragments(s.out, s.header(wire.ExchangeAuth, s.next, 0), payloads, size)
	if err != nil || len(datagrams) < least {
		s.Fatalf("%d datagrams, %v", len(datagrams), err)
	}
	s.next++
	for _, d := range datagrams {
		s.silent()
		s.deliver(d)
	}
	if len(s.datagrams) < least {
		s.Errorf("the answer comes in %d pieces", len(s.datagrams))
	}
	if len(s.datagrams) == 1 {
		return s.response(wire.ExchangeAuth).Payloads
	}
	return s.reassembled().Payloads
}

// reassembled takes a message in fragments.
func (s *session) reassembled() *wire.Message {
	s.Helper()
	for r := (wire.Reassembler{}); ; {
		f, err := wire.OpenFragment(s.in, s.receive())
		if err != nil {
			s.Fatal(err)
		}
		m, complete, err := r.Add(f)
		if err != nil {
			s.Fatal(err)
		}
		if complete {
			return m
		}
	}
}

// A login is a client's run of IKE_AUTH by EAP.
type login struct {
	*session
	id     auth.Identity
	client eap.Client
	only   bool           // the client does without another proof of the gateway's (RFC 5998)
	first  []wire.Payload // the answer to the first request
	msk    []byte
	proven []wire.Payload // what goes with the client's AUTH
}

// begin sends the first request, which has no AUTH, and keeps the answer.
func (g *login) begin(more ...wire.Payload) {
	g.Helper()
	g.first = g.askInFragments(65000, 1, append([]wire.Payload{g.id.Payload(wire.PayloadIDi)}, more...)...)
}

// converse answers the gateway's EAP requests until there is an end, and tells whether that is success.
func (g *login) converse() bool {
	g.Helper()
	c, err := g.client.Begin(eap.Session{IKEIdentity: g.id.String(), Now: g.now, EAPOnly: g.only, Rand: g.rand})
	if err != nil {
		g.Fatal(err)
	}
	defer c.Close()
	for answer := g.first; ; {
		packet := find[*wire.EAP](g.lab, answer)
		r := c.Step(context.Background(), packet.Data)
		switch r.State {
		case eap.Succeeded:
			g.msk = r.MSK
			return true
		case eap.Failed:
			return false
		}
		answer = g.ask(wire.ExchangeAuth, &wire.EAP{Data: r.Packet})
	}
}

// finish proves the key of EAP, and checks that the gateway has it too.
func (g *login) finish() []wire.Payload {
	g.Helper()
	body := wire.AppendPayload(nil, g.id.Payload(wire.PayloadIDi))
	proof := &wire.Auth{Method: wire.AuthSharedKey, Data: g.mac(g.msk, wire.PayloadIDi, body)}
	answer := g.ask(wire.ExchangeAuth, append([]wire.Payload{proof}, g.proven...)...)
	idr := wire.AppendPayload(nil, identity(g.lab, g.first, wire.PayloadIDr))
	if proof := find[*wire.Auth](g.lab, answer); !bytes.Equal(proof.Data, g.mac(g.msk, wire.PayloadIDr, idr)) {
		g.Errorf("AUTH of the gateway is not made with the key of EAP")
	}
	return answer
}

// login runs all of it, and returns the last answer.
func (s *session) login(id auth.Identity, c eap.Client, more ...wire.Payload) (*login, []wire.Payload) {
	s.Helper()
	g := &login{session: s, id: id, client: c}
	g.begin(more...)
	if !g.converse() {
		g.Fatalf("EAP fails; the node's news: %s", g.gazette())
	}
	return g, g.finish()
}

// smartCard is a client with EAP-TLS, as user carol.
func (a *authority) smartCard(t testing.TB) eap.Client {
	t.Helper()
	cert := a.issue(t, &x509.Certificate{SerialNumber: big.NewInt(6), Subject: pkix.Name{CommonName: "carol"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, a.tester, a.certificate)
	method, err := eaptls.NewClient(carrier.Config{Certificate: &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: a.tester}, Verifier: gatewayVerifier{a}})
	if err != nil {
		t.Fatal(err)
	}
	return &eap.Peer{Identity: "carol", Methods: []eap.Method{method}}
}

// gatewayVerifier trusts the gateway's certificate alone.
type gatewayVerifier struct{ authority *authority }

func (v gatewayVerifier) Verify(_ context.Context, chain []*x509.Certificate, _ []byte, _ time.Time) error {
	if len(chain) == 0 || !chain[0].Equal(v.authority.shown) {
		return errors.New("another certificate than the gateway's")
	}
	return nil
}
