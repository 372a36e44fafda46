package swanctl

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"culvert/auth"
	"culvert/config"
	"culvert/eap"
	"culvert/secret"
)

// gateway is a tree of a gateway with a certificate of an intermediate authority.
func gateway(t *testing.T, rounds string) (folder, *party, *party, *party) {
	t.Helper()
	root := newParty(t, "root", true, nil)
	middle := newParty(t, "middle", true, root)
	own := newParty(t, "moon.example.org", false, middle)
	f := newFolder("connections {\n gw {\n" + rounds + "\n children {\n net {\n }\n }\n }\n}\nsecrets {\n eap-carol {\n id = carol\n secret = Ar3etTnp01qlpOgb\n }\n}\n")
	f.put("x509/moon.pem", own.certificate())
	f.put("x509ca/root.pem", root.certificate())
	f.put("x509ca/middle.der", middle.x509.Raw)
	f.put("private/moon.pem", own.private(t))
	return f, root, middle, own
}

// Certificates go with the private key that is theirs and the authorities above them; peers are trusted by all authorities.
func TestCertificatesFindTheirKeys(t *testing.T) {
	f, root, middle, own := gateway(t, "local {\n auth = pubkey\n certs = moon.pem\n }\n remote {\n auth = pubkey\n id = sun.example.org\n revocation = strict\n }")
	c := only(t, f.good(t))
	if c.Local.Key == nil || !own.key.PublicKey.Equal(c.Local.Key.Key.Public()) {
		t.Fatal("the private key was not found")
	}
	var chain []*x509.Certificate
	for _, file := range c.Local.Certificates {
		chain = append(chain, file.Certificates...)
	}
	if len(chain) != 3 || !chain[0].Equal(own.x509) || !chain[1].Equal(middle.x509) || !chain[2].Equal(root.x509) {
		t.Errorf("%d certificates are in the chain", len(chain))
	}
	if len(c.Remote.CAs) != 1 || len(c.Remote.Intermediates) != 1 || len(c.Remote.Via) != 0 {
		t.Errorf("%d authorities are trusted, of %v, and %d are below", len(c.Remote.CAs), root.x509.Subject, len(c.Remote.Intermediates))
	}
}

// An authority below another one is trusted as far as that is, so that it can be revoked; named, it has to be in the path.
func TestAuthoritiesThatDoNotSignThemselves(t *testing.T) {
	const local = "local {\n certs = moon.pem\n }\n remote {\n id = sun.example.org\n "
	f, root, middle, _ := gateway(t, local+"cacerts = middle.der\n }")
	r := only(t, f.good(t)).Remote
	if len(r.CAs) != 1 || !r.CAs[0].Certificates[0].Equal(root.x509) || len(r.Via) != 1 || !r.Via[0].Certificates[0].Equal(middle.x509) {
		t.Errorf("%d authorities are trusted, by %d", len(r.CAs), len(r.Via))
	}
	f, _, _, _ = gateway(t, local+"cacerts = root.pem\n }")
	if r := only(t, f.good(t)).Remote; len(r.CAs) != 1 || len(r.Via) != 0 {
		t.Errorf("root: %d authorities are trusted, by %d", len(r.CAs), len(r.Via))
	}
	f, _, _, _ = gateway(t, local+"}")
	delete(f, "etc/swanctl/x509ca/root.pem")
	if cfg, found := f.load(); cfg == nil || !strings.Contains(found.String(), "one that signs itself") {
		t.Errorf("without a root: %v", found)
	}
}

// Of several certificates each with a key can be shown, in the order of the list, with the authorities that are its own.
func TestSeveralCertificatesOfARound(t *testing.T) {
	for name, lines := range map[string]string{
		"certs":    "certs = moon.pem, other.pem, stranger.pem",
		"sections": "cert1 {\n file = /etc/swanctl/x509/moon.pem\n }\n cert2 {\n file = /etc/swanctl/x509/other.pem\n }",
		"id":       "id = moon.example.org",
	} {
		f, _, middle, own := gateway(t, "local {\n "+lines+"\n }\n remote {\n id = sun.example.org\n }")
		authority := newParty(t, "other root", true, nil)
		other, stranger := newParty(t, "moon.example.org", false, authority), newParty(t, "moon.example.org", false, middle)
		f.put("x509/other.pem", other.certificate())
		f.put("x509/stranger.pem", stranger.certificate())
		f.put("x509ca/other.pem", authority.certificate())
		f.put("private/other.pem", other.private(t))
		got := only(t, f.good(t)).Local.Credentials()
		if len(got) != 2 || !own.key.PublicKey.Equal(got[0].Key.Key.Public()) || !other.key.PublicKey.Equal(got[1].Key.Key.Public()) {
			t.Errorf("%s: %d can be shown", name, len(got))
			continue
		}
		if chain := got[1].Certificates; len(chain) != 2 || !chain[0].Certificates[0].Equal(other.x509) || !chain[1].Certificates[0].Equal(authority.x509) {
			t.Errorf("%s: %d certificates are in the other chain", name, len(chain))
		}
	}
}

// As with strongSwan, who does not ask gets no certificate unless the configuration says otherwise.
func TestCertificatesAreSentAsStrongSwanSendsThem(t *testing.T) {
	for line, want := range map[string]auth.CertSending{
		"": auth.SendIfAsked, "send_cert = ifasked": auth.SendIfAsked, "send_cert = always": auth.SendAlways, "send_cert = yes": auth.SendAlways,
		"send_cert = never": auth.SendNever, "send_cert = no": auth.SendNever,
	} {
		f, _, _, _ := gateway(t, line+"\nlocal {\n certs = moon.pem\n }\n remote {\n id = sun.example.org\n }")
		if got := only(t, f.good(t)).Local.SendCertificate; got != want {
			t.Errorf("%q is %v", line, got)
		}
	}
}

// With cacerts these alone are trusted, and the others may stand between.
func TestNamedAuthoritiesAreTheOnlyOnes(t *testing.T) {
	f, root, _, _ := gateway(t, "local {\n id = moon.example.org\n }\n remote {\n cacerts = root.pem\n }")
	c := only(t, f.good(t))
	if len(c.Remote.CAs) != 1 || !c.Remote.CAs[0].Certificates[0].Equal(root.x509) || len(c.Remote.Intermediates) != 1 {
		t.Errorf("%d are trusted, %d stand between", len(c.Remote.CAs), len(c.Remote.Intermediates))
	}
	if c.Local.Key == nil || len(c.Local.Certificates) == 0 {
		t.Error("our certificate was not found by our identity")
	}
}

func TestAuthoritiesByIdentity(t *testing.T) {
	f, root, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n ca_id = \"CN=root\"\n }")
	if r := only(t, f.good(t)).Remote; len(r.CAs) != 1 || !r.CAs[0].Certificates[0].Equal(root.x509) || r.ViaID.String() != "CN=root" {
		t.Errorf("%d are trusted, by way of %v", len(r.CAs), r.ViaID)
	}
	f, _, _, _ = gateway(t, "local {\n certs = moon.pem\n }\n remote {\n ca_id = \"CN=nobody\"\n }")
	if r := only(t, f.good(t)).Remote; len(r.CAs) != 1 || len(r.Pinned)+len(r.PublicKeys) != 0 || r.ViaID.String() != "CN=nobody" {
		t.Errorf("an identity that none of those has that are loaded: %+v", r)
	}
	f, _, _, _ = gateway(t, "local {\n certs = moon.pem\n }\n remote {\n ca_id = \"C=CH, CN\"\n }")
	if cfg, found := f.load(); cfg != nil || !strings.Contains(found.String(), "connections.gw.remote.ca_id") {
		t.Errorf("no identity: %v", found)
	}
}

// Regular expressions are for whom the peer may be, with backslashes as a file has them.
func TestExpressionsOfIdentities(t *testing.T) {
	f, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n id = \"fqdn:^sun[0-9]+\\\\.example\\\\.org$\"\n }")
	if id := only(t, f.good(t)).Remote.ID; id.String() != `fqdn:^sun[0-9]+\.example\.org$` || !id.IsExpression() {
		t.Errorf("the peer is %v", id)
	}
	for text, want := range map[string]string{
		"local {\n certs = moon.pem\n id = \"fqdn:^moon$\"\n }\n remote {\n }":   "local.id: regular expressions are for remote rounds",
		"local {\n certs = moon.pem\n }\n remote {\n id = \"email:^(moon$\"\n }": "remote.id: \"email:^(moon$\" is no identity",
	} {
		f, _, _, _ := gateway(t, text)
		if cfg, found := f.load(); cfg != nil || !strings.Contains(found.String(), want) {
			t.Errorf("%s: %v", text, found)
		}
	}
}

// A key that is not there is warned of, and the connection waits for it.
func TestConnectionsWaitForTheirKeys(t *testing.T) {
	f, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = eap-mschapv2\n eap_id = %any\n }")
	delete(f, "etc/swanctl/private/moon.pem")
	cfg, found := f.load()
	if cfg == nil || !strings.Contains(found.String(), "no private key is loaded") {
		t.Fatalf("%v", found)
	}
	if only(t, cfg).Local.Key != nil {
		t.Error("there is a key")
	}
}

// An authority with addresses vouches for peers like those in the folder.
func TestAuthoritiesWithAddresses(t *testing.T) {
	f, root, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n }")
	delete(f, "etc/swanctl/x509ca/root.pem")
	f.put("other/root.pem", root.certificate())
	f.put("swanctl.conf", append(f["etc/swanctl/swanctl.conf"].Data, "authorities {\n own {\n cacert = /etc/swanctl/other/root.pem\n crl_uris = http://a/x.crl, http://b/x.crl\n ocsp_uris = http://a/ocsp\n }\n}\n"...))
	cfg := f.good(t)
	if len(cfg.Authorities) != 1 || len(cfg.Authorities[0].CRLs) != 2 || len(cfg.Authorities[0].OCSP) != 1 {
		t.Fatalf("authorities are %+v", cfg.Authorities)
	}
	if c := only(t, cfg); len(c.Remote.CAs) != 1 {
		t.Errorf("%d authorities vouch for the peer", len(c.Remote.CAs))
	}
}

// Users of EAP are those of the secrets.
func TestUsersOfEAP(t *testing.T) {
	f, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = eap-mschapv2\n eap_id = %any\n }")
	cfg := f.good(t)
	r := only(t, cfg).Remote
	users := cfg.UsersOf(r.EAP.Users)
	if r.Auth != auth.MethodEAP || !r.EAP.AskIdentity || users == nil || len(users.List) != 1 || users.List[0].Name != "carol" || string(users.List[0].Cleartext) != "Ar3etTnp01qlpOgb" {
		t.Errorf("EAP is %+v, its users %+v", r.EAP, users)
	}
}

func TestClientOfEAP(t *testing.T) {
	f, _, _, _ := gateway(t, "remote_addrs = 192.0.2.1\nlocal {\n auth = eap\n id = carol@example.org\n eap_id = carol\n }\n remote {\n id = moon.example.org\n }")
	e := only(t, f.good(t)).Local.EAP
	if e.Identity != "carol" || string(e.Password) != "Ar3etTnp01qlpOgb" || e.Methods[0] != eap.TypeMSCHAPv2 {
		t.Errorf("EAP is %+v", e)
	}
}

func TestTLSInEAP(t *testing.T) {
	f, _, _, _ := gateway(t, "remote_addrs = 192.0.2.1\nlocal {\n auth = eap-tls\n certs = moon.pem\n aaa_id = aaa.example.org\n }\n remote {\n id = moon.example.org\n }")
	e := only(t, f.good(t)).Local.EAP
	if e.TLS.Key == nil || e.TLS.ServerName.Data != "aaa.example.org" {
		t.Errorf("TLS is %+v", e.TLS)
	}
	f, _, _, _ = gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = eap-tls\n eap_id = %any\n }")
	if e := only(t, f.good(t)).Remote.EAP; len(e.TLS.CAs) != 1 || len(e.TLS.Intermediates) != 1 || e.Users != "" {
		t.Errorf("TLS is %+v", e)
	}
}

// Where no method is named, what there are means for is offered.
func TestMethodsOfEAPThatAreNotNamed(t *testing.T) {
	for _, method := range []string{"eap", "eap-dynamic"} {
		f, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = "+method+"\n }")
		e := only(t, f.good(t)).Remote.EAP
		if want := []eap.Type{eap.TypeMSCHAPv2, eap.TypeMD5Challenge, eap.TypeTLS}; !slices.Equal(e.Methods, want) || len(e.TLS.CAs) == 0 || !e.TLS.AnyCertificate {
			t.Errorf("%s: EAP is %+v", method, e)
		}
		f, _, _, _ = gateway(t, "local {\n auth = psk\n id = gw.example.org\n }\n remote {\n auth = "+method+"\n }")
		if e := only(t, f.good(t)).Remote.EAP; slices.Contains(e.Methods, eap.TypeTLS) {
			t.Errorf("%s without a certificate: EAP is %+v", method, e)
		}
	}
}

// Keys that are encrypted are opened by their secret, in all the ways that openssl has for it.
func TestEncryptedKeys(t *testing.T) {
	const rounds = "local {\n certs = moon.pem\n }\n remote {\n }"
	open, err := decrypt(sealedKey(t, "sealed.pem"), []secret.Bytes{[]byte("wrong"), []byte("phrase")})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := auth.ParsePrivateKey(open)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"private", "pkcs8", "pkcs12", "legacy"} {
		f, _, _, _ := gateway(t, rounds)
		own := newPartyWith(t, "moon.example.org", false, nil, signer.(*ecdsa.PrivateKey))
		f.put("x509/moon.pem", own.certificate())
		delete(f, "etc/swanctl/private/moon.pem")
		folder, data := kind, sealedKey(t, "sealed.pem")
		switch kind {
		case "pkcs8":
			data = sealedKey(t, "sealed-old.pem")
		case "pkcs12":
			p12, err := pkcs12.Modern.Encode(own.key, own.x509, nil, "phrase")
			if err != nil {
				t.Fatal(err)
			}
			data = p12
		case "legacy":
			folder, data = "private", legacyKey(t, own)
		}
		f.put(folder+"/moon.key", data)
		if _, found := f.load(); !strings.Contains(found.String(), "no secret opens it") {
			t.Errorf("%s: without a secret: %v", kind, found)
		}
		open := "secrets {\n " + folder + " {\n file = moon.key\n secret = phrase\n }\n}\n"
		f.put("swanctl.conf", append(f["etc/swanctl/swanctl.conf"].Data, open...))
		if c := only(t, f.good(t)); c.Local.Key == nil || !own.key.PublicKey.Equal(c.Local.Key.Key.Public()) {
			t.Errorf("%s: the key was not opened", kind)
		}
	}
}

// legacyKey encrypts a key as PEM did before PKCS #8.
func legacyKey(t *testing.T, p *party) []byte {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	block, err := x509.EncryptPEMBlock(zero{}, "EC PRIVATE KEY", der, []byte("phrase"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

// zero is a poor source of randomness.
type zero struct{}

func (zero) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// Secrets are chosen by their owners, ours among them, as strongSwan does it.
func TestSecretsByTheirOwners(t *testing.T) {
	for _, tt := range []struct{ owners, want string }{
		{"id-a = a.example.org\n id-b = b.example.org", "this secret is for both"},
		{"id-a = a.example.org\n id-b = someone.example.org", "this secret is for both"},
		{"id-a = b.example.org", "this secret is for both"},
		{"", "this secret is for both"},
		{"id-a = other.example.org\n id-b = third.example.org", ""},
	} {
		text := strings.Replace(conf("", ""), "ike-a {\n    id-b = b.example.org\n    secret = \"rOIbwQ5p8vUjXk2tGmZ0\"", "ike-a {\n "+tt.owners+"\n secret = \"this secret is for both\"", 1)
		cfg := newFolder(text).good(t)
		c := only(t, cfg)
		s, _ := cfg.PSKs(c).Lookup(c.Local.ID, c.Remote.ID)
		if string(s.PSK) != tt.want {
			t.Errorf("%q: the secret is %d octets", tt.owners, len(s.PSK))
		}
	}
}

func TestPPKs(t *testing.T) {
	text := conf("ppk_id = office\nppk_required = yes", "") + "secrets {\n ppk-1 {\n id = office\n secret = 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n }\n ppk-2 {\n id = other\n secret = 0sAAAA\n }\n}\n"
	cfg := newFolder(text).good(t)
	c := only(t, cfg)
	if ppks := cfg.PPKsOf(c); !c.PPKRequired || len(ppks) != 1 || string(ppks[0].ID[1:]) != "office" || len(ppks[0].Key) != 32 {
		t.Errorf("the PPKs are %v", c.PPKNames)
	}
	unnamed := strings.Replace(text, "ppk_id = office", "", 1)
	cfg = newFolder(strings.Replace(unnamed, "remote_addrs = ", "# ", 1)).good(t)
	if c := only(t, cfg); !c.PPKRequired || len(cfg.PPKsOf(c)) != 2 {
		t.Errorf("those that peers may use are %v", c.PPKNames)
	}
	cfg = newFolder(strings.Replace(unnamed, "ppk_required = yes", "", 1)).good(t)
	if c := only(t, cfg); len(cfg.PPKsOf(c)) != 0 {
		t.Errorf("those that we ask for are %v", c.PPKNames)
	}
}

// Nothing secret is in the configuration that a translation writes, nor in what it tells.
func TestSecretsStayInFilesInMemory(t *testing.T) {
	f, _, _, _ := gateway(t, "local {\n certs = moon.pem\n }\n remote {\n auth = eap-mschapv2\n }")
	s, _ := ReadTree(fstestFS(f), "/etc/swanctl", nil)
	tr := Translate(s)
	_, found := tr.Load(config.Source{Files: fstestFS(f)}, "")
	for name, text := range tr.Texts() {
		if strings.Contains(string(text), "Ar3etTnp") || strings.Contains(found.String(), "Ar3etTnp") {
			t.Errorf("%s has a secret", name)
		}
	}
}
