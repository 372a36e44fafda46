package auth

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"net"
	"strings"
	"testing"
	"time"

	"culvert/auth/internal/pkitest"
	"culvert/auth/keys"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// TestNames is the table of RFC 4945, Section 3.1: which identity which certificate confirms.
func TestNames(t *testing.T) {
	names := func(c *x509.Certificate) {
		c.DNSNames = []string{"gw.example.org", "*.wild.example.org"}
		c.EmailAddresses = []string{"carol@example.org"}
		c.IPAddresses = []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1")}
		c.Subject.Organization = []string{"Culvert"}
		c.SubjectKeyId = []byte{1, 2, 3}
	}
	p := newParty(t, names)
	for _, tt := range []struct {
		id   string
		want bool
	}{
		{"gw.example.org", true},
		{"GW.example.ORG", true},
		{"gw", false}, // the common name is no identity (Section 3.1.9)
		{"example.org", false},
		{"vpn.example.org", false},
		{"*.wild.example.org", true}, // the very name
		{"a.wild.example.org", false},
		{"carol@example.org", true},
		{"Carol@Example.org", true},
		{"dave@example.org", false},
		{"fqdn:carol@example.org", false},
		{"192.0.2.1", true},
		{"192.0.2.2", false},
		{"fqdn:192.0.2.1", false},
		{"2001:db8::1", true},
		{"O=Culvert, CN=gw", true},
		{"o=culvert, cn=GW", true},
		{"CN=gw", false},
		{"CN=gw, O=Culvert", false},
		{"keyid:0x010203", true},
		{"keyid:0x01", false},
		{"keyid:gw.example.org", false},
		{"asn1gn:#820e", false},
	} {
		p.id = mustID(t, tt.id)
		result := p.connect(t)
		if tt.want && result.Err != nil {
			t.Errorf("%s: %v", tt.id, result.Err)
		}
		if !tt.want {
			wantFailure(t, result.Err, explain.AuthIDMismatch, `"O=Culvert, CN=gw"`)
		}
	}
}

func TestMismatchListsNames(t *testing.T) {
	p := newParty(t)
	p.id = mustID(t, "vpn.example.org")
	wantFailure(t, p.connect(t).Err, explain.AuthIDMismatch, `"CN=gw" has no subjectAltName or subject for vpn.example.org (it has: gw.example.org)`)
	p.id = mustID(t, "carol@example.org")
	wantFailure(t, p.connect(t).Err, explain.AuthIDMismatch, "(it has: gw.example.org, CN=gw)")

	many := newParty(t, func(c *x509.Certificate) { c.DNSNames = strings.Fields(strings.Repeat("a.example.org ", 40)) })
	if result := many.connect(t); len(result.Err.Error()) > 600 {
		t.Errorf("%d octets: %v", len(result.Err.Error()), result.Err)
	}
	nameless := newParty(t, func(c *x509.Certificate) { c.DNSNames, c.Subject.CommonName = nil, "" })
	wantFailure(t, nameless.connect(t).Err, explain.AuthIDMismatch, `"serial number 65"`, "(it has: no name)")
}

func TestWildcardSAN(t *testing.T) {
	p := newParty(t, func(c *x509.Certificate) { c.DNSNames = []string{"*.Example.org", "gw.*.net", "*"} })
	for id, want := range map[string]bool{
		"gw.example.org": true, "a.gw.example.org": false, "example.org": false, ".example.org": false, "gw.a.net": false, "gw": false,
		"carol@example.org": false,
	} {
		p.id = mustID(t, "keyid:x")
		if p.id.Data = id; !strings.Contains(id, "@") {
			p.id.Type = wire.IDFQDN
		}
		p.remote.WildcardSAN = true
		if err := p.connect(t).Err; (err == nil) != want {
			t.Errorf("%s: %v", id, err)
		}
		p.remote.WildcardSAN = false
		wantFailure(t, p.connect(t).Err, explain.AuthIDMismatch)
	}
}

func TestUsage(t *testing.T) {
	ike, intermediate := oidIPsecIKE(), oidIKEIntermediate()
	with := func(usages ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = usages }
	}
	unknown := func(oids ...asn1.ObjectIdentifier) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.UnknownExtKeyUsage = oids }
	}
	for _, tt := range []struct {
		name                        string
		change                      func(*x509.Certificate)
		ike, strict, server, ignore bool
	}{
		{"absent", func(*x509.Certificate) {}, true, true, false, true},
		{"ipsecIKE", unknown(ike), true, true, false, true},
		{"iKEIntermediate", unknown(intermediate), true, false, false, true},
		{"any", with(x509.ExtKeyUsageAny), true, true, false, true},
		{"serverAuth", with(x509.ExtKeyUsageServerAuth), true, false, true, true},
		{"clientAuth", with(x509.ExtKeyUsageClientAuth), true, false, false, true},
		{"codeSigning", with(x509.ExtKeyUsageCodeSigning), false, false, false, true},
		{"ipsecTunnel, obsolete", with(x509.ExtKeyUsageIPSECTunnel), false, false, false, true},
		{"unknown", unknown(asn1.ObjectIdentifier{1, 2, 3}), false, false, false, true},
		{"several", with(x509.ExtKeyUsageCodeSigning, x509.ExtKeyUsageServerAuth), true, false, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newParty(t, tt.change)
			for rule, want := range map[ExtKeyUsage]bool{
				ExtKeyUsageIKE: tt.ike, ExtKeyUsageStrict: tt.strict, ExtKeyUsageServer: tt.server, ExtKeyUsageIgnore: tt.ignore,
			} {
				p.remote.ExtKeyUsage = rule
				err := p.connect(t).Err
				if want && err != nil {
					t.Errorf("rule %d: %v", rule, err)
				}
				if !want {
					wantFailure(t, err, explain.AuthCertUsage, `"CN=gw" is for other purposes than IKE`)
				}
			}
		})
	}
}

func TestUsageOfAuthority(t *testing.T) {
	root := pkitest.NewAuthority(t, "root", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })
	mail := root.Subordinate(t, "mail", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })
	server := root.Subordinate(t, "server")
	for sub, want := range map[*pkitest.Authority]bool{mail: false, server: true} {
		key := pkitest.NewKey(t)
		leaf := sub.Issue(t, "gw", key.Public(), func(c *x509.Certificate) {
			c.DNSNames, c.ExtKeyUsage = []string{"gw"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})
		p := party{local: &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key, Chain: []*x509.Certificate{leaf, sub.Cert}}}},
			remote: &Remote{Method: MethodPublicKey, Anchors: []*x509.Certificate{root.Cert}}, id: mustID(t, "gw")}
		for _, rule := range []ExtKeyUsage{ExtKeyUsageIKE, ExtKeyUsageServer} {
			p.remote.ExtKeyUsage = rule
			if err := p.connect(t).Err; (err == nil) != want {
				t.Errorf("below %s, rule %d: %v", sub.Cert.Subject, rule, err)
			}
		}
	}
}

func TestKeyUsage(t *testing.T) {
	for usage, want := range map[x509.KeyUsage]bool{
		0: true, x509.KeyUsageDigitalSignature: true, x509.KeyUsageContentCommitment: true,
		x509.KeyUsageKeyEncipherment: false, x509.KeyUsageKeyAgreement | x509.KeyUsageKeyEncipherment: false,
		x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment: true,
	} {
		err := newParty(t, func(c *x509.Certificate) { c.KeyUsage = usage }).connect(t).Err
		if want && err != nil {
			t.Errorf("usage %b: %v", usage, err)
		}
		if !want {
			wantFailure(t, err, explain.AuthCertUsage, "does not allow its key to sign")
		}
	}
}

func TestValidity(t *testing.T) {
	p := newParty(t)
	proof := mustProve(t, p.local, p.id, allHashes())
	late, early := p.leaf().NotAfter.Add(time.Second), p.leaf().NotBefore.Add(-time.Second)
	wantFailure(t, check(t, p.remote, p.id, late, proof).Err, explain.AuthCertExpired, `peer's certificate "CN=gw" expired on`, late.Format(time.RFC3339))
	wantFailure(t, check(t, p.remote, p.id, early, proof).Err, explain.AuthCertNotYetValid, early.Format(time.RFC3339))
	p.remote.Pinned = []*x509.Certificate{p.leaf()}
	wantFailure(t, check(t, p.remote, p.id, late, proof).Err, explain.AuthCertExpired)
}

func TestUntrusted(t *testing.T) {
	p := newParty(t)
	p.remote.Anchors = []*x509.Certificate{pkitest.NewAuthority(t, "other").Cert, foreignCert(t, "ca-rsa")}
	wantFailure(t, p.connect(t).Err, explain.AuthCertUntrusted, `issued by "CN=root"`, `trusted are: "CN=other", "C=CH, O=Culvert, CN=ca-rsa"`)
	p.remote.Anchors = nil
	wantFailure(t, p.connect(t).Err, explain.AuthCertUntrusted, "trusted are: none")
}

// TestConstrainedAuthority: an authority for one domain cannot speak for another (strongSwan, CVE-2026-35328 and following).
func TestConstrainedAuthority(t *testing.T) {
	root := pkitest.NewAuthority(t, "root", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.com"}
	})
	key := pkitest.NewKey(t)
	leaf := root.Issue(t, "gw", key.Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	p := newParty(t)
	p.local = &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key, Chain: []*x509.Certificate{leaf}}}}
	p.remote.Anchors = []*x509.Certificate{root.Cert}
	wantFailure(t, p.connect(t).Err, explain.AuthCertConstraint, "gw.example.org")
}

func TestWeakKeys(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p := newParty(t)
	leaf := p.authority.Issue(t, "gw", key.Public(), func(c *x509.Certificate) { c.DNSNames = []string{"gw.example.org"} })
	p.local = &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key, Chain: []*x509.Certificate{leaf}}}}
	wantFailure(t, p.connect(t).Err, explain.AuthCertKey, "RSA 1024")
	p.remote.Pinned = []*x509.Certificate{leaf}
	wantFailure(t, p.connect(t).Err, explain.AuthCertKey, "too weak")
	p.remote.Signatures = suite.SignaturePolicy{MinRSABits: 1024}
	if err := p.connect(t).Err; err != nil {
		t.Error(err)
	}
}

// TestSHA1Certificate: a certificate that is signed with SHA-1 is not trusted.
func TestSHA1Certificate(t *testing.T) {
	remote := &Remote{Method: MethodPublicKey, Anchors: foreignAnchors(t), AllowSHA1: true}
	id := mustID(t, "sha1.example.org")
	result := check(t, remote, id, foreignNow(), mustProve(t, foreignLocal(t, "sha1"), id, allHashes()))
	wantFailure(t, result.Err, explain.AuthCertUntrusted, "SHA1")
}

func TestPinned(t *testing.T) {
	p := newParty(t)
	p.remote.Anchors, p.remote.Pinned = nil, []*x509.Certificate{p.leaf()}
	if result := p.connect(t); result.Err != nil || !result.Leaf.Equal(p.leaf()) {
		t.Errorf("got %+v", result)
	}
	other := newParty(t)
	other.remote = p.remote
	wantFailure(t, other.connect(t).Err, explain.AuthCertUntrusted)

	p.id = mustID(t, "vpn.example.org")
	wantFailure(t, p.connect(t).Err, explain.AuthIDMismatch)
}

// TestUnsent: a peer that sends no CERT payload is known by what is configured.
func TestUnsent(t *testing.T) {
	p, stranger := newParty(t), newParty(t)
	p.local.SendCert = SendNever
	proof := mustProve(t, p.local, p.id, allHashes())
	if len(proof.Certs) != 0 {
		t.Fatalf("%d certificates are sent", len(proof.Certs))
	}
	wantFailure(t, check(t, p.remote, p.id, pkitest.Now(), proof).Err, explain.AuthCertMissing, "gw.example.org sent no certificate")

	p.remote.Pinned = []*x509.Certificate{stranger.leaf()}
	wantFailure(t, check(t, p.remote, p.id, pkitest.Now(), proof).Err, explain.AuthSignature)
	p.remote.Pinned = []*x509.Certificate{stranger.leaf(), p.leaf()}
	if result := check(t, p.remote, p.id, pkitest.Now(), proof); result.Err != nil || !result.Leaf.Equal(p.leaf()) {
		t.Errorf("got %+v", result)
	}
	p.remote.Pinned, p.remote.RawKeys = nil, []crypto.PublicKey{stranger.leaf().PublicKey, p.leaf().PublicKey}
	if result := check(t, p.remote, p.id, pkitest.Now(), proof); result.Err != nil {
		t.Error(result.Err)
	}
}

// A peer that has not sent CERTREQ gets no certificate from who sends it to those that ask alone.
func TestSentToThoseWhoAsk(t *testing.T) {
	p := newParty(t)
	p.local.SendCert = SendIfAsked
	for _, asked := range [][]*wire.CertReq{nil, CertReqs(p.remote)} {
		result := prove(t, p.local, p.id, allHashes(), asked...)
		if got, want := len(result.Certs) > 0, len(asked) > 0; result.Err != nil || got != want {
			t.Errorf("asked with %v: %d certificates, %v", asked, len(result.Certs), result.Err)
		}
	}
}

func TestRawKey(t *testing.T) {
	for _, name := range foreignNames() {
		t.Run(name, func(t *testing.T) {
			key := foreignKey(t, name)
			local := &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key}}}
			id := mustID(t, "moon")
			proof := mustProve(t, local, id, allHashes())
			if len(proof.Certs) != 1 || proof.Certs[0].Encoding != wire.CertRawPublicKey {
				t.Fatalf("sent %v", proof.Certs)
			}
			remote := &Remote{Method: MethodPublicKey, RawKeys: []crypto.PublicKey{key.Public()}, ID: id}
			result := check(t, remote, id, foreignNow(), proof)
			if result.Err != nil || result.ID != id || result.Leaf != nil || !result.NotAfter.IsZero() {
				t.Errorf("got %+v", result)
			}
			other := otherKey(t, key)
			remote.RawKeys[0] = other.Public()
			wantFailure(t, check(t, remote, id, foreignNow(), proof).Err, explain.AuthRawKeyUnknown, "SHA-256")

			thief := &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: other}}}
			stolen := mustProve(t, thief, id, allHashes())
			stolen.Certs = proof.Certs
			remote.RawKeys[0] = key.Public()
			wantFailure(t, check(t, remote, id, foreignNow(), stolen).Err, explain.AuthSignature, "raw public key")
		})
	}
}

// TestRawKeyIdentity: where raw keys are trusted for any identity, none can take that of another.
func TestRawKeyIdentity(t *testing.T) {
	key := foreignKey(t, "ed25519")
	local := &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: key}}}
	claimed := mustID(t, "somebody.example.org")
	der, err := keys.MarshalPublic(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"%any", "*.example.org"} {
		remote := &Remote{Method: MethodPublicKey, RawKeys: []crypto.PublicKey{key.Public()}, ID: mustID(t, pattern)}
		result := check(t, remote, claimed, foreignNow(), mustProve(t, local, claimed, allHashes()))
		if result.Err != nil || result.ID != keyIdentity(der) {
			t.Errorf("%s: %v, %v", pattern, result.ID, result.Err)
		}
	}
}

// TestRawKeyAuthority: a raw key is not trusted because some certificate with it would be.
func TestRawKeyOfCertificate(t *testing.T) {
	p := newParty(t)
	p.local.Credentials[0].Chain = nil
	wantFailure(t, p.connect(t).Err, explain.AuthRawKeyUnknown, "none of the 0")
}

func TestDistinguishedNameIsSentAsItIs(t *testing.T) {
	local := foreignLocal(t, "rsa") // UTF8String by openssl
	local.ID = mustID(t, "c=ch, o=CULVERT, cn=RSA")
	id := local.Identity(localAddr())
	if !bytes.Equal([]byte(id.Data), local.Credentials[0].Chain[0].RawSubject) {
		t.Errorf("identity %x is not the subject", id.Data)
	}
}
