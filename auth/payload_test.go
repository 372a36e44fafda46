package auth

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/explain"
	"culvert/wire"
)

func x509Cert(der []byte) *wire.Cert {
	return &wire.Cert{Encoding: wire.CertX509Signature, Data: der}
}

// TestCertPayloads: what a peer may put around its certificate.
func TestCertPayloads(t *testing.T) {
	p := newParty(t)
	proof := mustProve(t, p.local, p.id, allHashes())
	good, junk := proof.Certs[0], x509Cert([]byte{0x30, 0x80})
	big := x509Cert(make([]byte, maxCertOctets+1))
	stranger := x509Cert(pkitest.NewAuthority(t, "stranger").Cert.Raw)
	of := func(e wire.CertEncoding) *wire.Cert { return &wire.Cert{Encoding: e, Data: []byte{1, 2, 3}} }
	spki := &wire.Cert{Encoding: wire.CertRawPublicKey, Data: p.leaf().RawSubjectPublicKeyInfo}
	for _, tt := range []struct {
		name  string
		certs []*wire.Cert
		code  explain.Code
	}{
		{"alone", []*wire.Cert{good}, ""},
		{"with the root", []*wire.Cert{good, x509Cert(p.authority.Cert.Raw)}, ""},
		{"with a stranger", []*wire.Cert{good, stranger}, ""},
		{"twice", []*wire.Cert{good, good}, ""},
		{"junk behind it", []*wire.Cert{good, junk, big}, ""},
		{"unknown encoding behind it", []*wire.Cert{good, of(wire.CertPKCS7X509), of(77)}, ""},
		{"revocation list before it", []*wire.Cert{of(wire.CertCRL), of(wire.CertOCSPContent), good}, ""},
		{"raw key behind it", []*wire.Cert{good, spki}, ""},
		{"as many as may be", append([]*wire.Cert{good}, slices.Repeat([]*wire.Cert{stranger}, maxCerts-1)...), ""},
		{"more", append([]*wire.Cert{good}, slices.Repeat([]*wire.Cert{stranger}, maxCerts)...), explain.AuthCertTooMany},
		{"stranger first", []*wire.Cert{stranger, good}, explain.AuthCertUntrusted},
		{"root first", []*wire.Cert{x509Cert(p.authority.Cert.Raw), good}, explain.AuthCertUsage},
		{"junk first", []*wire.Cert{junk, good}, explain.AuthCertMalformed},
		{"too large", []*wire.Cert{big}, explain.AuthCertMalformed},
		{"no octets", []*wire.Cert{x509Cert(nil)}, explain.AuthCertMalformed},
		{"truncated", []*wire.Cert{x509Cert(good.Data[:len(good.Data)-1])}, explain.AuthCertMalformed},
		{"trailing octet", []*wire.Cert{x509Cert(append(slices.Clone(good.Data), 0))}, explain.AuthCertMalformed},
		{"curve that is not supported", []*wire.Cert{x509Cert(pemDER(t, "brainpool.pem"))}, explain.AuthCertMalformed},
		{"malformed raw key", []*wire.Cert{of(wire.CertRawPublicKey)}, explain.AuthCertMalformed},
		{"raw key that is not trusted", []*wire.Cert{spki, good}, explain.AuthRawKeyUnknown},
		{"hash and URL", []*wire.Cert{of(wire.CertHashURLX509)}, explain.AuthCertLookup},
		{"hash and URL of a bundle", []*wire.Cert{of(wire.CertHashURLBundle), good}, explain.AuthCertLookup},
		{"PKCS #7", []*wire.Cert{of(wire.CertPKCS7X509)}, explain.AuthCertEncoding},
		{"unknown", []*wire.Cert{of(200)}, explain.AuthCertEncoding},
		{"revocation list only", []*wire.Cert{of(wire.CertCRL)}, explain.AuthCertMissing},
		{"nothing", nil, explain.AuthCertMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := check(t, p.remote, p.id, pkitest.Now(), SignResult{Auth: proof.Auth, Certs: tt.certs}).Err
			if tt.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFailure(t, err, tt.code)
		})
	}
}

// pemDER returns the octets of a PEM file that need not parse.
func pemDER(t *testing.T, name string) []byte {
	t.Helper()
	docs, err := documents(testdata(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return docs[0].der
}

// TestIntermediates: sent by the peer in any order, or configured here.
func TestIntermediates(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	upper := root.Subordinate(t, "upper")
	lower := upper.Subordinate(t, "lower")
	key := pkitest.NewKey(t)
	leaf := lower.Issue(t, "gw", key.Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw"} })
	chain := []*x509.Certificate{leaf, upper.Cert, lower.Cert, root.Cert}
	p := party{local: &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key, Chain: chain}}},
		remote: &Remote{Method: MethodPublicKey, Anchors: []*x509.Certificate{root.Cert}}, id: mustID(t, "gw")}

	proof := mustProve(t, p.local, p.id, allHashes())
	if len(proof.Certs) != 3 || string(proof.Certs[0].Data) != string(leaf.Raw) {
		t.Fatalf("%d certificates are sent, want 3, ours first and no root", len(proof.Certs))
	}
	if err := p.connect(t).Err; err != nil {
		t.Error(err)
	}
	p.local.Credentials[0].Chain = chain[:1]
	wantFailure(t, p.connect(t).Err, explain.AuthCertUntrusted, `issued by "CN=lower"`)
	p.remote.Intermediates = []*x509.Certificate{lower.Cert, upper.Cert}
	if err := p.connect(t).Err; err != nil {
		t.Error(err)
	}
}

// TestVia: a path has to pass one of the authorities that are named, which are not trusted by themselves.
func TestVia(t *testing.T) {
	p := newParty(t)
	key := pkitest.NewKey(t)
	sub, other := p.authority.Subordinate(t, "sub"), p.authority.Subordinate(t, "other")
	leaf := sub.Issue(t, "gw", key.Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	p.local.Credentials = []Credential{{Key: key, Chain: []*x509.Certificate{leaf, sub.Cert}}}
	for _, tt := range []struct {
		name string
		via  *pkitest.Authority
		want explain.Code
	}{{"the issuer", sub, ""}, {"the anchor", p.authority, ""}, {"another authority below the anchor", other, explain.AuthCertUntrusted}} {
		p.remote.Via = []*x509.Certificate{tt.via.Cert}
		if err := p.connect(t).Err; tt.want != "" {
			wantFailure(t, err, tt.want, "not from any authority that this connection is for", `"CN=other"`)
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	p.remote.Pinned = []*x509.Certificate{leaf}
	if err := p.connect(t).Err; err != nil {
		t.Errorf("pinned: %v", err)
	}
	p.remote.Pinned, p.remote.Anchors, p.remote.Via = nil, nil, []*x509.Certificate{sub.Cert}
	wantFailure(t, p.connect(t).Err, explain.AuthCertUntrusted)
}

// TestViaID: an authority that a path has to pass is known by its name, and the peer may be the one to send it. The name of the peer's
// own certificate is none of an authority.
func TestViaID(t *testing.T) {
	p := newParty(t)
	key := pkitest.NewKey(t)
	sub := p.authority.Subordinate(t, "sub")
	leaf := sub.Issue(t, "gw", key.Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	p.local.Credentials = []Credential{{Key: key, Chain: []*x509.Certificate{leaf, sub.Cert}}}
	for name, fits := range map[string]bool{"CN=sub": true, p.authority.Cert.Subject.String(): true, "CN=other": false, "CN=gw": false, "gw.example.org": false} {
		p.remote.ViaID = mustID(t, name)
		if err := p.connect(t).Err; !fits {
			wantFailure(t, err, explain.AuthCertUntrusted, "not from any authority that this connection is for", "remote.via_id")
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.remote.Pinned = []*x509.Certificate{leaf}
	if err := p.connect(t).Err; err != nil {
		t.Errorf("pinned: %v", err)
	}
}

// TestLargeCertificate: a certificate that is good but larger than any in use.
func TestLargeCertificate(t *testing.T) {
	p := newParty(t, func(c *x509.Certificate) {
		for i := range 2000 {
			c.DNSNames = append(c.DNSNames, fmt.Sprintf("host%d.example.org", i))
		}
	})
	wantFailure(t, p.connect(t).Err, explain.AuthCertMalformed, "16384 are accepted")
}

func TestChainTooLongToSend(t *testing.T) {
	p := newParty(t)
	sub := p.authority.Subordinate(t, "sub")
	for range maxCerts {
		p.local.Credentials[0].Chain = append(p.local.Credentials[0].Chain, sub.Cert)
	}
	wantFailure(t, prove(t, p.local, p.id, allHashes()).Err, explain.AuthSigning, "17 certificates")
}

// FuzzVerify has AUTH and CERT payloads of any kind: no panic, and nobody is anybody.
func FuzzVerify(f *testing.F) {
	p := newParty(f)
	proof := mustProve(f, p.local, p.id, allHashes())
	old := mustProve(f, p.local, p.id, nil)
	f.Add(uint8(proof.Auth.Method), proof.Auth.Data[1:], uint8(proof.Certs[0].Encoding), proof.Certs[0].Data, []byte{})
	f.Add(uint8(old.Auth.Method), old.Auth.Data[1:], uint8(wire.CertRawPublicKey), p.leaf().RawSubjectPublicKeyInfo, p.authority.Cert.Raw)
	f.Add(uint8(wire.AuthSharedKey), []byte{}, uint8(wire.CertHashURLX509), []byte{}, []byte{})
	remote := *p.remote
	remote.AllowSHA1 = true
	prf := newPRF(f)
	f.Fuzz(func(t *testing.T, method uint8, data []byte, encoding uint8, first, second []byte) {
		for _, m := range []Method{MethodPSK, MethodPublicKey} {
			r := remote
			r.Method = m
			v := Verify{Remote: &r, ID: p.id, PRF: prf, Octets: []byte(octets), Auth: &wire.Auth{Method: wire.AuthMethod(method), Data: data},
				Certs: []*wire.Cert{{Encoding: wire.CertEncoding(encoding), Data: first}, x509Cert(second)}, Now: pkitest.Now()}
			if result := v.Run(context.Background()).(VerifyResult); result.Err == nil {
				t.Fatalf("proven: %v", result.ID)
			}
		}
	})
}
