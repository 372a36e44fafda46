package revocation

import (
	"crypto/x509"
	"fmt"
	"time"

	"culvert/auth/chain"
)

// An Error says that a certificate was revoked, or that nobody says whether it was.
type Error struct {
	Cert    *x509.Certificate
	Revoked bool
	At      time.Time // when it was revoked
	Reason  int       // CRLReason (RFC 5280, Section 5.3.1)
	Err     error     // why the status is not known
}

// Error returns the fault as half a sentence about the certificate.
func (e *Error) Error() string {
	if e.Revoked {
		return fmt.Sprintf("certificate \"%s\" was revoked on %s (%s)", chain.Name(e.Cert), e.At.UTC().Format(time.RFC3339), reasonName(e.Reason))
	}
	return fmt.Sprintf("certificate \"%s\" may have been revoked, its status is not known (%v)", chain.Name(e.Cert), e.Err)
}

// Unwrap returns why the status is not known.
func (e *Error) Unwrap() error { return e.Err }

// reasonName returns the name of a CRLReason.
func reasonName(reason int) string {
	names := []string{"unspecified", "key compromise", "CA compromise", "affiliation changed", "superseded",
		"cessation of operation", "certificate hold", "", "remove from CRL", "privilege withdrawn", "AA compromise"}
	if reason < 0 || reason >= len(names) || names[reason] == "" {
		return fmt.Sprintf("reason %d", reason)
	}
	return names[reason]
}
