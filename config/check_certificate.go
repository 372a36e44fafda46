package config

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/explain"
	"culvert/wire"
)

// checkCredential compares our certificate with key, identity and time.
func (d *decoder) checkCredential(l *LocalRound) {
	d.checkPair(&l.Origin, l.Certificates, l.Key)
	if len(l.Certificates) == 0 || l.ID.IsAny() {
		return
	}
	if leaf := l.Certificates[0].Certificates[0]; !auth.Confirms(leaf, l.ID) {
		d.warn(explain.ConfigIdentity, l.span("id"), finding{
			message: fmt.Sprintf("the certificate does not confirm the identity %s", l.ID),
			hint:    "it confirms " + names(leaf)})
	}
}

// checkPair compares a certificate of ours with its key and time.
func (d *decoder) checkPair(o *Origin, files []CertificateFile, key *KeyFile) {
	for i, f := range files {
		d.checkValidity(o, element("certificate", i), f)
	}
	if len(files) == 0 || key == nil {
		return
	}
	if leaf := files[0].Certificates[0]; !belongs(leaf, key.Key) {
		d.report(explain.ConfigKeyMismatch, o.span("key"), finding{
			message: fmt.Sprintf("the key does not belong to the certificate of %s", chain.Name(leaf)),
			hint:    fmt.Sprintf("%s is compared with the first certificate of %s", key.Path, files[0].Path)})
	}
}

// checkTrust looks at the certificates by which peers are judged.
func (d *decoder) checkTrust(r *RemoteRound) {
	r.Authorities.check(d, &r.Origin)
	for i, f := range r.Pinned {
		d.checkValidity(&r.Origin, element("certificate", i), f)
	}
}

// checkAuthorities reports certificates that are no authorities.
func (d *decoder) checkAuthorities(o *Origin, option string, f CertificateFile) {
	for _, c := range f.Certificates {
		if !c.IsCA && c.Version >= 3 {
			d.report(explain.ConfigBadFile, o.span(option), finding{
				message: fmt.Sprintf("%s: the certificate of %s is no certificate authority", f.Path, chain.Name(c)),
				hint:    "an authority says CA:TRUE in basicConstraints (RFC 5280, Section 4.2.1.9): issue it anew; a certificate that the peer itself has goes to the option certificate"})
		}
	}
}

// checkValidity warns of certificates that are not valid now, or not for long.
func (d *decoder) checkValidity(o *Origin, option string, f CertificateFile) {
	const soon = 7 * 24 * time.Hour
	if d.Now.IsZero() {
		return
	}
	for _, c := range f.Certificates {
		var what string
		switch {
		case d.Now.Before(c.NotBefore):
			what = "is not valid before " + c.NotBefore.UTC().Format(time.RFC3339)
		case d.Now.After(c.NotAfter):
			what = "has expired on " + c.NotAfter.UTC().Format(time.RFC3339)
		case d.Now.Add(soon).After(c.NotAfter):
			what = "expires on " + c.NotAfter.UTC().Format(time.RFC3339)
		default:
			continue
		}
		d.warn(explain.ConfigCertificate, o.span(option), finding{
			message: fmt.Sprintf("the certificate of %s %s", chain.Name(c), what), hint: "the clock says " + d.Now.UTC().Format(time.RFC3339)})
	}
}

// belongs reports whether the key is that of the certificate.
func belongs(c *x509.Certificate, key crypto.Signer) bool {
	public, err := chain.PublicKey(c)
	if err != nil {
		return false
	}
	comparable, ok := public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(key.Public())
}

// names lists what a certificate confirms, for messages.
func names(c *x509.Certificate) string {
	var list []string
	for _, id := range auth.Identities(c) {
		if id.Type != wire.IDKeyID {
			list = append(list, id.String())
		}
	}
	return strings.Join(list, ", ")
}
