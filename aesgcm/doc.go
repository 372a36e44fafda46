// Package aesgcm is AES-GCM (FIPS 197; NIST SP 800-38D) for packets: nonces of 96 bits, tags of 8, 12 or 16 octets, no
// allocation.
//
// Processors with VAES and VPCLMULQDQ run assembly of this package, on vectors of 512 bits (AVX-512) or of 256 bits (AVX2).
// Everything else runs the standard library: other processors, the FIPS 140-3 mode of crypto/fips140, and programs that
// are built with the tag purego. Which one a key uses is decided in New.
//
// All of it takes the same time for all keys and all octets: there is no look-up in tables and no branch that depends on
// them. Lengths are not secret.
package aesgcm
