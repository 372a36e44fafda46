package byhand

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"testing"
)

// Numbers of the registry.
const (
	exchangeInit, exchangeAuth, exchangeIntermediate                           = 34, 35, 43
	payloadSA, payloadKE, payloadIDi, payloadIDr, payloadAUTH, payloadNonce    = 33, 34, 35, 36, 39, 40
	payloadNotify, payloadTSi, payloadTSr, payloadSK                           = 41, 44, 45, 46
	usePPK, ppkIdentity, intermediateSupported, usePPKInt, ppkIdentityKey, fta = 16435, 16436, 16438, 16445, 16446, 16447
	methodX25519, methodMLKEM768                                               = 31, 36
)

type payload struct {
	kind byte
	body []byte
}

// chain encodes payloads with their generic headers (RFC 7296, Section 3.2), and returns the type of the first.
func chain(list ...payload) (byte, []byte) {
	var b []byte
	for i, p := range list {
		next := byte(0)
		if i+1 < len(list) {
			next = list[i+1].kind
		}
		b = binary.BigEndian.AppendUint16(append(b, next, 0), uint16(4+len(p.body)))
		b = append(b, p.body...)
	}
	if len(list) == 0 {
		return 0, nil
	}
	return list[0].kind, b
}

// unchain is the reverse.
func unchain(t *testing.T, first byte, b []byte) []payload {
	t.Helper()
	var list []payload
	for first != 0 {
		n := int(binary.BigEndian.Uint16(b[2:]))
		list = append(list, payload{first, b[4:n]})
		first, b = b[0], b[n:]
	}
	return list
}

func find(list []payload, kind byte) []byte {
	for _, p := range list {
		if p.kind == kind {
			return p.body
		}
	}
	return nil
}

// notification returns the data of a notify of some type.
func notification(list []payload, kind uint16) ([]byte, bool) {
	for _, p := range list {
		if p.kind == payloadNotify && binary.BigEndian.Uint16(p.body[2:]) == kind {
			return p.body[4+p.body[1]:], true
		}
	}
	return nil, false
}

func notify(kind uint16, data ...byte) payload {
	return payload{payloadNotify, append([]byte{0, 0, byte(kind >> 8), byte(kind)}, data...)}
}

func keyPayload(method uint16, data []byte) payload {
	return payload{payloadKE, append([]byte{byte(method >> 8), byte(method), 0, 0}, data...)}
}

// header encodes an IKE header (RFC 7296, Section 3.1).
func header(spiI, spiR uint64, next, exchange, flags byte, id uint32, length int) []byte {
	b := binary.BigEndian.AppendUint64(nil, spiI)
	b = binary.BigEndian.AppendUint64(b, spiR)
	b = append(b, next, 0x20, exchange, flags)
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, uint32(length))
}

// proposal is one proposal with transforms of (type, ID, key length).
func proposal(protocol byte, spi []byte, transforms ...[3]uint16) payload {
	var b []byte
	for i, x := range transforms {
		more, length := byte(3), uint16(8)
		if i == len(transforms)-1 {
			more = 0
		}
		if x[2] > 0 {
			length = 12
		}
		b = binary.BigEndian.AppendUint16(append(b, more, 0), length)
		b = binary.BigEndian.AppendUint16(append(b, byte(x[0]), 0), x[1])
		if x[2] > 0 {
			b = binary.BigEndian.AppendUint16(append(b, 0x80, 14), x[2])
		}
	}
	head := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(8+len(spi)+len(b)))
	head = append(append(head, 1, protocol, byte(len(spi)), byte(len(transforms))), spi...)
	return payload{payloadSA, append(head, b...)}
}

// selector is a TS payload of one IPv4 range (RFC 7296, Section 3.13).
func selector(kind byte, first, last [4]byte) payload {
	b := append([]byte{1, 0, 0, 0, 7, 0, 0, 16, 0, 0, 0xff, 0xff}, first[:]...)
	return payload{kind, append(b, last[:]...)}
}

// gcm is AES-GCM with the last four octets of the key as salt (RFC 4106, RFC 5282).
func gcm(t *testing.T, key, iv []byte) (cipher.AEAD, []byte) {
	t.Helper()
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead, append(append([]byte{}, key[32:]...), iv...)
}
