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
	nonce []byte // salt | IV of the packet in hand
	salt  int
	icv   int
}

// newAEAD keys a combined-mode transform; keymat is the key followed by the salt.
func newAEAD(t wire.Transform, e encryption, keymat []byte) (*saltedAEAD, error) {
	if err := checkKey(t, keymat, e.keyMaterial()); err != nil {
		return nil, err
	}
	aead, err := newBareAEAD(t.ID, e, keymat[:e.key])
	if err != nil {
		return nil, err
	}
	nonce := append(make([]byte, 0, e.salt+aeadIV), keymat[e.key:]...)
	return &saltedAEAD{AEAD: aead, nonce: nonce, salt: e.salt, icv: e.icv}, nil
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
	a.nonce = append(a.nonce[:a.salt], iv...)
	return a.nonce
}

// clear overwrites what of the key is within reach: the standard library and x/crypto keep theirs to themselves.
func (a *saltedAEAD) clear() {
	clear(a.nonce)
	if c, ok := a.AEAD.(interface{ Clear() }); ok {
		c.Clear()
	}
}
