package auth

import (
	"bytes"
	"slices"

	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// A PPK is a post-quantum preshared key: a secret of both sides beside what they authenticate with (RFC 8784, Section 2).
type PPK struct {
	Name string // as it is called in the configuration
	ID   []byte // PPK_ID: its type, and what the peer knows the key by; see PPKID
	Key  secret.Bytes
}

// PPKID makes a PPK_ID of its type and its value (RFC 8784, Section 5.1).
func PPKID(t wire.PPKIDType, value []byte) []byte { return append([]byte{byte(t)}, value...) }

// Same tells whether two PPKs have the same identity and the same key.
func (p PPK) Same(other PPK) bool { return bytes.Equal(p.ID, other.ID) && p.Key.Equal(other.Key) }

// FindPPK returns the PPK with a PPK_ID.
func FindPPK(list []PPK, id []byte) (PPK, bool) {
	i := slices.IndexFunc(list, func(p PPK) bool { return bytes.Equal(p.ID, id) })
	if i < 0 {
		return PPK{}, false
	}
	return list[i], true
}

// PPKConfirmationSize is the length of PPK Confirmation in octets.
const PPKConfirmationSize = 8

// Confirm returns PPK Confirmation: the first octets of prf(PPK, data[0] | data[1] | ...), from which the peer sees that it has
// the same key (RFC 9867, Sections 3.1 and 3.2).
func (p PPK) Confirm(prf *suite.PRF, data ...[]byte) []byte {
	return prf.Sum(p.Key, data...)[:PPKConfirmationSize]
}
