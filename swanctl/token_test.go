package swanctl

import (
	"crypto"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
	"culvert/explain"
	"culvert/keystore"
	"culvert/secret"
	"culvert/swanctl/settings"
)

// fakeTokens have a key with its certificate by URI, and certificates by the name of their module.
type fakeTokens struct {
	party *party
	uris  []string // of the key and its certificate
	pin   string
	all   map[string][]keystore.Certificate
}

func (f fakeTokens) OpenToken(uri string, pin secret.Bytes) (crypto.Signer, error) {
	switch {
	case !slices.Contains(f.uris, uri):
		return nil, errors.New("no token has " + uri)
	case string(pin) != f.pin:
		return nil, errors.New("the PIN is wrong")
	}
	return f.party.key, nil
}

func (f fakeTokens) Certificate(uri string) ([]byte, error) {
	if !slices.Contains(f.uris, uri) {
		return nil, errors.New("no token has " + uri)
	}
	return f.party.x509.Raw, nil
}

func (f fakeTokens) CertificatesOf(m keystore.Module) ([]keystore.Certificate, error) {
	if list, ok := f.all[m.Name]; ok {
		return list, nil
	}
	return nil, errors.New("module " + m.Name + " hangs")
}

// inToken is a tree of a gateway whose key and certificate are in a token, and the token.
func inToken(t *testing.T, round, secretLines string) (folder, fakeTokens) {
	t.Helper()
	f, _, _, own := gateway(t, "local {\n"+round+"\n }\n remote {\n auth = pubkey\n id = sun.example.org\n }")
	delete(f, "etc/swanctl/private/moon.pem")
	delete(f, "etc/swanctl/x509/moon.pem")
	conf := f["etc/swanctl/swanctl.conf"]
	conf.Data = []byte(strings.Replace(string(conf.Data), "secrets {", "secrets {\n token-gw {\n"+secretLines+"\n }", 1))
	return f, fakeTokens{party: own, uris: []string{"pkcs11:id=%01", "pkcs11:slot-id=3;id=%01?module-name=soft"}, pin: "1234"}
}

// load loads the tree with some tokens.
func (f folder) loadWith(tokens Tokens, modules ...keystore.Module) (*config.Config, config.Diagnostics) {
	s, found := ReadTree(fstest.MapFS(f), "/etc/swanctl", tokens)
	if found.Errors() {
		return nil, found
	}
	found = append(found, s.AddCertificates(modules)...)
	cfg, more := Translate(s).Load(config.Source{Files: fstest.MapFS(f)}, "")
	return cfg, append(found, more...)
}

func TestKeysAndCertificatesInTokens(t *testing.T) {
	for round, lines := range map[string]string{
		"cert {\n handle = 01\n }":                                          "handle = 01\n pin = 1234",
		"cert-a {\n handle = 0x1\n slot = 03\n module = soft\n }":           "handle = 0x01\n slot = 3\n module = soft\n pin = 1234",
		"auth = pubkey\n cert-a {\n handle = 01\n slot = -1\n module =\n }": "handle = 1\n slot =\n pin = 1234",
	} {
		f, tokens := inToken(t, round, lines)
		cfg, found := f.loadWith(tokens)
		if cfg == nil {
			t.Errorf("%s: %v", round, found)
			continue
		}
		c := only(t, cfg)
		if c.Local.Key == nil || !tokens.party.key.PublicKey.Equal(c.Local.Key.Key.Public()) || !c.Local.Certificates[0].Certificates[0].Equal(tokens.party.x509) {
			t.Errorf("%s: local is %+v", round, c.Local)
		}
		if strings.Contains(c.Local.Key.Path, "1234") {
			t.Errorf("the key is shown as %q", c.Local.Key.Path)
		}
	}
}

// A key that cannot be opened is warned of, as swanctl goes on without it; a certificate that a connection names has to be there.
func TestTokensThatDoNotHelp(t *testing.T) {
	const cert = "cert {\n handle = 01\n }"
	for _, tt := range []struct {
		round, secret, want string
		code                explain.Code
		loads               bool
	}{
		{cert, "handle = 01\n pin = 4321", "secrets.token-gw: loading private key from token failed: the PIN is wrong", explain.ConfigKeyStore, true},
		{cert, "handle = 02\n pin = 1234", "no token has pkcs11:id=%02", explain.ConfigKeyStore, true},
		{"cert {\n handle = 02\n }", "handle = 01\n pin = 1234", "connections.gw.local.cert: unable to load certificate: no token has pkcs11:id=%02", explain.ConfigBadValue, false},
		{"cert {\n handle = 02\n file = /x.pem\n }", "handle = 01", "handle and file path given", explain.ConfigBadValue, false},
		{"cert {\n slot = 2\n }", "handle = 01", "handle or file path missing", explain.ConfigBadValue, false},
		{"cert {\n handle = xy\n }", "handle = 01", "cert.handle: it is no CKA_ID in hexadecimal", explain.ConfigBadValue, false},
		{cert, "handle = 01\n slot = first", "secrets.token-gw.slot: it is no number of a slot", explain.ConfigBadValue, false},
		{cert, "pin = 1234", "secrets.token-gw: handle is missing", explain.ConfigMissingKey, false},
	} {
		f, tokens := inToken(t, tt.round, tt.secret)
		cfg, found := f.loadWith(tokens)
		i := slices.IndexFunc(found, func(d config.Diagnostic) bool { return d.Code == tt.code && strings.Contains(d.Message, tt.want) })
		if (cfg != nil) != tt.loads || i < 0 || found[i].Line == 0 || strings.Contains(found.String(), "4321") {
			t.Errorf("%s %s: loads %v\n%v", tt.round, tt.secret, cfg != nil, found)
		}
	}
	f, _ := inToken(t, cert, "handle = 01")
	if cfg, found := f.loadWith(nil); cfg != nil || !strings.Contains(found.String(), "tokens cannot be read here") {
		t.Errorf("without tokens: %v", found)
	}
}

func TestAuthoritiesInTokens(t *testing.T) {
	root := newParty(t, "root", true, nil)
	f := newFolder("connections {\n gw {\n remote {\n id = b\n }\n children {\n net {\n }\n }\n }\n}\nauthorities {\n house {\n handle = 01\n crl_uris = http://a/x.crl\n }\n}\n")
	tokens := fakeTokens{party: root, uris: []string{"pkcs11:id=%01"}}
	cfg, found := f.loadWith(tokens)
	if cfg == nil || len(cfg.Authorities) != 1 || !cfg.Authorities[0].CA[0].Certificates[0].Equal(root.x509) || len(only(t, cfg).Remote.CAs) != 1 {
		t.Errorf("%v", found)
	}
	tokens.uris = nil
	if cfg, found := f.loadWith(tokens); cfg != nil || !strings.Contains(found.String(), "authorities.house.handle: unable to load certificate") {
		t.Errorf("without the token: %v", found)
	}
}

// What lies in tokens is there as if it had been loaded: certificates, and authorities that the token trusts.
func TestCertificatesOfModules(t *testing.T) {
	f, tokens := inToken(t, "id = moon.example.org", "handle = 01\n pin = 1234")
	trusted, other := newParty(t, "trusted", true, nil), newParty(t, "other", true, nil)
	tokens.all = map[string][]keystore.Certificate{"soft": {
		{DER: tokens.party.x509.Raw, Module: "soft", ID: []byte{1}}, {DER: trusted.x509.Raw, Trusted: true}, {DER: other.x509.Raw}, {DER: []byte("no certificate")},
	}}
	delete(f, "etc/swanctl/x509ca/root.pem")
	delete(f, "etc/swanctl/x509ca/middle.der")
	cfg, found := f.loadWith(tokens, keystore.Module{Name: "soft", Certificates: true}, keystore.Module{Name: "bad", Certificates: true}, keystore.Module{Name: "worse"})
	if cfg == nil {
		t.Fatal(found)
	}
	c := only(t, cfg)
	if c.Local.Key == nil || len(c.Remote.CAs) != 1 || !c.Remote.CAs[0].Certificates[0].Equal(trusted.x509) {
		t.Errorf("local is %+v, trusted are %d", c.Local, len(c.Remote.CAs))
	}
	if text := found.String(); !strings.Contains(text, "module bad hangs") || strings.Contains(text, "worse") {
		t.Errorf("%s", text)
	}
}

func TestModulesOfStrongSwan(t *testing.T) {
	f := newFolder("")
	if list, found := Modules(fstest.MapFS(f), "/etc/swanctl"); len(list)+len(found) > 0 {
		t.Errorf("without strongswan.conf: %v %v", list, found)
	}
	put := func(name, text string) { f["etc/"+name] = &fstest.MapFile{Data: []byte(text)} }
	put("strongswan.conf", "charon {\n plugins {\n include strongswan.d/charon/*.conf\n }\n}\nlibstrongswan {\n plugins {\n pkcs11 {\n modules {\n soft {\n path = /other.so\n }\n hsm {\n path = /hsm.so\n }\n }\n }\n }\n}\n")
	put("strongswan.d/charon/pkcs11.conf", "pkcs11 {\n load = yes\n modules {\n soft {\n path = /soft.so\n load_certs = no\n }\n none {\n }\n }\n}\n")
	want := []keystore.Module{{Name: "soft", Path: "/soft.so"}, {Name: "hsm", Path: "/hsm.so", Certificates: true}}
	for _, tree := range []string{"/etc/swanctl", "/etc/swanctl/swanctl.conf"} {
		if list, found := Modules(fstest.MapFS(f), tree); !slices.Equal(list, want) || len(found) != 1 || !strings.Contains(found.String(), "charon.plugins.pkcs11.modules.none") {
			t.Errorf("%s: %+v\n%v", tree, list, found)
		}
	}
	put("strongswan.conf", "charon {\n")
	if list, found := Modules(fstest.MapFS(f), "/etc/swanctl"); len(list) > 0 || found.Errors() || len(found) != 1 {
		t.Errorf("one that is broken: %v %v", list, found)
	}
}

func TestLoadTokenCommand(t *testing.T) {
	own := newParty(t, "moon", false, nil)
	s := Setup{Tokens: fakeTokens{party: own, uris: []string{"pkcs11:id=%01", "pkcs11:slot-id=3;id=%01?module-name=soft"}, pin: "1234"}}
	load := func(pairs ...string) (Setup, *settings.Section, error) {
		request := new(settings.Section)
		for i := 0; i < len(pairs); i += 2 {
			request.Add(pairs[i], pairs[i+1])
		}
		c, _ := Find("load-token")
		return c.Run(s, request)
	}
	id, _ := KeyID(own.key.Public())
	for _, pairs := range [][]string{{"handle", "01", "pin", "1234"}, {"handle", "01", "slot", "3", "module", "soft", "pin", "1234"}} {
		next, reply, err := load(pairs...)
		if err != nil || reply.Text("success") != "yes" || reply.Text("id") != id || len(next.Keys) != 1 || next.Keys[0].ID != id {
			t.Errorf("%v: %v", pairs, err)
		}
		s = next // loading it twice leaves one
	}
	unload, _ := Find("unload-key")
	if next, _, err := unload.Run(s, new(settings.Section).Add("id", id)); err != nil || len(next.Keys) != 0 {
		t.Errorf("unloading: %v", err)
	}
	for want, pairs := range map[string][]string{
		"keyid missing": {"pin", "1234"},
		"loading private key from token failed: the PIN is wrong":                       {"handle", "01", "pin", "1"},
		"loading private key from token failed: no token has pkcs11:id=%02":             {"handle", "02"},
		"loading private key from token failed: handle or slot: it is no CKA_ID":        {"handle", "x"},
		"loading private key from token failed: handle or slot: it is no number of a s": {"handle", "01", "slot", "x"},
	} {
		if next, _, err := load(pairs...); err == nil || !strings.HasPrefix(err.Error(), want) || len(next.Keys) != 1 {
			t.Errorf("%v: %v", pairs, err)
		}
	}
}

// An import of a tree with tokens loads by itself once the PIN is in its file.
func TestImportOfTokens(t *testing.T) {
	f, tokens := inToken(t, "cert {\n handle = 01\n slot = 3\n module = soft\n }", "handle = 01\n slot = 3\n module = soft\n pin = 1234")
	f["etc/strongswan.conf"] = &fstest.MapFile{Data: []byte("charon {\n plugins {\n pkcs11 {\n modules {\n soft {\n path = /soft.so\n load_certs = no\n }\n }\n }\n }\n}\n")}
	text, found := importTree(fstest.MapFS(f), "/etc/swanctl", func([]keystore.Module) Tokens { return tokens })
	if found.Errors() || strings.Contains(text, "1234") || !strings.Contains(found.String(), "/etc/culvert/token-gw.pin") {
		t.Fatalf("%v\n%s", found, text)
	}
	f.put("culvert.hcl", []byte(text))
	var keys, certs string
	cfg, found := config.Source{Files: fstest.MapFS(f), Keys: func(m []keystore.Module, _ keystore.Kind, uri string) (crypto.Signer, error) {
		keys = m[0].Path + " " + uri
		return tokens.party.key, nil
	}, Certificate: func(_ []keystore.Module, uri string) ([]byte, error) {
		certs = uri
		return tokens.party.x509.Raw, nil
	}}.Load("/etc/swanctl/culvert.hcl")
	if cfg == nil || keys != "/soft.so pkcs11:slot-id=3;id=%01?module-name=soft&pin-source=file:/etc/culvert/token-gw.pin" || certs != "pkcs11:slot-id=3;id=%01?module-name=soft" {
		t.Errorf("keys %q, certificates %q\n%v\n%s", keys, certs, found, text)
	}
}
