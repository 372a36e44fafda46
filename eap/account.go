package eap

import (
	"context"
	"net/netip"
	"time"

	"culvert/secret"
)

// Accounts are the users that a server authenticates. It is safe for concurrent use.
type Accounts interface {
	// Account returns the account of an identity. The error is a *Failure: nobody of that name, expired, locked.
	Account(ctx context.Context, identity string) (*Account, error)
}

// An Account is one user: whatever of the proofs is stored, and what the user gets. What is nil is not stored, and methods
// that need it are refused. The receiver does not change or clear it.
type Account struct {
	User       string                           // the name under which the account is kept
	Verify     func(password secret.Bytes) bool // whether it is the password, for GTC and PAP; takes its time
	NTHash     secret.Bytes                     // 16 octets: MD4 of the password in UTF-16LE, for MSCHAPv2 (RFC 2759, Section 8.3)
	Cleartext  secret.Bytes                     // the password itself, for EAP-MD5
	Subscriber Subscriber                       // for AKA and AKA'
	Expired    bool                             // the password is past its end; a client of MSCHAPv2 is told
	Grant      *Grant
}

// A Subscriber makes authentication vectors, as the home network of a USIM does (3GPP TS 33.102, Section 6.3). It is safe for
// concurrent use.
type Subscriber interface {
	// Vector returns a fresh vector. The first bit of its AMF tells for which networks it is good: set for AKA', which
	// separates them (3GPP TS 33.402, Annex A; RFC 9048, Section 3).
	Vector(ctx context.Context, separated bool) (Vector, error)
	// Resynchronise sets the sequence number to that of the card, which AUTS proves for the RAND of an earlier vector.
	Resynchronise(ctx context.Context, rand [16]byte, auts [14]byte) error
}

// A Vector is an authentication vector of UMTS.
type Vector struct {
	RAND, AUTN [16]byte
	XRES       secret.Bytes // 4 to 16 octets
	CK, IK     secret.Bytes // 16 octets each
}

// A Grant is what an authenticated user may have. Zero values say nothing.
type Grant struct {
	User            string
	Groups          []string
	IPv4, IPv6      netip.Addr
	DNS             []netip.Addr
	SessionTimeout  time.Duration // after which the IKE SA ends or authenticates anew
	IdleTimeout     time.Duration
	InterimInterval time.Duration // between accounting updates
	Class           [][]byte      // to be repeated in accounting (RFC 2865, Section 5.25)
	MaxSessions     int           // at a time; 0 is no limit
	ValidUntil      time.Time
}
