package config

import (
	"crypto/x509"
	"fmt"
	"slices"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/explain"
	"culvert/suite"
)

// checkSent looks at the certificates that we send: whether they follow each other, whether one is missing, and whether peers
// would take them.
func (d *decoder) checkSent(c *Connection) {
	if c.Local.Auth != auth.MethodPublicKey {
		return
	}
	d.checkShown(c, &c.Local.Origin, c.Local.Certificates)
	for _, a := range c.Local.Alternatives {
		d.checkShown(c, &a.Origin, a.Certificates)
	}
}

// checkShown looks at the certificates of one credential.
func (d *decoder) checkShown(c *Connection, o *Origin, files []CertificateFile) {
	var sent []*x509.Certificate
	for _, f := range files {
		sent = append(sent, f.Certificates...)
	}
	if len(sent) == 0 {
		return
	}
	d.checkOrder(o, sent)
	d.checkMissing(c, o, sent)
	for _, cert := range sent {
		d.checkStrength(o, cert)
	}
}

// checkOrder warns of a certificate that does not issue the one before it (RFC 7296, Section 3.6 allows any order behind the
// first; there are peers that do not).
func (d *decoder) checkOrder(o *Origin, sent []*x509.Certificate) {
	for i := 1; i < len(sent); i++ {
		before, issuer := sent[i-1], sent[i]
		if string(before.RawIssuer) == string(issuer.RawSubject) && chain.CheckSignature(before, issuer) == nil {
			continue
		}
		d.warn(explain.ConfigCertChain, o.span("certificate"), finding{
			message: fmt.Sprintf("the certificate of %s comes behind that of %s, but has not issued it", chain.Name(issuer), chain.Name(before)),
			hint:    "ours first, then each issuer behind the certificate that it has issued; leave out what does not belong to them"})
		return
	}
}

// checkMissing warns of an intermediate that is known here and not sent: the peer needs it to come from ours to its CA.
func (d *decoder) checkMissing(c *Connection, o *Origin, sent []*x509.Certificate) {
	last := sent[len(sent)-1]
	for _, f := range slices.Concat(c.Remote.CAs, c.Remote.Intermediates) {
		for _, ca := range f.Certificates {
			isRoot := string(ca.RawSubject) == string(ca.RawIssuer)
			if isRoot || string(last.RawIssuer) != string(ca.RawSubject) || chain.CheckSignature(last, ca) != nil {
				continue
			}
			d.warn(explain.ConfigCertChain, o.span("certificate"), finding{
				message: fmt.Sprintf("the intermediate %s, which has issued the certificate of %s, is not sent", chain.Name(ca), chain.Name(last)),
				hint:    fmt.Sprintf("add %s to certificate, unless the peer has it", f.Path)})
			return
		}
	}
}

// checkStrength warns of a certificate with a key or signature that peers refuse. The signature of a root by itself proves
// nothing, and is not looked at.
func (d *decoder) checkStrength(o *Origin, cert *x509.Certificate) {
	what := ""
	switch err := chain.CheckKey(cert, suite.SignaturePolicy{}); {
	case err != nil:
		what = err.Error()
	case string(cert.RawSubject) == string(cert.RawIssuer):
	case cert.SignatureAlgorithm == x509.SHA1WithRSA || cert.SignatureAlgorithm == x509.ECDSAWithSHA1 || cert.SignatureAlgorithm == x509.MD5WithRSA:
		what = fmt.Sprintf("the certificate of %s is signed with %v", chain.Name(cert), cert.SignatureAlgorithm)
	}
	if what != "" {
		d.warn(explain.ConfigCertWeak, o.span("certificate"), finding{message: what, hint: "peers refuse it"})
	}
}
