package carrier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"culvert/eap"
)

// A Verifier decides whether the certificates of the other side are to be trusted: path, purpose, revocation and, for a
// server's, its name. It is safe for concurrent use.
type Verifier interface {
	// Verify takes the certificates as they were sent, the other side's own first, and the OCSP answer about it that came
	// with them, if any. It may block until ctx ends. The error says why they are refused, at best as *eap.Failure.
	Verify(ctx context.Context, sent []*x509.Certificate, staple []byte, now time.Time) error
}

// A Config is what a side of a TLS-based method is configured with. It is safe for concurrent use and does not change.
type Config struct {
	// Certificate is ours with its key. A server needs one. A client without sends none.
	Certificate *tls.Certificate
	// Staple returns an OCSP answer about a server's certificate, which clients that ask for it are shown (RFC 9190,
	// Section 5.4), or nil if there is none. It may block until ctx ends; nil never has one.
	Staple func(ctx context.Context, now time.Time) []byte
	// Verifier checks the other side's certificates. A client needs one: there is no way to trust just any server. A server
	// without asks for no certificate.
	Verifier Verifier
	// Issuers are the authorities whose certificates a server asks for; a hint for clients with several.
	Issuers []*x509.Certificate
	// MinVersion and MaxVersion are of TLS; zero is 1.2 and 1.3, and nothing lower or higher is ever negotiated.
	MinVersion, MaxVersion uint16
	// ExtendedMasterSecret demands it of TLS 1.2 (RFC 7627): see unbound.go.
	ExtendedMasterSecret bool
	// Fragment is the size of the EAP packets that we send, in octets; zero is DefaultFragment.
	Fragment int
}

// Check says what is missing for a role, so that it shows before the first conversation.
func (c Config) Check(server bool) error {
	switch {
	case server && c.Certificate == nil:
		return errors.New("no certificate of the server")
	case !server && c.Verifier == nil:
		return errors.New("nothing to check the server's certificate by")
	case c.Fragment != 0 && (c.Fragment < MinFragment || c.Fragment > eap.MaxPacket):
		return fmt.Errorf("packets of %d octets: not from %d to %d", c.Fragment, MinFragment, eap.MaxPacket)
	case c.min() > c.max():
		return fmt.Errorf("no TLS version between %s and %s", tls.VersionName(c.min()), tls.VersionName(c.max()))
	}
	return nil
}

// min is the lowest version: TLS 1.0 and 1.1 are not to be used (RFC 8996).
func (c Config) min() uint16 { return max(c.MinVersion, tls.VersionTLS12) }

// max is the highest version: implementations do not use a later one than 1.3 unasked (RFC 9190, Section 1).
func (c Config) max() uint16 {
	if c.MaxVersion == 0 {
		return tls.VersionTLS13
	}
	return min(c.MaxVersion, tls.VersionTLS13)
}

// Begin starts one run of a method. The version is that of the method, which EAP-TLS has none of.
func (c Config) Begin(s eap.Session, typ eap.Type, server bool, version uint8, program Program) (*Exchange, error) {
	if err := c.Check(server); err != nil {
		return nil, failure(typ, err)
	}
	fragment := c.Fragment
	if fragment == 0 {
		fragment = DefaultFragment
	}
	e := newExchange(typ, server, version, fragment, program)
	config := c.tls(s, server, e.tunnel)
	if !c.ExtendedMasterSecret {
		e.tunnel.keys = &session{}
		config.KeyLogWriter = e.tunnel.keys
	}
	e.attach(config)
	return e, nil
}

// tls returns the configuration of one connection. There are no session tickets: what has been checked is checked each time,
// revocation and accounts included (RFC 9190, Section 5.7). Early data and post-handshake authentication do not exist in
// crypto/tls, and renegotiation is off.
func (c Config) tls(s eap.Session, server bool, t *Tunnel) *tls.Config {
	config := &tls.Config{
		Rand:                   s.Rand,
		Time:                   func() time.Time { return s.Now },
		MinVersion:             c.min(),
		MaxVersion:             c.max(),
		CipherSuites:           suites(),
		SessionTicketsDisabled: true,
	}
	if server {
		c.serve(s, config, t)
	} else {
		c.connect(config)
	}
	if c.Verifier != nil {
		config.VerifyConnection = func(cs tls.ConnectionState) error {
			return c.Verifier.Verify(t.ctx, cs.PeerCertificates, cs.OCSPResponse, s.Now)
		}
	}
	return config
}

// serve adds what a server has. That the client's certificate is valid is for the Verifier, that there is one for crypto/tls.
func (c Config) serve(s eap.Session, config *tls.Config, t *Tunnel) {
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		own := *c.Certificate
		if c.Staple != nil {
			own.OCSPStaple = c.Staple(t.ctx, s.Now)
		}
		return &own, nil
	}
	if c.Verifier == nil {
		return
	}
	config.ClientAuth = tls.RequireAnyClientCert
	config.ClientCAs = x509.NewCertPool()
	for _, ca := range c.Issuers {
		config.ClientCAs.AddCert(ca)
	}
}

// connect adds what a client has. crypto/tls checks no certificate by itself here, because the names in question are those of
// EAP and IKE and revocation belongs to it; VerifyConnection always does, for Check demands a Verifier. The certificate is
// sent whatever authorities the server names: it knows better than its hints why it refuses one.
func (c Config) connect(config *tls.Config) {
	config.InsecureSkipVerify = true
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if c.Certificate == nil {
			return &tls.Certificate{}, nil
		}
		return c.Certificate, nil
	}
}

// suites are the cipher suites of TLS 1.2: forward secrecy and authenticated encryption. Those of TLS 1.3 are all like that.
func suites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	}
}
