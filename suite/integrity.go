package suite

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"

	"culvert/wire"
)

// integrityLengths returns the key and ICV lengths of an integrity transform in octets; false if it is not supported.
func integrityLengths(id wire.TransformID) (key, icv int, ok bool) {
	switch id {
	case wire.IntegHMACSHA1_96: // (RFC 2404)
		return sha1.Size, 12, true
	case wire.IntegAESXCBC96: // (RFC 3566)
		return blockMACKey, 12, true
	case wire.IntegAESCMAC96: // (RFC 4494)
		return blockMACKey, 12, true
	case wire.IntegHMACSHA256_128: // (RFC 4868, Section 2.6), as the next two
		return sha256.Size, 16, true
	case wire.IntegHMACSHA384_192:
		return sha512.Size384, 24, true
	case wire.IntegHMACSHA512_256:
		return sha512.Size, 32, true
	}
	return 0, 0, false
}

// integrity is a keyed integrity transform: a MAC cut to the length of the ICV. It is for one goroutine at a time.
type integrity struct {
	hash.Hash
	icv int
	sum []byte // so that computing allocates nothing
}

// newIntegrity keys an integrity transform.
func newIntegrity(t wire.Transform, key []byte) (*integrity, error) {
	want, icv, ok := integrityLengths(t.ID)
	if !ok || t.KeyLength != 0 || t.UnknownAttribute {
		return nil, &UnsupportedError{Transform: t}
	}
	if err := checkKey(t, key, want); err != nil {
		return nil, err
	}
	return &integrity{Hash: newIntegrityHash(t.ID, key), icv: icv, sum: make([]byte, 0, sha512.Size)}, nil
}

func newIntegrityHash(id wire.TransformID, key []byte) hash.Hash {
	switch id {
	case wire.IntegHMACSHA1_96:
		return hmac.New(sha1.New, key)
	case wire.IntegAESXCBC96:
		return newXCBC([blockMACKey]byte(key))
	case wire.IntegAESCMAC96:
		return newCMAC([blockMACKey]byte(key))
	case wire.IntegHMACSHA384_192:
		return hmac.New(sha512.New384, key)
	case wire.IntegHMACSHA512_256:
		return hmac.New(sha512.New, key)
	}
	return hmac.New(sha256.New, key)
}

// of returns the ICV over data followed by tail, valid until the next call.
func (m *integrity) of(data, tail []byte) []byte {
	m.Reset()
	m.Write(data)
	m.Write(tail)
	m.sum = m.Sum(m.sum[:0])
	return m.sum[:m.icv]
}

// verify reports in constant time whether icv is the one over data followed by tail.
func (m *integrity) verify(data, tail, icv []byte) bool {
	return subtle.ConstantTimeCompare(m.of(data, tail), icv) == 1
}
