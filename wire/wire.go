// Package wire translates IKEv2 messages between bytes and Go values, and nothing else.
//
// It covers the header and payloads of RFC 7296, Section 3, the Encrypted Fragment payload of RFC 7383 and the names of
// all registered numbers. It opens no socket, reads no clock and keeps no state beyond a Reassembler's; every function
// is safe for concurrent use on distinct values.
//
// Parsing trusts nothing: lengths are checked before they slice and counts are bounded before they allocate. What a
// parse function returns aliases its input, so a buffer must live unchanged as long as the message parsed from it.
// A failed parse returns an *Error, which tells apart what the peer may be told and what the local log should say.
package wire
