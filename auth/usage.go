package auth

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
)

// ExtKeyUsage is the rule for the extended key usage of the peer's certificate and of the authorities below the anchor
// (RFC 4945, Section 5.1.3.12).
type ExtKeyUsage uint8

// The rules.
const (
	ExtKeyUsageIKE    ExtKeyUsage = iota // absent, ipsecIKE, iKEIntermediate, any, serverAuth or clientAuth
	ExtKeyUsageStrict                    // absent, ipsecIKE or any, as the RFC says
	ExtKeyUsageServer                    // serverAuth must be there
	ExtKeyUsageIgnore
	ExtKeyUsageTLSServer // absent, any, serverAuth or eapOverLAN: a server of EAP over TLS (RFC 5216, Section 5.3)
	ExtKeyUsageTLSClient // absent, any, clientAuth or eapOverLAN: its client
)

// The purposes that crypto/x509 has no name for.
func oidIPsecIKE() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 17} }
func oidIKEIntermediate() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 8, 2, 2}
}

func oidEAPOverLAN() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 14} }

// checkUsage applies the rules to each certificate of a path but the anchor, which is trusted by configuration.
func checkUsage(path []*x509.Certificate, rule ExtKeyUsage) *Failure {
	if f := checkKeyUsage(path[0]); f != nil {
		return f
	}
	for i, c := range path {
		if i > 0 && i == len(path)-1 {
			break
		}
		if !rule.allows(c) {
			return rule.refuse(c)
		}
	}
	return nil
}

// refuse says what a certificate is not for.
func (rule ExtKeyUsage) refuse(c *x509.Certificate) *Failure {
	purpose, action := "IKE", "issue one without extended key usage or with ipsecIKE or serverAuth, or set remote.eku"
	switch rule {
	case ExtKeyUsageTLSServer:
		purpose, action = "a TLS server", "issue one with extended key usage serverAuth"
	case ExtKeyUsageTLSClient:
		purpose, action = "a TLS client", "issue one with extended key usage clientAuth"
	}
	return certUsage(c, fmt.Sprintf("is for other purposes than %s (it has: %s)", purpose, purposes(c)), action)
}

// checkKeyUsage demands digitalSignature or nonRepudiation of a certificate that restricts its key (RFC 4945,
// Section 5.1.3.2).
func checkKeyUsage(c *x509.Certificate) *Failure {
	if c.KeyUsage == 0 || c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0 {
		return nil
	}
	return certUsage(c, "does not allow its key to sign", "issue one with key usage digitalSignature")
}

// allows applies the rule to one certificate.
func (rule ExtKeyUsage) allows(c *x509.Certificate) bool {
	has := func(usages ...x509.ExtKeyUsage) bool {
		return slices.ContainsFunc(c.ExtKeyUsage, func(u x509.ExtKeyUsage) bool { return slices.Contains(usages, u) })
	}
	hasOther := func(oids ...asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(c.UnknownExtKeyUsage, func(u asn1.ObjectIdentifier) bool {
			return slices.ContainsFunc(oids, u.Equal)
		})
	}
	absent := len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0
	switch rule {
	case ExtKeyUsageIgnore:
		return true
	case ExtKeyUsageServer:
		return has(x509.ExtKeyUsageServerAuth) || c.IsCA && (absent || has(x509.ExtKeyUsageAny))
	case ExtKeyUsageTLSServer:
		return absent || has(x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth) || hasOther(oidEAPOverLAN())
	case ExtKeyUsageTLSClient:
		return absent || has(x509.ExtKeyUsageAny, x509.ExtKeyUsageClientAuth) || hasOther(oidEAPOverLAN())
	case ExtKeyUsageStrict:
		return absent || has(x509.ExtKeyUsageAny) || hasOther(oidIPsecIKE())
	}
	return absent || has(x509.ExtKeyUsageAny, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth) ||
		hasOther(oidIPsecIKE(), oidIKEIntermediate())
}

// purposes lists the extended key usages of a certificate for people.
func purposes(c *x509.Certificate) string {
	var words []string
	for _, u := range c.ExtKeyUsage {
		words = append(words, u.String())
	}
	for _, u := range c.UnknownExtKeyUsage {
		words = append(words, u.String())
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
