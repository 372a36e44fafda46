package auth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"culvert/auth/chain"
	"culvert/auth/revocation"
	"culvert/eap"
	"culvert/explain"
)

// A TLSTrust checks the certificates of the other side of an EAP method over TLS as those of IKE are checked: path, purpose,
// name, and revocation (RFC 5216, Section 5.3; RFC 9190, Section 5.4). It is safe for concurrent use.
type TLSTrust struct {
	remote *Remote  // whose authorities, bounds and revocation hold
	name   Identity // of a server; zero: it is clients that are checked
}

// NewServerTrust returns what a client checks a server by: the server's certificate must have a name, or one that a pattern
// fits. A pattern that fits any name is refused: everybody with a certificate of the authorities could pose as the server.
func NewServerTrust(r *Remote, name Identity) (*TLSTrust, error) {
	if name == (Identity{}) || name.IsAny() {
		return nil, errors.New("no name that the server's certificate must have")
	}
	return newTLSTrust(r, name, ExtKeyUsageTLSServer)
}

// NewClientTrust returns what a server checks clients by. Their names are for the method.
func NewClientTrust(r *Remote) (*TLSTrust, error) {
	return newTLSTrust(r, Identity{}, ExtKeyUsageTLSClient)
}

func newTLSTrust(r *Remote, name Identity, usage ExtKeyUsage) (*TLSTrust, error) {
	if len(r.Anchors)+len(r.Pinned) == 0 {
		return nil, errors.New("no authority whose certificates are trusted")
	}
	own := *r
	own.ExtKeyUsage = usage
	return &TLSTrust{remote: &own, name: name}, nil
}

// Issuers are the authorities that are trusted, and those known below them: a client may show no more than its own certificate
// (RFC 8446, Section 4.2.4).
func (t *TLSTrust) Issuers() []*x509.Certificate {
	return slices.Concat(t.remote.Anchors, t.remote.Intermediates)
}

// Verify takes certificates in the order in which TLS has them, the other side's own first, and the OCSP answer that was
// stapled to it, if any. It returns an *eap.Failure. Nothing is fetched for a certificate that is not trusted otherwise.
func (t *TLSTrust) Verify(ctx context.Context, sent []*x509.Certificate, staple []byte, now time.Time) error {
	failure := t.verify(ctx, sent, staple, now)
	if failure == nil {
		return nil
	}
	return &eap.Failure{Code: failure.Code, Cause: "EAP over TLS: " + failure.Cause, Action: failure.Action, Err: failure.Err}
}

func (t *TLSTrust) verify(ctx context.Context, sent []*x509.Certificate, staple []byte, now time.Time) *Failure {
	if len(sent) == 0 || len(sent) > maxCerts {
		return &Failure{Code: explain.AuthCertTooMany, Cause: fmt.Sprintf("peer sent %d certificates, 1 to %d are accepted", len(sent), maxCerts),
			Action: "have the peer send its own certificate and its intermediates only"}
	}
	v := Verify{Remote: t.remote, ID: t.name, Now: now}
	paths, failure := v.paths(shown{leaf: sent[0], others: sent[1:]})
	if failure != nil {
		return failure
	}
	if t.name != (Identity{}) && !t.named(v, sent[0]) {
		return serverUnnamed(sent[0], t.name)
	}
	var status revocation.Shown
	if len(staple) > 0 {
		status.OCSP = [][]byte{staple}
	}
	_, failure = v.unrevoked(ctx, paths, status)
	return failure
}

// named reports whether a certificate has the server's name.
func (t *TLSTrust) named(v Verify, leaf *x509.Certificate) bool {
	if t.name.IsPattern() {
		return slices.ContainsFunc(Identities(leaf), t.name.Matches)
	}
	return v.confirmed(leaf)
}

func serverUnnamed(leaf *x509.Certificate, want Identity) *Failure {
	return &Failure{Code: explain.AuthIDMismatch,
		Cause:  fmt.Sprintf("the EAP server's certificate \"%s\" is not for %s (it has: %s)", chain.Name(leaf), want, alternatives(leaf, want.Type)),
		Action: "set server_name to one of these if it is the server that you mean, or issue a certificate with that name"}
}
