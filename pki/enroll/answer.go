package enroll

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/crypto/acme"
)

// patience bounds how long somebody may take to ask for the answer to a challenge.
const patience = 10 * time.Second

// answer listens for the authority until stop is called.
func (c Config) answer(client *acme.Client, challenge *acme.Challenge, name string) (stop func(), err error) {
	switch c.Challenge {
	case HTTP:
		return c.answerHTTP(client, challenge)
	case TLSALPN:
		return c.answerTLS(client, challenge, name)
	}
	return nil, fmt.Errorf("there is no challenge %q; there are http and tls-alpn", c.Challenge)
}

// answerHTTP serves the one page (RFC 8555, Section 8.3).
func (c Config) answerHTTP(client *acme.Client, challenge *acme.Challenge) (func(), error) {
	body, err := client.HTTP01ChallengeResponse(challenge.Token)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+client.HTTP01ChallengePath(challenge.Token), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(body)) // who has asked and gone misses it
	})
	return serve(listener, mux), nil
}

// answerTLS shows the one certificate to who asks for it by protocol acme-tls/1 (RFC 8737, Section 3).
func (c Config) answerTLS(client *acme.Client, challenge *acme.Challenge, name string) (func(), error) {
	cert, err := client.TLSALPN01ChallengeCert(challenge.Token, name)
	if err != nil {
		return nil, err
	}
	listener, err := tls.Listen("tcp", c.Listen, &tls.Config{
		Certificates: []tls.Certificate{cert}, NextProtos: []string{acme.ALPNProto}, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		return nil, err
	}
	return serve(listener, http.NotFoundHandler()), nil // the handshake is all
}

// serve answers until the returned function is called.
func serve(l net.Listener, h http.Handler) func() {
	server := &http.Server{Handler: h, ReadTimeout: patience, WriteTimeout: patience, MaxHeaderBytes: 1 << 14}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends by Close
	}()
	return func() {
		_ = server.Close()
		<-done
	}
}
