package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/keystore"
)

const keyedByStore = `connection "office" {
  local {
    id  = "gw.example.org"
    key = %
  }
  remote {
    address = "192.0.2.1"
    id      = "peer.example.org"
    auth    = "psk"
  }
  child "net" {}
}
secret "office" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`

func TestKeysOutsideOfFiles(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	source := func(value string) Source {
		files := fstest.MapFS{"etc/culvert.hcl": {Data: []byte(strings.Replace(keyedByStore, "%", value, 1))}}
		return Source{Files: files, Keys: func(_ []keystore.Module, kind keystore.Kind, name string) (crypto.Signer, error) {
			asked = append(asked, string(kind)+" "+name)
			if strings.Contains(name, "absent") {
				return nil, errors.New("there is no key absent")
			}
			return key, nil
		}}
	}
	for value, want := range map[string]string{
		`pkcs11("pkcs11:token=gw;object=key")`: "pkcs11 pkcs11:token=gw;object=key",
		`tpm("0x81000001")`:                    "tpm 0x81000001",
		`tpm("key.tss")`:                       "tpm /etc/key.tss",
		`ssh_agent("SHA256:abc")`:              "ssh_agent SHA256:abc",
	} {
		asked = nil
		c, found := source(value).Load("/etc/culvert.hcl")
		if c == nil || len(asked) != 1 || asked[0] != want || c.Connections[0].Local.Key.Key != crypto.Signer(key) {
			t.Errorf("%s: asked for %q\n%s", value, asked, found)
		}
	}
	if _, found := source(`tpm("absent")`).Load("/etc/culvert.hcl"); !strings.Contains(found.String(), "there is no key absent") || !strings.Contains(found.String(), "CONFIG-KEY-STORE") {
		t.Errorf("a key that is not there: %s", found)
	}
	if _, found := source(`drawer("top")`).Load("/etc/culvert.hcl"); !strings.Contains(found.String(), "no such function") {
		t.Errorf("an unknown store: %s", found)
	}
	deaf := source(`tpm("0x81000001")`)
	deaf.Keys = nil
	if _, found := deaf.Load("/etc/culvert.hcl"); !strings.Contains(found.String(), "cannot be used here") {
		t.Errorf("without key stores: %s", found)
	}
}

func TestOnlyKeysComeFromAStore(t *testing.T) {
	files := fstest.MapFS{"culvert.hcl": {Data: []byte(strings.Replace(keyedByStore, "% ", "", 1) + "\nsecret \"b\" { psk = tpm(\"0x81000001\") }\n")}}
	if _, found := (Source{Files: files}).Load("/culvert.hcl"); !strings.Contains(found.String(), "psk") || !found.Errors() {
		t.Errorf("a secret from a TPM: %s", found)
	}
}
