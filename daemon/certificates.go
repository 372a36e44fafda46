package daemon

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"

	"culvert/api"
	"culvert/auth"
	"culvert/auth/chain"
	"culvert/auth/dn"
	"culvert/auth/keys"
	"culvert/auth/revocation"
	"culvert/config"
	"culvert/ike"
)

// The roles of certificates.
const (
	certificateOwn          = "own"
	certificateCA           = "ca"
	certificateIntermediate = "intermediate"
	certificatePinned       = "pinned"
	certificatePeer         = "peer"
	certificateAPI          = "api"
)

// The answers to whether a certificate was revoked.
const (
	revocationGood    = "good"
	revocationRevoked = "revoked"
	revocationUnknown = "unknown"
)

// expiresSoon is when an operator should begin to renew a certificate.
const expiresSoon = 30 * 24 * time.Hour

// A certificateBook gathers certificates, each with all that it is good for.
type certificateBook struct {
	now   time.Time
	list  []*bookEntry
	seen  map[[sha256.Size]byte]*bookEntry
	lists []*x509.RevocationList
}

// A bookEntry is a certificate and how it is shown.
type bookEntry struct {
	of    *x509.Certificate
	shown api.Certificate
}

// Certificates lists every certificate in use, the one that ends first at the head.
func (d *Daemon) Certificates(ctx context.Context) ([]api.Certificate, error) {
	sas, _, err := d.engine.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	cfg := d.configuration()
	b := &certificateBook{now: time.Now(), seen: map[[sha256.Size]byte]*bookEntry{}}
	for _, c := range cfg.Connections {
		b.connection(c)
	}
	if cfg.API != nil {
		b.files(cfg.API.Certificates, api.CertificateUse{Role: certificateAPI, HasKey: true})
		b.files(cfg.API.ClientCAs, api.CertificateUse{Role: certificateCA})
	}
	for _, sa := range sas {
		b.peer(sa, cfg)
	}
	b.revoke()
	all := make([]api.Certificate, len(b.list))
	for i, e := range b.list {
		all[i] = e.shown
	}
	slices.SortStableFunc(all, func(x, y api.Certificate) int {
		return cmp.Or(x.NotAfter.Compare(y.NotAfter), cmp.Compare(x.Subject, y.Subject))
	})
	return all, nil
}

// connection adds what the configuration of a connection names.
func (b *certificateBook) connection(c *config.Connection) {
	use := func(role string) api.CertificateUse { return api.CertificateUse{Role: role, Connection: c.Name} }
	for _, r := range c.Local.Rounds() {
		own := use(certificateOwn)
		own.HasKey = r.Key != nil
		b.files(r.Certificates, own)
		for _, a := range r.Alternatives {
			own.HasKey = true
			b.files(a.Certificates, own)
		}
	}
	for _, r := range c.Remote.Rounds() {
		b.files(r.CAs, use(certificateCA))
		b.files(r.Intermediates, use(certificateIntermediate))
		b.files(r.Via, use(certificateIntermediate))
		b.files(r.Pinned, use(certificatePinned))
		for _, f := range r.CRLs {
			b.lists = append(b.lists, f.Lists...)
		}
	}
}

// files adds the certificates of files. Those behind the first of ours are authorities.
func (b *certificateBook) files(files []config.CertificateFile, use api.CertificateUse) {
	leaf := use.HasKey
	for _, f := range files {
		for _, c := range f.Certificates {
			use.Path, use.HasKey = f.Path, leaf
			b.add(c, use)
			leaf = false
		}
	}
}

// peer adds what a peer has shown. Its chain was checked then, by a policy of which the peer's connection tells.
func (b *certificateBook) peer(sa ike.SAStatus, cfg *config.Config) {
	if sa.Proof == nil || sa.Connection == nil {
		return
	}
	for _, der := range sa.Proof.Certificates {
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			continue // it could be parsed when it was checked
		}
		c := b.add(leaf, api.CertificateUse{Role: certificatePeer, Connection: sa.Connection.Name, SA: spiText(sa.LocalSPI)})
		if configured := cfg.Connection(sa.Connection.Name); configured != nil && c.Revocation == revocationUnknown && asked(configured, leaf) {
			c.Revocation = revocationGood
		}
	}
}

// asked tells whether a peer could not have come so far with a revoked certificate.
func asked(c *config.Connection, leaf *x509.Certificate) bool {
	return slices.ContainsFunc(c.Remote.Rounds(), func(r *config.RemoteRound) bool {
		sourced := len(leaf.OCSPServer)+len(leaf.CRLDistributionPoints) > 0
		return r.Revocation == revocation.Strict || r.Revocation == revocation.IfURI && sourced
	})
}

// revoke marks what the revocation lists of the configuration name.
func (b *certificateBook) revoke() {
	for _, list := range b.lists {
		for _, e := range b.list {
			if bytes.Equal(e.of.RawIssuer, list.RawIssuer) && slices.ContainsFunc(list.RevokedCertificateEntries, func(r x509.RevocationListEntry) bool {
				return r.SerialNumber.Cmp(e.of.SerialNumber) == 0
			}) {
				e.shown.Revocation = revocationRevoked
			}
		}
	}
}

// add enters a certificate, or another use of one that is there.
func (b *certificateBook) add(c *x509.Certificate, use api.CertificateUse) *api.Certificate {
	sum := sha256.Sum256(c.Raw)
	e := b.seen[sum]
	if e == nil {
		e = &bookEntry{c, describeCertificate(c, sum, b.now)}
		b.seen[sum] = e
		b.list = append(b.list, e)
	}
	if !slices.Contains(e.shown.Uses, use) {
		e.shown.Uses = append(e.shown.Uses, use)
	}
	return &e.shown
}

func describeCertificate(c *x509.Certificate, sum [sha256.Size]byte, now time.Time) api.Certificate {
	shown := api.Certificate{
		Subject: dn.Format(c.RawSubject), Issuer: dn.Format(c.RawIssuer), Names: []string{}, Serial: c.SerialNumber.Text(16), Fingerprint: hex.EncodeToString(sum[:]),
		CA: c.IsCA, NotBefore: c.NotBefore, NotAfter: c.NotAfter, DaysLeft: daysUntil(c.NotAfter, now), State: stateAt(c, now), Revocation: revocationUnknown,
	}
	if pub, err := chain.PublicKey(c); err == nil {
		shown.Key = keys.Name(pub)
	}
	for _, id := range auth.Identities(&x509.Certificate{DNSNames: c.DNSNames, EmailAddresses: c.EmailAddresses, IPAddresses: c.IPAddresses}) {
		shown.Names = append(shown.Names, id.String())
	}
	return shown
}

// daysUntil counts whole days, rounded down.
func daysUntil(t, now time.Time) int {
	const day = 24 * time.Hour
	left := t.Sub(now)
	days := int(left / day)
	if left%day < 0 {
		days--
	}
	return days
}

func stateAt(c *x509.Certificate, now time.Time) api.CertificateState {
	switch {
	case now.Before(c.NotBefore):
		return api.CertificateFuture
	case now.After(c.NotAfter):
		return api.CertificateExpired
	case c.NotAfter.Sub(now) < expiresSoon:
		return api.CertificateExpiring
	}
	return api.CertificateValid
}
