package suite

import (
	"crypto/aes"
	"encoding/binary"
	"io"

	"culvert/wire"
)

// NewProtector keys the transforms that protect the IKE messages of one direction: a combined-mode cipher (RFC 5282) or
// encryption with a separate MAC (RFC 7296, Section 3.14). rand is read here, once, and not kept. The result is for one
// goroutine at a time.
//
// The explicit IVs count up from a random number, so that a key which outlives its Protector, as when an SA is handed to
// another process, does not meet the same IV again.
func NewProtector(sel Selection, encrKey, integKey []byte, rand io.Reader) (wire.Protector, error) {
	encr, _ := sel.Get(wire.TransformENCR)
	props, err := lookupEncryption(encr)
	if err != nil {
		return nil, err
	}
	if !props.ike {
		return nil, &UnsupportedError{Transform: encr}
	}
	var number [8]byte
	if _, err := io.ReadFull(rand, number[:]); err != nil {
		return nil, err
	}
	next := binary.BigEndian.Uint64(number[:])
	if props.icv > 0 {
		return newAEADProtector(encr, props, encrKey, next)
	}
	integ, _ := sel.Get(wire.TransformINTEG)
	return newMACProtector(encr, integ, props, encrKey, integKey, next, rand)
}

// appendPadded appends plaintext, zero padding to whole blocks and the pad length (RFC 7296, Section 3.14). The padding
// may have any content; combined-mode and counter ciphers need none (RFC 5282, Section 3).
func appendPadded(b, plaintext []byte, block int) []byte {
	var zero [aes.BlockSize]byte
	pad := padLength(len(plaintext), block)
	b = append(b, plaintext...)
	b = append(b, zero[:pad]...)
	return append(b, byte(pad))
}

// padLength is the padding that brings n octets, padding and pad length to whole blocks.
func padLength(n, block int) int { return block - 1 - n%block }

// trimPadded removes padding and pad length; any content and any length of padding is accepted (RFC 7296, Section 3.14).
func trimPadded(text []byte) ([]byte, error) {
	if len(text) == 0 {
		return nil, ErrPadding
	}
	end := len(text) - 1
	pad := int(text[end])
	if pad > end {
		return nil, ErrPadding
	}
	return text[:end-pad], nil
}

// aeadProtector is an Encrypted payload with a combined-mode cipher (RFC 5282, Section 3): the associated data is all
// that precedes the IV (Section 5.1).
type aeadProtector struct {
	aead saltedAEAD
	next uint64 // number of the next IV
}

func newAEADProtector(t wire.Transform, e encryption, key []byte, next uint64) (wire.Protector, error) {
	aead, err := newAEAD(t, e, key)
	if err != nil {
		return nil, err
	}
	return &aeadProtector{aead: aead, next: next}, nil
}

func (p *aeadProtector) Overhead(int) int { return aeadIV + 1 + int(p.aead.icv) }

func (p *aeadProtector) Seal(prefix, plaintext []byte) ([]byte, error) {
	n := len(prefix)
	b := binary.BigEndian.AppendUint64(prefix, p.next)
	p.next++
	b = appendPadded(b, plaintext, 1)
	iv, text := b[n:n+aeadIV], b[n+aeadIV:]
	sealed := p.aead.Seal(text[:0], p.aead.with(iv), text, b[:n])
	return append(b[:n+aeadIV], sealed...), nil
}

func (p *aeadProtector) Open(prefix, body []byte) ([]byte, error) {
	if len(body) < aeadIV {
		return nil, ErrAuthentication
	}
	text, err := p.aead.Open(nil, p.aead.with(body[:aeadIV]), body[aeadIV:], prefix)
	if err != nil {
		return nil, ErrAuthentication
	}
	return trimPadded(text)
}

// macProtector is an Encrypted payload with a separate MAC, which covers the message from its first octet to the last of
// the ciphertext (RFC 7296, Section 3.14).
type macProtector struct {
	cipher bareCipher
	mac    *integrity
	iv     ivSource
	ivLen  int
	block  int
	next   uint64 // number of the next IV
}

func newMACProtector(encr, integ wire.Transform, e encryption, encrKey, integKey []byte, next uint64, rand io.Reader) (wire.Protector, error) {
	p := &macProtector{ivLen: e.iv, block: e.block, next: next}
	var err error
	if p.mac, err = newIntegrity(integ, integKey); err != nil {
		return nil, err
	}
	if p.cipher, err = newBareCipher(encr, e, encrKey); err != nil {
		return nil, err
	}
	p.iv, err = newIVSource(e, rand)
	return p, err
}

func (p *macProtector) Overhead(n int) int {
	return p.ivLen + padLength(n, p.block) + 1 + p.mac.icv
}

func (p *macProtector) Seal(prefix, plaintext []byte) ([]byte, error) {
	n := len(prefix)
	b := append(prefix, make([]byte, p.ivLen)...)
	p.iv.put(b[n:], p.next)
	p.next++
	b = appendPadded(b, plaintext, p.block)
	p.cipher.encrypt(b[n:n+p.ivLen], b[n+p.ivLen:])
	return append(b, p.mac.of(b, nil)...), nil
}

func (p *macProtector) Open(prefix, body []byte) ([]byte, error) {
	end := len(body) - p.mac.icv
	n := end - p.ivLen
	if n <= 0 || n%p.block != 0 {
		return nil, ErrAuthentication
	}
	if !p.mac.verify(prefix, body[:end], body[end:]) {
		return nil, ErrAuthentication
	}
	text := append([]byte(nil), body[p.ivLen:end]...) // the datagram stays as it came
	p.cipher.decrypt(body[:p.ivLen], text)
	return trimPadded(text)
}
