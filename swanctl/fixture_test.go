package swanctl

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"culvert/config"
)

// A party is who has a certificate.
type party struct {
	x509 *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newParty makes a certificate, which issuer signs, or itself if there is none.
func newParty(t *testing.T, name string, isCA bool, issuer *party) *party {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newPartyWith(t, name, isCA, issuer, key)
}

// newPartyWith does it with a key that there is.
func newPartyWith(t *testing.T, name string, isCA bool, issuer *party, key *ecdsa.PrivateKey) *party {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: isCA, BasicConstraintsValid: true,
	}
	if isCA {
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	parent, signer := template, crypto.Signer(key)
	if issuer != nil {
		parent, signer = issuer.x509, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &party{c, key}
}

func (p *party) certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.x509.Raw})
}

func (p *party) private(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// A folder is a tree that tests fill.
type folder fstest.MapFS

func (f folder) put(name string, data []byte) { f["etc/swanctl/"+name] = &fstest.MapFile{Data: data} }

// newFolder returns a tree with a configuration.
func newFolder(conf string) folder {
	f := folder{}
	f.put("swanctl.conf", []byte(conf))
	return f
}

// load reads the tree as the daemon does.
func (f folder) load() (*config.Config, config.Diagnostics) {
	return LoadTree(config.Source{Files: fstest.MapFS(f)}, "", "/etc/swanctl")
}

// good loads a tree that has to load.
func (f folder) good(t *testing.T) *config.Config {
	t.Helper()
	cfg, found := f.load()
	if cfg == nil {
		t.Fatalf("refused:\n%v", found)
	}
	return cfg
}

// only returns the connection of a configuration that has one.
func only(t *testing.T, cfg *config.Config) *config.Connection {
	t.Helper()
	if len(cfg.Connections) != 1 {
		t.Fatalf("there are %d connections", len(cfg.Connections))
	}
	return cfg.Connections[0]
}

// conf is a configuration with one connection that authenticates by a secret, with lines in it and in its child.
func conf(lines, child string) string {
	return strings.NewReplacer("LINES", lines, "CHILD", child).Replace(`
connections {
  a {
    remote_addrs = 192.0.2.2
    LINES
    local {
      auth = psk
      id = a.example.org
    }
    remote {
      auth = psk
      id = b.example.org
    }
    children {
      net {
        local_ts = 10.1.0.0/16
        remote_ts = 10.2.0.0/16
        CHILD
      }
    }
  }
}
secrets {
  ike-a {
    id-b = b.example.org
    secret = "rOIbwQ5p8vUjXk2tGmZ0"
  }
}
`)
}

func fstestFS(f folder) fstest.MapFS { return fstest.MapFS(f) }

// sealedKey is a key that openssl has encrypted with the passphrase "phrase".
func sealedKey(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
