// Package suite holds the transforms of IKEv2 and ESP: encryption, integrity, pseudorandom functions, key exchange and
// signatures, the proposals that name them, the selection between two sides, and the key schedule that feeds them
// (RFC 7296, Sections 2.10 to 2.18 and 3.3; algorithms by RFC 8247 and RFC 8221).
//
// Everything here is a function of its arguments: randomness comes in as an io.Reader, nothing reads a clock, a socket or
// a global. Values are safe for concurrent use unless their doc says otherwise.
package suite
