package interop_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// pebble starts Let's Encrypt's test authority on a host, whose DNS server takes every name for this host. It returns the file with
// the certificate of its directory.
func pebble(t *testing.T, l *lab.Lab, h *lab.Host) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range []string{"pebble", "pebble-challtestsrv"} {
		lab.Build(t, "-C", "../tools", "-o", filepath.Join(bin, name), "github.com/letsencrypt/pebble/v2/cmd/"+name)
	}
	h.Must("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=pebble", "-days", "2",
		"-addext", "subjectAltName=IP:127.0.0.1", "-keyout", bin+"/api.key", "-out", bin+"/api.pem")
	conf := h.Write("pebble.json", fmt.Sprintf(`{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
		"certificate": "%[1]s/api.pem", "privateKey": "%[1]s/api.key", "httpPort": 80, "tlsPort": 443}}`, bin))
	h.Start("names", nil, bin+"/pebble-challtestsrv", "-dnsserver", "127.0.0.1:8053", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
		"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", "127.0.0.1:8055")
	h.Start("pebble", []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=5"}, bin+"/pebble", "-config", conf, "-dnsserver", "127.0.0.1:8053")
	l.Await("the authority answers", func() bool {
		_, err := h.Try("openssl", "s_client", "-connect", "127.0.0.1:14000", "-CAfile", bin+"/api.pem", "-verify_return_error")
		return err == nil
	})
	return bin + "/api.pem"
}

func TestGatewayGetsItsCertificateByACME(t *testing.T) {
	l := lab.New(t)
	h := l.Host("gateway")
	root := pebble(t, l, h)
	for _, challenge := range []string{"http", "tls-alpn"} {
		out := t.TempDir()
		acme := func(names ...string) (string, error) {
			args := append([]string{l.Binary(), "pki", "acme"}, names...)
			return h.Try(append(args, "--directory", "https://127.0.0.1:14000/dir", "--directory-ca", root, "--challenge", challenge, "--out", out)...)
		}
		if text, err := acme("vpn.example.org", "gw.example.org"); err != nil {
			t.Fatalf("%s: %v\n%s", challenge, err, text)
		}
		first := loadPair(t, out)
		for _, name := range []string{"vpn.example.org", "gw.example.org"} {
			if err := first.Leaf.VerifyHostname(name); err != nil {
				t.Error(err)
			}
		}
		if text, err := acme("vpn.example.org"); err != nil || !loadPair(t, out).Leaf.Equal(first.Leaf) {
			t.Errorf("%s: a good certificate is renewed: %v\n%s", challenge, err, text)
		}
		if text, err := acme("other.example.org"); err != nil || loadPair(t, out).Leaf.Equal(first.Leaf) {
			t.Errorf("%s: a certificate without the name is kept: %v\n%s", challenge, err, text)
		}
	}
	if text, err := h.Try(l.Binary(), "pki", "acme", "vpn.example.org", "--directory", "https://127.0.0.1:14000/dir", "--out", t.TempDir(), "--timeout", "20s"); err == nil || !strings.Contains(text, "PKI-FAILED") {
		t.Errorf("an authority that is not trusted: %v\n%s", err, text)
	}
}

// loadPair reads the gateway's certificate and key, which belong together.
func loadPair(t *testing.T, dir string) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "gateway.pem"), filepath.Join(dir, "gateway.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "gateway.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("gateway.key: %v", err)
	}
	return pair
}
