package config

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/keystore"
)

// Certificates are read from tokens where a file could be named.
func TestCertificatesInTokens(t *testing.T) {
	ca := newIdentity(t, "ca", func(*x509.Certificate) {})
	block, _ := pem.Decode([]byte(ca.certificate))
	var asked string
	s := Source{Certificate: func(_ []keystore.Module, uri string) ([]byte, error) {
		if asked = uri; strings.Contains(uri, "absent") {
			return nil, errors.New("no token has absent")
		}
		return block.Bytes, nil
	}}
	load := func(uri string) (*Config, Diagnostics) {
		s.Files = fstest.MapFS{"c.hcl": {Data: []byte("authority \"a\" {\n  ca = pkcs11(\"" + uri + "\")\n}\n")}}
		return s.Load("/c.hcl")
	}
	c, found := load("pkcs11:id=%01;type=cert")
	if c == nil || asked != "pkcs11:id=%01;type=cert" || c.Authorities[0].CA[0].Path != "pkcs11:"+asked || len(c.Authorities[0].CA[0].Certificates) != 1 {
		t.Errorf("asked for %q\n%s", asked, found)
	}
	if _, found := load("pkcs11:object=absent"); !strings.Contains(found.String(), "no token has absent") || !strings.Contains(found.String(), "CONFIG-KEY-STORE") {
		t.Errorf("one that is not there: %s", found)
	}
	s.Certificate = nil
	if _, found := load("pkcs11:id=%01"); !strings.Contains(found.String(), "cannot be used here") {
		t.Errorf("without tokens: %s", found)
	}
}

// The modules are known wherever they stand, behind the keys that need them as well, and whatever else is wrong.
func TestModulesAreKnownToKeys(t *testing.T) {
	files := fstest.MapFS{
		"etc/culvert.hcl": {Data: []byte("include = [\"more.hcl\"]\nconnection \"a\" {\n  local {\n    key = pkcs11(\"pkcs11:id=%01\")\n  }\n}\n" +
			"pkcs11_module \"soft\" {\n  path = \"/usr/lib/soft.so\"\n}\npkcs11_module \"none\" {}\nnonsense {}\n")},
		"etc/more.hcl": {Data: []byte("pkcs11_module \"card\" {\n  path       = \"/usr/lib/card.so\"\n  load_certs = false\n}\n")},
	}
	beside := keystore.Module{Name: "beside", Path: "/usr/lib/beside.so"}
	want := []keystore.Module{{Name: "soft", Path: "/usr/lib/soft.so", Certificates: true}, {Name: "card", Path: "/usr/lib/card.so"}, beside}
	var asked []keystore.Module
	s := Source{Files: files, Modules: []keystore.Module{beside}, Keys: func(modules []keystore.Module, _ keystore.Kind, _ string) (crypto.Signer, error) {
		asked = modules
		return nil, errors.New("no")
	}}
	s.Load("/etc/culvert.hcl")
	if !slices.Equal(asked, want) {
		t.Errorf("the key is looked for in %+v", asked)
	}
	if got := s.PKCS11("/etc/culvert.hcl"); !slices.Equal(got, want) {
		t.Errorf("the modules are %+v", got)
	}
	if got := s.PKCS11(""); !slices.Equal(got, want[2:]) {
		t.Errorf("without a file there are %+v", got)
	}
}
