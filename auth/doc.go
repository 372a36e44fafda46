// Package auth decides who the peer is and proves who we are (RFC 7296, Section 2.15): identities, pre-shared keys,
// signatures, certificates and raw public keys.
//
// An authentication round is a Local (what we prove) or a Remote (what we demand). The work of one round is a value, Sign
// or Verify: it holds all its inputs, its Run may be called from any goroutine, and nothing but revocation checkers and the
// look-up of certificates by hash and URL, both of which have limits of their own, ever waits for the network.
package auth
