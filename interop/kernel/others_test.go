package kernel_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"culvert/interop/lab"
	"culvert/interop/vm"
)

// Peers that are not strongSwan: what Libreswan and OpenIKED are given is what docs/other-daemons.md has.

// manualPath is where the guest has that page.
const manualPath = "/usr/share/doc/culvert/other-daemons.md"

// manualPage returns the page's blocks by their first line, with the addresses of the scene.
func manualPage(s *scene) map[string]string {
	s.Helper()
	text := strings.NewReplacer("192.0.2.1", "10.99.0.1", "192.0.2.2", "10.99.0.2").Replace(readFile(s, manualPath))
	blocks := map[string]string{}
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			_, block, _ := strings.Cut(part, "\n")
			title, lines, _ := strings.Cut(block, "\n")
			blocks[strings.TrimPrefix(title, "# ")] = lines
		}
	}
	return blocks
}

// gateways are two gateways' certificates of one authority, made with `culvert pki`.
type gateways struct {
	dir       string
	authority string // PEM
}

func newGateways(s *scene) *gateways {
	s.Helper()
	g := &gateways{dir: filepath.Join(s.Dir, "pki")}
	g.pki(s, "init", "--name", "Site CA")
	g.authority = readFile(s, filepath.Join(g.dir, "ca.pem"))
	return g
}

func (g *gateways) pki(s *scene, args ...string) string {
	s.Helper()
	return s.moon.Must(append([]string{culvertPath, "pki", "--dir", g.dir}, args...)...)
}

// issue returns the paths of a gateway's certificate and key.
func (g *gateways) issue(s *scene, name string) (cert, key string) {
	s.Helper()
	for line := range strings.Lines(g.pki(s, "gateway", name)) {
		switch path := strings.TrimSpace(line); filepath.Ext(path) {
		case ".pem":
			cert = path
		case ".key":
			key = path
		}
	}
	if cert == "" || key == "" {
		s.Fatalf("no files of %s", name)
	}
	return cert, key
}

// keystore puts a gateway's certificate, key and authority into one file.
func (g *gateways) keystore(s *scene, cert, key string) lab.Keystore {
	s.Helper()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		s.Fatal(err)
	}
	block, _ := pem.Decode([]byte(g.authority))
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		s.Fatal(err)
	}
	const password = "moved"
	data, err := pkcs12.Modern.Encode(pair.PrivateKey.(crypto.Signer), pair.Leaf, []*x509.Certificate{authority}, password)
	if err != nil {
		s.Fatal(err)
	}
	return lab.Keystore{File: s.sun.Write("sun.p12", string(data)), Password: password}
}

// installed has our configuration name the files of a gateway.
func (g *gateways) installed(conf, cert, key string) string {
	return strings.NewReplacer("gw.pem", cert, "gw.key", key, "ca.pem", filepath.Join(g.dir, "ca.pem")).Replace(conf)
}

// othersFolder is where install-peers.sh unpacks Libreswan and OpenIKED.
const othersFolder = "/var/cache/culvert/others"

// others adds to the guest what Libreswan and OpenIKED need: they load the last libraries by themselves.
func others(image *vm.Image) {
	for _, path := range []string{lab.PlutoPath, lab.WhackPath, lab.AddconnPath, lab.IkedPath} {
		image.Files[path] = othersFolder + path
	}
	image.Files[manualPath] = filepath.Join("..", "..", "docs", "other-daemons.md")
	image.Modules = append(image.Modules, "af_key")
	image.Programs = append(image.Programs, "/usr/bin/certutil", "/usr/bin/pk12util", "/usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so")
	for _, library := range []string{"libsoftokn3", "libfreebl3", "libfreeblpriv3"} {
		for _, ending := range []string{".so", ".chk"} {
			image.Programs = append(image.Programs, "/usr/lib/x86_64-linux-gnu/"+library+ending)
		}
	}
}
