package suite

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/binary"
	"math/big"
)

// verifyPSS demands the hash in the mask and the salt length that the parameters name. The library does the usual case;
// it knows no other hash in the mask, and reads a salt length of 0 as any.
func verifyPSS(pub *rsa.PublicKey, digest, signature []byte, p pssParameters) bool {
	if p.mask == p.hash && p.salt > 0 {
		return rsa.VerifyPSS(pub, p.hash, digest, signature, &rsa.PSSOptions{SaltLength: p.salt, Hash: p.hash}) == nil
	}
	encoded, ok := recoverPSS(pub, signature)
	return ok && checkPSS(encoded, 8*len(encoded)-(pub.N.BitLen()-1), digest, p)
}

// recoverPSS returns the encoded message of a signature (RFC 8017, Section 8.1.2, steps 1 and 2). Nothing in it is secret.
func recoverPSS(pub *rsa.PublicKey, signature []byte) ([]byte, bool) {
	s := new(big.Int).SetBytes(signature)
	if len(signature) != pub.Size() || s.Cmp(pub.N) >= 0 {
		return nil, false
	}
	m := s.Exp(s, big.NewInt(int64(pub.E)), pub.N)
	size := (pub.N.BitLen() - 1 + 7) / 8
	if m.BitLen() > 8*size {
		return nil, false
	}
	return m.FillBytes(make([]byte, size)), true
}

// checkPSS is EMSA-PSS-VERIFY (RFC 8017, Section 9.1.2) of an encoded message of which the first unused bits are none of
// its own:
//
//	| masked: zeroes, 1 (1), salt | H = hash(8 zeroes | digest | salt) | 0xbc (1) |
//
// It overwrites the encoded message.
func checkPSS(encoded []byte, unused int, digest []byte, p pssParameters) bool {
	size := p.hash.Size()
	zeroes := len(encoded) - size - p.salt - 2
	if zeroes < 0 || encoded[len(encoded)-1] != 0xbc || encoded[0]>>(8-unused) != 0 {
		return false
	}
	block, h := encoded[:len(encoded)-size-1], encoded[len(encoded)-size-1:len(encoded)-1]
	unmask(block, p.mask, h)
	block[0] &= 0xff >> unused
	if len(bytes.TrimLeft(block[:zeroes], "\x00")) > 0 || block[zeroes] != 1 {
		return false
	}
	want := p.hash.New()
	want.Write(make([]byte, 8))
	want.Write(digest)
	want.Write(block[zeroes+1:])
	return bytes.Equal(want.Sum(nil), h)
}

// unmask adds MGF1 of a seed to b (RFC 8017, Appendix B.2.1).
func unmask(b []byte, hash crypto.Hash, seed []byte) {
	for counter := uint32(0); len(b) > 0; counter++ {
		d := hash.New()
		d.Write(seed)
		d.Write(binary.BigEndian.AppendUint32(nil, counter))
		mask := d.Sum(nil)
		n := min(len(b), len(mask))
		for i := range n {
			b[i] ^= mask[i]
		}
		b = b[n:]
	}
}
