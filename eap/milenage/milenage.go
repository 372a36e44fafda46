// Package milenage is the MILENAGE algorithm set, which USIMs and their home networks compute authentication with
// (3GPP TS 35.206).
package milenage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"

	"culvert/secret"
)

// Block is the length of keys, challenges and operator constants.
const Block = 16

// ErrKey says that K, OP or OPc does not have 16 octets.
var ErrKey = errors.New("milenage: K and OPc have 16 octets")

// Functions are f1 to f5* under the keys of one subscriber. They are safe for concurrent use.
type Functions struct {
	aes cipher.Block
	opc [Block]byte
}

// New returns the functions of a subscriber.
func New(k, opc secret.Bytes) (*Functions, error) {
	if len(k) != Block || len(opc) != Block {
		return nil, ErrKey
	}
	block, err := aes.NewCipher(k)
	return &Functions{block, [Block]byte(opc)}, err
}

// OPc derives a subscriber's constant from that of the operator (3GPP TS 35.206, Section 4.1).
func OPc(k, op secret.Bytes) (secret.Bytes, error) {
	if len(k) != Block || len(op) != Block {
		return nil, ErrKey
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	opc := make(secret.Bytes, Block)
	block.Encrypt(opc, op)
	subtle.XORBytes(opc, opc, op)
	return opc, nil
}

// temp is the value that all functions but f1 begin with: RAND xor OPc, encrypted.
func (f *Functions) temp(rand [Block]byte) (out [Block]byte) {
	subtle.XORBytes(out[:], rand[:], f.opc[:])
	f.aes.Encrypt(out[:], out[:])
	return out
}

// rotate rotates by whole octets to the left.
func rotate(in [Block]byte, octets int) (out [Block]byte) {
	for i := range out {
		out[i] = in[(i+octets)%Block]
	}
	return out
}

// F1 returns the network authentication code MAC-A (f1) and the resynchronisation code MAC-S (f1*).
func (f *Functions) F1(rand [Block]byte, sqn [6]byte, amf [2]byte) (macA, macS [8]byte) {
	var in [Block]byte
	copy(in[0:], sqn[:])
	copy(in[6:], amf[:])
	copy(in[8:], in[:8])
	subtle.XORBytes(in[:], in[:], f.opc[:])
	in = rotate(in, 8) // r1 = 64, c1 = 0
	temp := f.temp(rand)
	subtle.XORBytes(in[:], in[:], temp[:])
	f.aes.Encrypt(in[:], in[:])
	subtle.XORBytes(in[:], in[:], f.opc[:])
	return [8]byte(in[:8]), [8]byte(in[8:])
}

// out computes OUT2 to OUT5, which differ in a rotation and in one constant.
func (f *Functions) out(rand [Block]byte, octets int, constant byte) [Block]byte {
	in := f.temp(rand)
	subtle.XORBytes(in[:], in[:], f.opc[:])
	in = rotate(in, octets)
	in[Block-1] ^= constant
	f.aes.Encrypt(in[:], in[:])
	subtle.XORBytes(in[:], in[:], f.opc[:])
	return in
}

// F2345 returns the response RES (f2), the keys CK (f3) and IK (f4), which are the caller's, and the anonymity key AK (f5).
func (f *Functions) F2345(rand [Block]byte) (res, ck, ik secret.Bytes, ak [6]byte) {
	out2 := f.out(rand, 0, 1)
	out3 := f.out(rand, 4, 2)
	out4 := f.out(rand, 8, 4)
	return append(secret.Bytes{}, out2[8:]...), out3[:], out4[:], [6]byte(out2[:6])
}

// F5Star returns the anonymity key of resynchronisation (f5*).
func (f *Functions) F5Star(rand [Block]byte) [6]byte {
	out := f.out(rand, 12, 8)
	return [6]byte(out[:6])
}
