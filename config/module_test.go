package config

import (
	"crypto"
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"culvert/keystore"
)

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
