package suite

import (
	"crypto/aes"
	"crypto/cipher"

	"culvert/wire"
)

// bareCipher is a keyed cipher without authentication. Both methods work in place on whole blocks and allocate nothing;
// a value is for one goroutine at a time.
type bareCipher interface {
	encrypt(iv, text []byte)
	decrypt(iv, text []byte)
}

// newBareCipher keys an encryption transform that does not authenticate.
func newBareCipher(t wire.Transform, e encryption, keymat []byte) (bareCipher, error) {
	if err := checkKey(t, keymat, e.keyMaterial()); err != nil {
		return nil, err
	}
	if t.ID == wire.EncrNull {
		return nullCipher{}, nil
	}
	block, err := aes.NewCipher(keymat[:e.key])
	if err != nil {
		return nil, err
	}
	if t.ID == wire.EncrAESCTR {
		return newCTR(block, keymat[e.key:]), nil
	}
	return newCBC(block), nil
}

// nullCipher is ENCR_NULL (RFC 2410).
type nullCipher struct{}

func (nullCipher) encrypt(_, _ []byte) {}
func (nullCipher) decrypt(_, _ []byte) {}

// ctr is AES-CTR: the counter block is nonce | IV | counter from 1 (RFC 3686, Section 4).
type ctr struct {
	counterMode
	prefix []byte // nonce | IV
}

const ctrNonce = 4

func newCTR(block cipher.Block, nonce []byte) *ctr {
	prefix := make([]byte, ctrNonce, aes.BlockSize-4)
	copy(prefix, nonce)
	return &ctr{counterMode: counterMode{block: block}, prefix: prefix}
}

func (c *ctr) encrypt(iv, text []byte) {
	c.prefix = append(c.prefix[:ctrNonce], iv...)
	c.start(c.prefix, 1)
	c.xor(text)
}

func (c *ctr) decrypt(iv, text []byte) { c.encrypt(iv, text) }

// cbc is AES-CBC (RFC 3602). The standard library's modes are kept and given each IV: making them anew would allocate.
type cbc struct {
	encrypter, decrypter cbcMode
}

type cbcMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

func newCBC(block cipher.Block) *cbc {
	var zero [aes.BlockSize]byte
	return &cbc{
		encrypter: cipher.NewCBCEncrypter(block, zero[:]).(cbcMode),
		decrypter: cipher.NewCBCDecrypter(block, zero[:]).(cbcMode),
	}
}

func (c *cbc) encrypt(iv, text []byte) {
	c.encrypter.SetIV(iv)
	c.encrypter.CryptBlocks(text, text)
}

func (c *cbc) decrypt(iv, text []byte) {
	c.decrypter.SetIV(iv)
	c.decrypter.CryptBlocks(text, text)
}
