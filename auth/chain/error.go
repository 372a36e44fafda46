package chain

import (
	"crypto/x509"
	"fmt"
	"time"

	"culvert/auth/dn"
)

// Kind is what is wrong with a path.
type Kind uint8

// The kinds.
const (
	Untrusted   Kind = iota + 1 // no path to an anchor
	Expired                     // Cert is no longer valid
	NotYetValid                 // Cert is not valid yet
	BadKey                      // the key of Cert is too weak, too large or of an unknown kind
	Constraint                  // Cert breaks a rule of a CA above it, or is a CA whose rules the path breaks
	Strength                    // Cert does not meet what the connection demands of keys and signatures
	Policy                      // the path is not issued under a certificate policy that is demanded
)

// An Error says which certificate is at fault.
type Error struct {
	Kind Kind
	Cert *x509.Certificate
	Err  error // the error underneath, or nil
}

// Error returns the fault as half a sentence about the certificate.
func (e *Error) Error() string {
	name := Name(e.Cert)
	switch e.Kind {
	case Expired:
		return fmt.Sprintf("certificate \"%s\" expired on %s", name, e.Cert.NotAfter.UTC().Format(time.RFC3339))
	case NotYetValid:
		return fmt.Sprintf("certificate \"%s\" is not valid before %s", name, e.Cert.NotBefore.UTC().Format(time.RFC3339))
	case BadKey:
		return fmt.Sprintf("certificate \"%s\" has an unacceptable key (%s): %v", name, keyName(e.Cert), e.Err)
	case Constraint, Policy, Strength:
		return fmt.Sprintf("certificate \"%s\" is not allowed in the path: %v", name, e.Err)
	}
	return fmt.Sprintf("certificate \"%s\" was issued by \"%s\", which is no trusted CA and was not issued by one (%v)",
		name, dn.Format(e.Cert.RawIssuer), e.Err)
}

// Unwrap returns the error underneath.
func (e *Error) Unwrap() error { return e.Err }

// Name returns the subject of a certificate for people, or its serial number if there is no subject.
func Name(c *x509.Certificate) string {
	if s := dn.Format(c.RawSubject); s != "" {
		return s
	}
	return fmt.Sprintf("serial number %x", c.SerialNumber)
}

// lastOf follows the issuers of a leaf as far as the intermediates go, to name the CA that is missing.
func lastOf(leaf *x509.Certificate, opt Options) *x509.Certificate {
	last := leaf
	for range opt.Intermediates {
		next := last
		for _, c := range opt.Intermediates {
			if issued(c, last) && !c.Equal(last) {
				next = c
			}
		}
		if next == last {
			break
		}
		last = next
	}
	return last
}
