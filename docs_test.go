package culvert_test

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
	"path/filepath"
	"regexp"
	"testing"
	"testing/fstest"
	"time"

	"culvert/auth"
	"culvert/config"
	"culvert/keystore"
)

var hclBlock = regexp.MustCompile("(?s)```hcl\n(.*?)```")

// Every configuration that the documents show is one that the daemon takes.
func TestConfigurationsInDocumentsLoad(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	files := documentFiles(t)
	shown := 0
	for _, page := range append(pages, "README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range hclBlock.FindAllSubmatch(text, -1) {
			shown++
			files["etc/culvert/culvert.hcl"] = &fstest.MapFile{Data: withSecret(m[1])}
			if _, found := withToken(files).Load("/etc/culvert/culvert.hcl"); found.Errors() {
				t.Errorf("%s:\n%s\n%v", page, m[1], found)
			}
		}
	}
	if shown < 5 {
		t.Errorf("only %d configurations were found", shown)
	}
}

// withToken has a token with the key and certificate of the gateway.
func withToken(files fstest.MapFS) config.Source {
	return config.Source{Files: files, Keys: func([]keystore.Module, keystore.Kind, string) (crypto.Signer, error) {
		return auth.ParsePrivateKey(files["etc/culvert/gw.key"].Data)
	}, Certificate: func([]keystore.Module, string) ([]byte, error) { return files["etc/culvert/gw.pem"].Data, nil }}
}

// withSecret completes a block that shows a secret alone.
func withSecret(block []byte) []byte {
	if regexp.MustCompile(`(?m)^(connection|authority|vici|api)`).Match(block) {
		return block
	}
	return append(block, "\nconnection \"carol\" {\n local {\n id = \"gw.example.org\"\n }\n remote {\n id = \"carol@example.org\"\n }\n}\n"...)
}

// documentFiles are the files that the documents speak of.
func documentFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	add := func(name, kind string, der []byte) {
		files["etc/culvert/"+name] = &fstest.MapFile{Data: pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), Mode: 0o600}
	}
	for file, cert := range map[string]*x509.Certificate{
		"ca.pem":    {IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "CA"}},
		"gw.pem":    {DNSNames: []string{"gw.example.org"}},
		"carol.pem": {EmailAddresses: []string{"carol@example.org"}},
	} {
		cert.SerialNumber, cert.NotAfter = big.NewInt(1), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		add(file, "CERTIFICATE", der)
	}
	add("gw.key", "PRIVATE KEY", private)
	add("carol.key", "PRIVATE KEY", private)
	files["etc/culvert/staff.users"] = &fstest.MapFile{Data: []byte("user \"carol\" { nt_hash = \"8846f7eaee8fb117ad06bdd830b7586c\" }\n"), Mode: 0o600}
	for _, name := range []string{"office.psk", "carol.psk"} {
		files["etc/culvert/"+name] = &fstest.MapFile{Data: []byte("q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"), Mode: 0o600}
	}
	return files
}
