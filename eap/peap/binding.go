package peap

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"io"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/secret"
)

// The crypto binding TLV ([MS-PEAP], Section 2.2.8.1.1):
//
//	| 12 (2) | 56 (2) | reserved | version | received version | subtype | nonce (32) | compound MAC (20) |
const (
	bindingLen = 56
	nonceLen   = 32
	subtypeAt  = tlvHeader + 3
	nonceAt    = tlvHeader + 4
	macAt      = nonceAt + nonceLen
)

// The subtypes.
const (
	bindingRequest  = 0
	bindingResponse = 1
)

// A binding is a crypto binding TLV with its header, which its MAC covers.
type binding struct{ tlv []byte }

func parseBinding(tlv []byte) *binding { return &binding{bytes.Clone(tlv)} }

// newBinding makes a request with a fresh nonce.
func newBinding(random io.Reader) (*binding, error) {
	b := &binding{make([]byte, tlvHeader+bindingLen)}
	binary.BigEndian.PutUint16(b.tlv, tlvBinding)
	binary.BigEndian.PutUint16(b.tlv[2:], bindingLen)
	_, err := io.ReadFull(random, b.tlv[nonceAt:macAt])
	return b, err
}

// response returns the answer to a request: the same with the other subtype. Its MAC is still to be made.
func (b *binding) response() *binding {
	r := &binding{bytes.Clone(b.tlv)}
	r.tlv[subtypeAt] = bindingResponse
	return r
}

// mac computes the compound MAC: over the TLV with an empty one, and the type of PEAP. TLVs outside of the tunnel would follow;
// neither side sends any ([MS-PEAP], Section 3.1.5.5.1).
func (b *binding) mac(key secret.Bytes) []byte {
	h := hmac.New(sha1.New, key)
	h.Write(b.tlv[:macAt])
	h.Write(make([]byte, sha1.Size))
	h.Write([]byte{byte(eap.TypePEAP)})
	return h.Sum(nil)
}

func (b *binding) sign(key secret.Bytes) { copy(b.tlv[macAt:], b.mac(key)) }

// verify checks version, subtype, and the MAC in constant time.
func (b *binding) verify(key secret.Bytes, subtype byte) bool {
	return b.tlv[tlvHeader+1] == version && b.tlv[subtypeAt] == subtype && hmac.Equal(b.tlv[macAt:], b.mac(key))
}

// answers reports whether b is for the nonce of a request.
func (b *binding) answers(request *binding) bool {
	return bytes.Equal(b.tlv[nonceAt:macAt], request.tlv[nonceAt:macAt])
}

const (
	ipmkLen = 40
	cmkLen  = 20
	iskLen  = 32
)

// compoundKeys mixes the keys of tunnel and inner method, or 32 zeroes if that has none, into IPMK and the key of the MAC
// ([MS-PEAP], Section 3.1.5.5.2). The results are the caller's.
func compoundKeys(t *carrier.Tunnel, innerMSK secret.Bytes) (ipmk, cmk secret.Bytes, err error) {
	tunnelKey, err := t.Keys(label)
	if err != nil {
		return nil, nil, err
	}
	defer tunnelKey.Clear()
	keys := mixKeys(tunnelKey, innerMSK)
	return keys[:ipmkLen:ipmkLen], keys[ipmkLen:], nil
}

// mixKeys returns IPMK and CMK one after the other.
func mixKeys(tunnelKey, innerMSK secret.Bytes) secret.Bytes {
	var isk [iskLen]byte
	defer clear(isk[:])
	copy(isk[:], innerMSK)
	return prfPlus(tunnelKey[:ipmkLen], append([]byte("Inner Methods Compound Keys"), isk[:]...), ipmkLen+cmkLen)
}

// sessionKey derives the key of a run with crypto binding: the first half of CSK ([MS-PEAP], Section 3.1.5.7).
func sessionKey(t *carrier.Tunnel, innerMSK secret.Bytes) (secret.Bytes, error) {
	ipmk, cmk, err := compoundKeys(t, innerMSK)
	if err != nil {
		return nil, err
	}
	defer ipmk.Clear()
	defer cmk.Clear()
	const cskLen, mskLen = 128, 64
	csk := prfPlus(ipmk, []byte("Session Key Generating Function\x00"), cskLen)
	csk[mskLen:].Clear()
	return csk[:mskLen:mskLen], nil
}

// prfPlus is prf+ of IKEv2 with HMAC-SHA1, with two octets of zero behind each counter.
func prfPlus(key secret.Bytes, seed []byte, n int) secret.Bytes {
	var out, block []byte
	for i := byte(1); len(out) < n; i++ {
		h := hmac.New(sha1.New, key)
		h.Write(block)
		h.Write(seed)
		h.Write([]byte{i, 0, 0})
		block = h.Sum(nil)
		out = append(out, block...)
	}
	return out[:n:n]
}
