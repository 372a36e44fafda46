package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"io"
)

// ivSource makes the explicit IV of each packet from a number that never repeats under one key.
//
// Counter-like modes need a unique IV, so the number itself serves (RFC 4106, Section 3.1). CBC needs one that nobody can
// foretell (RFC 3602, Section 3), so the number is encrypted under a random key of its own: distinct numbers give distinct
// IVs that look random to all who lack that key, and no randomness is needed, nor can fail, while packets flow.
type ivSource struct {
	hide cipher.Block // nil: the IV is the number
}

func newIVSource(e encryption, rand io.Reader) (ivSource, error) {
	if e.iv != aes.BlockSize {
		return ivSource{}, nil
	}
	var key [32]byte
	if _, err := io.ReadFull(rand, key[:]); err != nil {
		return ivSource{}, err
	}
	block, err := aes.NewCipher(key[:])
	return ivSource{hide: block}, err
}

// put writes the IV for a number; iv has the length of the transform's IV, which may be none.
func (s ivSource) put(iv []byte, number uint64) {
	if len(iv) == 0 {
		return
	}
	binary.BigEndian.PutUint64(iv[len(iv)-8:], number)
	if s.hide != nil {
		clear(iv[:len(iv)-8])
		s.hide.Encrypt(iv, iv)
	}
}
