// Package trace keeps what Culvert and its peers have said to each other, shows it in words and pictures, and explains from it
// why something failed.
//
// Of each message only what people need is kept: no keys, key exchange values, nonces, cookies, tickets, proofs or passwords,
// only their lengths. What a peer has chosen is bounded in number and length, and escaped when it is shown.
//
// Everything in it is pure: time comes in with the news of the engine, and the caller locks.
package trace
