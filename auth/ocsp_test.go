package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/wire"
)

const ocspURL = "http://ocsp.example.org/"

// An ocspServer answers with what an authority signs, or with nothing.
type ocspServer struct {
	authority *pkitest.Authority
	status    int
	away      bool
	asked     int
}

func (s *ocspServer) Fetch(_ context.Context, _ string, body []byte, _ string) ([]byte, error) {
	s.asked++
	if s.away {
		return nil, errors.New("connection refused")
	}
	req, err := ocsp.ParseRequest(body)
	if err != nil {
		return nil, err
	}
	return ocsp.CreateResponse(s.authority.Cert, s.authority.Cert, ocsp.Response{Status: s.status, SerialNumber: req.SerialNumber,
		ThisUpdate: pkitest.Now(), NextUpdate: pkitest.Now().Add(time.Hour), RevokedAt: pkitest.Now()}, s.authority.Key)
}

// newStapling makes a party that shows OCSP answers to another side that cannot ask anybody by itself.
func newStapling(t *testing.T) (party, *ocspServer) {
	t.Helper()
	p := newParty(t, func(c *x509.Certificate) { c.OCSPServer = []string{ocspURL} })
	server := &ocspServer{authority: p.authority}
	p.local.OCSP, p.local.Issuers = revocation.NewChecker(server, revocation.Options{}), p.remote.Anchors
	p.remote.OCSP, p.remote.Revocation = OCSPRequire, revocation.Strict
	p.remote.RevocationInfo = revocation.NewChecker(nil, revocation.Options{DemandShown: true})
	return p, server
}

// meet runs both sides: the request of one, the proof of the other, and its check.
func (p party) meet(t *testing.T) (SignResult, VerifyResult) {
	t.Helper()
	proof := Sign{Local: p.local, ID: p.id, PRF: newPRF(t), Octets: []byte(octets), PeerHashes: allHashes(), CertReqs: CertReqs(p.remote),
		LooksUp: LooksUp(p.remote), Now: pkitest.Now(), Rand: rand.Reader}.Run(context.Background()).(SignResult)
	if proof.Err != nil {
		t.Fatal(proof.Err)
	}
	return proof, check(t, p.remote, p.id, pkitest.Now(), proof)
}

func answers(proof SignResult) int {
	n := 0
	for _, c := range proof.Certs {
		if c.Encoding == wire.CertOCSPContent {
			n++
		}
	}
	return n
}

// TestOCSPInIKE: the peer asks, we show, it believes (RFC 4806).
func TestOCSPInIKE(t *testing.T) {
	p, server := newStapling(t)
	proof, result := p.meet(t)
	if result.Err != nil || answers(proof) != 1 || proof.Certs[0].Encoding != wire.CertX509Signature || len(proof.Warnings) > 0 {
		t.Fatalf("%d answers, %v, %v", answers(proof), proof.Warnings, result.Err)
	}
	p.meet(t)
	if server.asked != 1 {
		t.Errorf("asked %d times", server.asked)
	}
}

// TestOCSPIsNotShownUnasked: to a peer that does not know it.
func TestOCSPIsNotShownUnasked(t *testing.T) {
	p, server := newStapling(t)
	p.remote.OCSP = OCSPOff
	if proof, _ := p.meet(t); answers(proof) != 0 || server.asked != 0 {
		t.Errorf("%d answers, asked %d times", answers(proof), server.asked)
	}
}

// TestOCSPDemanded: without an answer, or with one that is not good, a peer is refused.
func TestOCSPDemanded(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*party, *ocspServer)
		warns  bool
	}{
		"server away":         {func(_ *party, s *ocspServer) { s.away = true }, true},
		"revoked":             {func(_ *party, s *ocspServer) { s.status = ocsp.Revoked }, true},
		"of another CA":       {func(_ *party, s *ocspServer) { s.authority = pkitest.NewAuthority(t, "root") }, true},
		"issuer not known":    {func(p *party, _ *ocspServer) { p.local.Issuers = nil }, true},
		"peer does not do it": {func(p *party, _ *ocspServer) { p.local.OCSP = nil }, false},
	} {
		p, server := newStapling(t)
		tt.change(&p, server)
		proof, result := p.meet(t)
		wantFailure(t, result.Err, explain.AuthRevocationUnknown, "sent no OCSP answer")
		if answers(proof) != 0 || (len(proof.Warnings) > 0) != tt.warns || tt.warns && proof.Warnings[0].Code != explain.AuthOCSPStaple {
			t.Errorf("%s: %d answers, %v", name, answers(proof), proof.Warnings)
		}
	}
}

// TestOCSPAsked: if an answer is asked for but not demanded, the peer's silence leaves it to the other sources.
func TestOCSPAsked(t *testing.T) {
	p, server := newStapling(t)
	p.local.OCSP, p.remote.OCSP = nil, OCSPAsk
	p.remote.RevocationInfo = revocation.NewChecker(server, revocation.Options{})
	if _, result := p.meet(t); result.Err != nil || server.asked != 1 {
		t.Errorf("asked %d times, %v", server.asked, result.Err)
	}
}

// TestOCSPRequest: responders are named by the hashes of their keys, in a payload of their own (RFC 4806, Section 4.1).
func TestOCSPRequest(t *testing.T) {
	p, _ := newStapling(t)
	responder := pkitest.NewAuthority(t, "responder").Cert
	for _, responders := range [][]*x509.Certificate{nil, {responder}} {
		p.remote.Responders = responders
		reqs := CertReqs(p.remote)
		var want []byte
		for _, r := range responders {
			h := sha1.Sum(r.RawSubjectPublicKeyInfo)
			want = append(want, h[:]...)
		}
		if len(reqs) != 2 || reqs[1].Encoding != wire.CertOCSPContent || !bytes.Equal(reqs[1].Data, want) {
			t.Errorf("%d requests: %+v", len(reqs), reqs[1])
		}
	}
}
