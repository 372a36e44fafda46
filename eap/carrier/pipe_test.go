package carrier

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
)

// heard is a connection whose reader is listened to.
type heard struct {
	net.Conn
	s *session
}

func (h heard) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.s.hear(b[:n])
	return n, err
}

// pipe joins a client, whose session is kept, to a server of TLS 1.2 with one cipher suite. The channel is closed when the
// server is done.
func pipe(t *testing.T, suite uint16, s *session) (*tls.Conn, chan struct{}) {
	t.Helper()
	a, b := net.Pipe()
	done := make(chan struct{})
	server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{selfSigned(t, suite)}, CipherSuites: []uint16{suite}, MaxVersion: tls.VersionTLS12})
	go func() {
		defer close(done)
		_ = server.Handshake()
	}()
	t.Cleanup(func() { a.Close(); b.Close() })
	return tls.Client(heard{a, s}, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, KeyLogWriter: s}), done
}

// selfSigned makes a certificate with a key for a cipher suite.
func selfSigned(t *testing.T, suite uint16) tls.Certificate {
	t.Helper()
	var c tls.Certificate
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.PrivateKey = ec
	der, err := x509.CreateCertificate(rand.Reader, template, template, ec.Public(), ec)
	if strings.Contains(tls.CipherSuiteName(suite), "RSA") && !strings.Contains(tls.CipherSuiteName(suite), "ECDSA") {
		key, e := rsa.GenerateKey(rand.Reader, 2048)
		if e != nil {
			t.Fatal(e)
		}
		c.PrivateKey = key
		der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Certificate = [][]byte{der}
	return c
}
