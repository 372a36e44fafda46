package suite

import (
	"crypto/aes"

	"culvert/wire"
)

// encryption says what an encryption transform takes from the key material and adds to a packet. Lengths are in octets.
type encryption struct {
	key   int // of the cipher itself
	salt  int // salt or nonce that follows the key in the key material
	iv    int // explicit IV in the packet; 0 of a combined-mode cipher: the sequence number is the IV (RFC 8750)
	icv   int // 0: the transform does not authenticate and needs an integrity transform
	block int // the plaintext is padded to a multiple of this
	ike   bool
}

// lookupEncryption returns the properties of an encryption transform, or an *UnsupportedError.
func lookupEncryption(t wire.Transform) (encryption, error) {
	e, keyed := encryptionByID(t.ID)
	if e.block == 0 || t.UnknownAttribute {
		return encryption{}, &UnsupportedError{Transform: t}
	}
	if !keyed {
		if t.KeyLength != 0 { // (RFC 7296, Section 3.3.5): not for keys of fixed length
			return encryption{}, &UnsupportedError{Transform: t}
		}
		return e, nil
	}
	switch t.KeyLength {
	case 128, 192, 256:
		e.key = int(t.KeyLength) / 8
		return e, nil
	}
	return encryption{}, &UnsupportedError{Transform: t}
}

// encryptionByID returns the properties that do not depend on the key length, and whether there is a key length.
func encryptionByID(id wire.TransformID) (e encryption, keyed bool) {
	switch id {
	case wire.EncrNull: // (RFC 2410); not for IKE (RFC 7296, Section 5)
		return encryption{block: 1}, false
	case wire.EncrAESCBC: // (RFC 3602)
		return encryption{iv: aes.BlockSize, block: aes.BlockSize, ike: true}, true
	case wire.EncrAESCTR: // (RFC 3686, Section 5.1; RFC 5930)
		return encryption{salt: 4, iv: 8, block: 1, ike: true}, true
	case wire.EncrAESCCM8: // (RFC 4309, Section 7.1; RFC 5282)
		return encryption{salt: 3, iv: 8, icv: 8, block: 1, ike: true}, true
	case wire.EncrAESCCM12:
		return encryption{salt: 3, iv: 8, icv: 12, block: 1, ike: true}, true
	case wire.EncrAESCCM16:
		return encryption{salt: 3, iv: 8, icv: 16, block: 1, ike: true}, true
	case wire.EncrAESGCM8: // (RFC 4106, Section 8.1; RFC 5282)
		return encryption{salt: 4, iv: 8, icv: 8, block: 1, ike: true}, true
	case wire.EncrAESGCM12:
		return encryption{salt: 4, iv: 8, icv: 12, block: 1, ike: true}, true
	case wire.EncrAESGCM16:
		return encryption{salt: 4, iv: 8, icv: 16, block: 1, ike: true}, true
	case wire.EncrAESCCM8IIV, wire.EncrAESGCM16IIV, wire.EncrChaCha20Poly1305IIV: // ESP only (RFC 8750, Section 7)
		e, keyed = encryptionByID(explicitOf(id))
		e.iv, e.ike = 0, false
		return e, keyed
	case wire.EncrNullAESGMAC: // (RFC 4543, Section 5.4); ESP only
		return encryption{salt: 4, iv: 8, icv: 16, block: 1}, true
	case wire.EncrChaCha20Poly1305: // (RFC 7634, Sections 2 and 3)
		return encryption{key: 32, salt: 4, iv: 8, icv: 16, block: 1, ike: true}, false
	}
	return encryption{}, false
}

// explicitOf returns the transform that does the same with the IV in the packet (RFC 8750, Section 4), or the transform itself.
func explicitOf(id wire.TransformID) wire.TransformID {
	switch id {
	case wire.EncrAESCCM8IIV:
		return wire.EncrAESCCM8
	case wire.EncrAESGCM16IIV:
		return wire.EncrAESGCM16
	case wire.EncrChaCha20Poly1305IIV:
		return wire.EncrChaCha20Poly1305
	}
	return id
}

// IsAEAD reports whether an encryption transform authenticates by itself, so that no integrity transform goes with it.
func IsAEAD(t wire.Transform) bool {
	e, _ := encryptionByID(t.ID)
	return e.icv > 0
}

// keyMaterial is the number of octets taken from KEYMAT: the key and the salt.
func (e encryption) keyMaterial() int { return e.key + e.salt }
