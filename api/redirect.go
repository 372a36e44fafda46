package api

import "context"

// Redirecting is a Control that sends clients to another gateway (RFC 5685).
type Redirecting interface {
	// Redirect asks all clients that match to go, and returns how many they are.
	Redirect(ctx context.Context, r Redirection) (matches int, err error)
}

// A Redirection says where clients go, and which: all selectors that are there have to match, and one has to be there.
type Redirection struct {
	Gateway     string // address or name
	Connection  string
	SA          string // our SPI of one IKE SA, in hexadecimal
	PeerAddress string // address, prefix or "first-last"
	PeerID      string // identity of the client, in IKE or by EAP; it may have the wildcards * and ?
}
