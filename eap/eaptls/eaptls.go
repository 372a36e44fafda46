// Package eaptls is EAP-TLS as peer and server, with TLS 1.2 (RFC 5216) and TLS 1.3 (RFC 9190): both sides authenticate by
// certificate.
package eaptls

import (
	"bytes"
	"errors"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/explain"
)

// label is for the keys with TLS 1.2 (RFC 5216, Section 2.3).
const label = "client EAP encryption"

// commitment is the application data by which a server with TLS 1.3 says that it will send nothing but EAP-Success: a
// protected success indication (RFC 9190, Section 2.1.1).
const commitment = 0x00

var (
	errCommitment    = errors.New("the server sent other application data than the protected success indication (RFC 9190, Section 2.1.1)")
	errNoVerifier    = errors.New("no authorities for the clients' certificates")
	errNoCertificate = errors.New("no certificate of the client")
)

// properties are the security claims (RFC 5216, Section 5.1).
func properties() eap.Properties { return eap.Properties{Mutual: true, Keys: true, Guarded: true} }

// A Client is the method of a peer.
type Client struct{ config carrier.Config }

// NewClient returns the method. The configuration needs a certificate and a Verifier.
func NewClient(config carrier.Config) (*Client, error) {
	if config.Certificate == nil {
		return nil, errNoCertificate
	}
	return &Client{config}, config.Check(false)
}

// Type is that of eap.Method.
func (*Client) Type() eap.Type { return eap.TypeTLS }

// Properties are those of eap.Method.
func (*Client) Properties() eap.Properties { return properties() }

// Begin starts one run. The certificate speaks for itself, so the identity is not used.
func (c *Client) Begin(s eap.Session, _ string) (eap.Exchange, error) {
	return c.config.Begin(s, eap.TypeTLS, false, 0, runClient)
}

// runClient is one run: with TLS 1.3 the server's Finished is not yet its last word.
func runClient(t *carrier.Tunnel) (carrier.Outcome, error) {
	if err := t.Handshake(); err != nil {
		return carrier.Outcome{}, err
	}
	if t.TLS13() {
		message, err := t.ReadMessage()
		if err != nil {
			return carrier.Outcome{}, err
		}
		if !bytes.Equal(message, []byte{commitment}) {
			return carrier.Outcome{}, errCommitment
		}
	}
	msk, err := t.MSK(label)
	return carrier.Outcome{MSK: msk}, err
}

// A Server is the method of a server.
type Server struct {
	config   carrier.Config
	accounts eap.Accounts
}

// NewServer returns the method. The configuration needs a certificate and a Verifier. With accounts, a certificate must be of
// somebody who has one; nil lets in whoever the Verifier trusts.
func NewServer(config carrier.Config, accounts eap.Accounts) (*Server, error) {
	if config.Verifier == nil {
		return nil, errNoVerifier
	}
	return &Server{config, accounts}, config.Check(true)
}

// Type is that of eap.Method.
func (*Server) Type() eap.Type { return eap.TypeTLS }

// Properties are those of eap.Method.
func (*Server) Properties() eap.Properties { return properties() }

// Begin starts one run. The identity chooses among the names in the client's certificate; any other is of no account
// (RFC 9190, Section 5.6), as an anonymous one is.
func (srv *Server) Begin(s eap.Session, identity string) (eap.Exchange, error) {
	return srv.config.Begin(s, eap.TypeTLS, true, 0, func(t *carrier.Tunnel) (carrier.Outcome, error) {
		return srv.run(t, identity)
	})
}

func (srv *Server) run(t *carrier.Tunnel, outer string) (carrier.Outcome, error) {
	if err := t.Handshake(); err != nil {
		return carrier.Outcome{}, err
	}
	grant, identity, err := srv.admit(t, outer)
	if err != nil {
		return carrier.Outcome{}, err
	}
	if t.TLS13() {
		if err := t.Write([]byte{commitment}); err != nil {
			return carrier.Outcome{}, err
		}
	}
	if err := t.Acknowledged(); err != nil {
		return carrier.Outcome{}, err
	}
	msk, err := t.MSK(label)
	return carrier.Outcome{MSK: msk, Identity: identity, Grant: grant}, err
}

// admit finds out who the client is and what it may have, before it is told that all is well.
func (srv *Server) admit(t *carrier.Tunnel, outer string) (*eap.Grant, string, error) {
	identity := Identity(t.State().PeerCertificates[0], outer)
	if identity == "" {
		return nil, "", &eap.Failure{Code: explain.EAPIdentity, Cause: "the client's certificate has neither subject nor subjectAltName",
			Action: "issue one with the client's mail address or user principal name"}
	}
	if srv.accounts == nil {
		return nil, identity, nil
	}
	account, err := srv.accounts.Account(t.Context(), identity)
	if err != nil {
		return nil, "", err
	}
	return account.Grant, identity, nil
}
