package auth

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"culvert/explain"
	"culvert/secret"
)

// The bounds of what WeakPSK lets pass.
const (
	minPSKOctets = 16 // RFC 7296, Section 2.15 wants as much unpredictability as the strongest key; 128 bits need 16 octets
	minPSKBits   = 64 // estimated; a dictionary falls below, twenty random characters do not
)

// ParseSecret reads a secret as swanctl writes it: 0x and hexadecimal digits, 0s and base64, or text, taken as it is. The
// caller owns the octets.
func ParseSecret(s string) (secret.Bytes, error) {
	b, err := decodeSecret(s)
	if err == nil && len(b) == 0 {
		return nil, errors.New("empty secret")
	}
	return b, err
}

// decodeSecret undoes the encoding. Its errors do not quote the secret.
func decodeSecret(s string) (secret.Bytes, error) {
	switch {
	case strings.HasPrefix(s, "0x"):
		b, err := hex.DecodeString(s[2:])
		if err != nil {
			return nil, errors.New("secret starts with 0x but is not hexadecimal: correct it, or write text that starts so in base64 as 0s...")
		}
		return b, nil
	case strings.HasPrefix(s, "0s"):
		b, err := base64.StdEncoding.DecodeString(s[2:])
		if err != nil {
			return nil, errors.New("secret starts with 0s but is not base64: correct it, or write text that starts so in hexadecimal as 0x...")
		}
		return b, nil
	}
	return secret.Bytes(s), nil
}

// WeakPSK warns of a pre-shared key that somebody who has recorded or provoked one handshake can find by trying
// (RFC 7296, Section 2.15; Felsch et al., 2018).
func WeakPSK(s Secret) (Warning, bool) {
	bits := pskBits(s.PSK)
	if len(s.PSK) >= minPSKOctets && bits >= minPSKBits {
		return Warning{}, false
	}
	text := fmt.Sprintf("secret %q can be guessed (%d octets, about %d bits): replace it by at least %d random octets, "+
		"for example of `openssl rand -hex 32` behind 0x", s.Name, len(s.PSK), int(bits), minPSKOctets)
	return Warning{explain.AuthPSKWeak, text}, true
}

// pskBits estimates the unpredictability of a secret by how often each octet occurs, and counts an octet that continues a
// sequence (aaaa, abcd, 4321) for nothing. It overrates words, and never rates a secret higher than its octets. Octets that are no
// text have come from a generator: each one that is not there twice counts whole.
func pskBits(b secret.Bytes) float64 {
	var count [256]int
	fresh := 0
	for i, c := range b {
		count[c]++
		if i < 2 || b[i]-b[i-1] != b[i-1]-b[i-2] {
			fresh++
		}
	}
	perOctet, distinct := 0.0, 0
	for _, n := range count {
		if n > 0 {
			distinct++
			p := float64(n) / float64(len(b))
			perOctet -= p * math.Log2(p)
		}
	}
	if !isText(b) {
		perOctet = max(perOctet, 8*float64(distinct)/float64(len(b)))
	}
	return perOctet * float64(fresh)
}

// isText tells a secret that somebody can have typed.
func isText(b secret.Bytes) bool {
	for rest := b; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			return false
		}
		rest = rest[n:]
	}
	return true
}
