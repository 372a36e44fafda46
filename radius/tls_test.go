package radius

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/eap"
)

// identity makes a certificate that vouches for itself. Bubbles begin in the year 2000.
func identity(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// A secured server speaks RADIUS/TLS. It closes each connection after some packets, and writes them in pieces.
type securedServer struct {
	*fakeServer
	config      *tls.Config
	packets     int // of each connection; 0 is no limit
	connections int
}

func (s *securedServer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	s.connections++
	go s.serve(tls.Server(theirs, s.config))
	return ours, nil
}

func (s *securedServer) serve(conn *tls.Conn) {
	defer conn.NetConn().Close()
	if err := conn.Handshake(); err != nil {
		return
	}
	for n := 0; s.packets == 0 || n < s.packets; n++ {
		head := make([]byte, 4)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		rest := make([]byte, int(binary.BigEndian.Uint16(head[2:]))-4)
		if _, err := io.ReadFull(conn, rest); err != nil {
			return
		}
		answer := s.answer(append(head, rest...))
		conn.Write(answer[:3])
		conn.Write(answer[3:])
	}
}

// secure makes a server and what reaches it.
func secure(t *testing.T, packets int) (*securedServer, Server) {
	serverCert, serverCA := identity(t, "radius.example.org")
	clientCert, clientCA := identity(t, "gw.example.org")
	s := &securedServer{fakeServer: newFake(t, accept()), packets: packets}
	s.secret = tlsSecret
	s.config = &tls.Config{Certificates: []tls.Certificate{serverCert}, ClientCAs: clientCA, ClientAuth: tls.RequireAndVerifyClientCert}
	return s, Server{
		Name: "a", Auth: "radius.example.org:2083", Timeout: time.Second, Tries: 3, Dial: s.dial,
		TLS: &tls.Config{ServerName: "radius.example.org", RootCAs: serverCA, Certificates: []tls.Certificate{clientCert}},
	}
}

func TestTLSCarriesConversations(t *testing.T) {
	s, config := secure(t, 0)
	p := proxyOf(config)
	during(t, p, func(t *testing.T) {
		for range 3 {
			if r := authenticate(t, p); r.State != eap.Succeeded {
				t.Fatal(r.Err)
			}
		}
		if s.connections != 1 {
			t.Errorf("%d connections for 6 requests", s.connections)
		}
	})
}

func TestTLSConnectionThatEndedIsMadeAgain(t *testing.T) {
	s, config := secure(t, 3)
	p := proxyOf(config)
	during(t, p, func(t *testing.T) {
		for range 3 {
			r := authenticate(t, p)
			if r.State != eap.Succeeded {
				t.Fatal(r.Err)
			}
			synctest.Wait()
		}
		if s.connections < 2 {
			t.Errorf("%d connections", s.connections)
		}
	})
}

// swallowing is a connection that takes whatever is written.
type swallowing struct{ net.Conn }

func (swallowing) Write(b []byte) (int, error) { return len(b), nil }

// A server that answers and hangs up at once has answered.
func TestTLSAnswerBeforeTheEndCounts(t *testing.T) {
	ended := make(chan struct{})
	close(ended)
	for range 50 { // chance would have it otherwise in half of the cases
		q := &question{answer: make(chan *Packet, 1)}
		q.answer <- &Packet{Code: AccessAccept}
		got, err := (&endpoint{stream: true}).once(t.Context(), &link{conn: swallowing{}, done: ended}, q, time.Minute)
		if err != nil || got.Code != AccessAccept {
			t.Fatalf("%v, %v", got, err)
		}
	}
}

func TestTLSServerMustHaveTheRightNameAndAuthority(t *testing.T) {
	for name, change := range map[string]func(*tls.Config){
		"another name":           func(c *tls.Config) { c.ServerName = "radius.example.net" },
		"another authority":      func(c *tls.Config) { _, c.RootCAs = identity(t, "radius.example.org") },
		"no authority":           func(c *tls.Config) { c.RootCAs = x509.NewCertPool() },
		"we have no certificate": func(c *tls.Config) { c.Certificates = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s, config := secure(t, 0)
			change(config.TLS)
			p := proxyOf(config)
			during(t, p, func(t *testing.T) {
				r := authenticate(t, p)
				if r.State != eap.Failed || len(s.requests()) != 0 {
					t.Errorf("got %v, the server has seen %d requests", r.State, len(s.requests()))
				}
			})
		})
	}
}

func TestStreamWithAnImpossibleLengthIsClosed(t *testing.T) {
	for _, head := range []string{"0200ffff", "02000013", "02000000"} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			l := newLink(ours, true, nil)
			go theirs.Write([]byte(string(unhex(head)) + strings.Repeat("x", 16)))
			<-l.done
			theirs.Close()
			synctest.Wait()
		})
	}
}
