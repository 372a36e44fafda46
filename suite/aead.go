package suite

import (
	"crypto/cipher"

	"golang.org/x/crypto/chacha20poly1305"

	"culvert/wire"
)

// saltedAEAD is a keyed combined-mode cipher whose nonce is the salt of the key material followed by the IV of the packet
// (RFC 5282, Section 4; RFC 4106, Section 4; RFC 4309, Section 4; RFC 7634, Section 2). It is for one goroutine at a time.
type saltedAEAD struct {
	cipher.AEAD
	keys  fetcher                 // AEAD, if it can be fetched
	nonce [mostSalt + aeadIV]byte // salt | IV of the packet in hand
	salt  uint8
	icv   uint8
}

// mostSalt is the longest salt there is.
const mostSalt = 4

// A fetcher is what can be asked to have its keys in the processor's cache soon.
type fetcher interface{ Fetch() }

// newAEAD keys a combined-mode transform; keymat is the key followed by the salt.
func newAEAD(t wire.Transform, e encryption, keymat []byte) (saltedAEAD, error) {
	if err := checkKey(t, keymat, e.keyMaterial()); err != nil {
		return saltedAEAD{}, err
	}
	aead, err := newBareAEAD(t.ID, e, keymat[:e.key])
	if err != nil {
		return saltedAEAD{}, err
	}
	salted := saltedAEAD{AEAD: aead, salt: uint8(e.salt), icv: uint8(e.icv)}
	salted.keys, _ = aead.(fetcher)
	copy(salted.nonce[:e.salt], keymat[e.key:])
	return salted, nil
}

func newBareAEAD(id wire.TransformID, e encryption, key []byte) (cipher.AEAD, error) {
	switch explicitOf(id) {
	case wire.EncrAESCCM8, wire.EncrAESCCM12, wire.EncrAESCCM16:
		return newCCM(key, e.icv)
	case wire.EncrChaCha20Poly1305:
		return chacha20poly1305.New(key)
	}
	return newGCM(key, e.icv)
}

// with returns the nonce for an IV, valid until the next call.
func (a *saltedAEAD) with(iv []byte) []byte {
	*(*[aeadIV]byte)(a.nonce[a.salt:]) = [aeadIV]byte(iv)
	return a.nonce[:a.salt+aeadIV]
}

// fetch asks for the keys.
func (a *saltedAEAD) fetch() {
	if a.keys != nil {
		a.keys.Fetch()
	}
}

// clear overwrites what of the key is within reach: the standard library and x/crypto keep theirs to themselves.
func (a *saltedAEAD) clear() {
	clear(a.nonce[:])
	if c, ok := a.AEAD.(interface{ Clear() }); ok {
		c.Clear()
	}
}
