package suite

import (
	"io"
	"strings"

	"culvert/wire"
)

// ESP names the transforms of one ESP SA. INTEG with ID 0 means none, as combined-mode ciphers demand.
type ESP struct {
	ENCR  wire.Transform
	INTEG wire.Transform
	ESN   bool
	Draft bool // HMAC-SHA-256 has an ICV of 96 bits in the place of 128 ([ESP.AsDraft])
}

// ESPFromSelection takes the transforms of an ESP SA from what was negotiated.
func ESPFromSelection(sel Selection) ESP {
	var e ESP
	e.ENCR, _ = sel.Get(wire.TransformENCR)
	e.INTEG, _ = sel.Get(wire.TransformINTEG)
	sn, _ := sel.Get(wire.TransformSN)
	e.ESN = sn.ID == wire.SN64
	return e
}

// AsDraft returns e with HMAC-SHA-256 cut to 96 bits, as draft-ietf-ipsec-ciph-sha-256-00 had it and kernels of Linux before
// 2.6.33 have it. RFC 4868, Section 2.3, cuts it to 128 bits, and nothing that is negotiated tells one from the other: both peers
// have to be told. Other transforms are as they were.
func (e ESP) AsDraft() ESP {
	e.Draft = e.Ambiguous()
	return e
}

// Ambiguous tells whether a peer may cut the ICV to another length, though the same was negotiated.
func (e ESP) Ambiguous() bool { return e.INTEG.ID == wire.IntegHMACSHA256_128 }

// draftICV is the ICV of HMAC-SHA-256 before RFC 4868, in octets.
const draftICV = 12

// icv is the length of the ICV of the integrity transform in octets.
func (e ESP) icv() int {
	if e.Draft {
		return draftICV
	}
	_, icv, _ := integrityLengths(e.INTEG.ID)
	return icv
}

// String returns the names as logs show them: "AES_CBC_256/HMAC_SHA2_256_128/ESN".
func (e ESP) String() string {
	names := []string{TransformName(e.ENCR)}
	switch {
	case e.Draft:
		names = append(names, "HMAC_SHA2_256_96")
	case e.INTEG.ID != wire.IntegNone:
		names = append(names, TransformName(e.INTEG))
	}
	if e.ESN {
		names = append(names, "ESN")
	}
	return strings.Join(names, "/")
}

// KeyLengths returns the octets of KEYMAT that one direction takes; encr includes the salt or nonce of the transform
// (RFC 4106, Section 8.1; RFC 4309, Section 7.1; RFC 3686, Section 5.1; RFC 4543, Section 5.4; RFC 7634, Section 2). Both
// are zero for transforms that are not supported.
func (e ESP) KeyLengths() (encr, integ int) {
	props, err := lookupEncryption(e.ENCR)
	if err != nil {
		return 0, 0
	}
	if props.icv == 0 {
		integ, _, _ = integrityLengths(e.INTEG.ID)
	}
	return props.keyMaterial(), integ
}

// Lengths returns what an ESPCipher of the transforms will say of itself, without keys: the octets of IV and ICV, and the
// multiple that the text between them fills. All are zero for transforms that are not supported.
func (e ESP) Lengths() (iv, icv, block int) {
	props, err := lookupEncryption(e.ENCR)
	if err != nil {
		return 0, 0, 0
	}
	if props.icv > 0 {
		return props.iv, props.icv, espAlign
	}
	return props.iv, e.icv(), max(props.block, espAlign)
}

// An ESPCipher seals and opens the packets of one ESP SA in one direction, in place and without allocating. A packet is
//
//	| SPI (4) | sequence number (4) | IV (IVLen) | payload, padding, pad length, next header | ICV (ICVLen) |
//
// A value keeps its cipher state and is for one goroutine at a time.
type ESPCipher interface {
	IVLen() int    // octets between the ESP header and the payload
	ICVLen() int   // octets behind the next header
	BlockLen() int // payload to next header must be a multiple of this, at least 4 (RFC 4303, Section 2.4)

	// Seal writes IV and ICV and encrypts what lies between them. The caller has written the ESP header and left room
	// for IV and ICV. seq is the whole sequence number; it must never repeat under one key: the IV is made from it.
	Seal(pkt []byte, seq uint64)

	// SealFrom is Seal of plaintext that lies elsewhere, as long as what lies between IV and ICV.
	SealFrom(pkt, text []byte, seq uint64)

	// Open verifies pkt and returns its decrypted part, which aliases pkt. seq is the whole sequence number, of which
	// only the low half is in the packet when the SA has ESN. After an error, ErrAuthentication or ErrTruncation, the content of
	// pkt is undefined.
	Open(pkt []byte, seq uint64) (plaintext []byte, err error)

	// Fetch asks the processor to have the keys in its cache soon. It may be called by other goroutines meanwhile, but
	// for Clear.
	Fetch()

	// Clear overwrites the keys as far as they are within reach; no packet passes after it.
	Clear()
}

// espHeader is the length of SPI and sequence number.
const espHeader = 8

// espAlign is the least alignment of the encrypted part (RFC 4303, Section 2.4).
const espAlign = 4

// NewESPCipher keys the transforms of an ESP SA. It refuses encryption without authentication (RFC 8221, Section 4). rand
// is read here, once, and not kept.
func NewESPCipher(e ESP, encrKey, integKey []byte, rand io.Reader) (ESPCipher, error) {
	props, err := lookupEncryption(e.ENCR)
	if err != nil {
		return nil, err
	}
	e.INTEG.Type = wire.TransformINTEG // the zero value is NONE too
	switch {
	case props.icv == 0:
		return newESPSeparate(e, props, encrKey, integKey, rand)
	case e.INTEG.ID != wire.IntegNone: // (RFC 7634, Section 4; RFC 5282, Section 8)
		return nil, &UnsupportedError{Transform: e.INTEG}
	}
	if err := checkKey(e.INTEG, integKey, 0); err != nil {
		return nil, err
	}
	aead, err := newAEAD(e.ENCR, props, encrKey)
	if err != nil {
		return nil, err
	}
	if e.ENCR.ID == wire.EncrNullAESGMAC {
		return &espGMAC{aead: aead, esn: e.ESN}, nil
	}
	return &espCombined{aead: aead, iv: props.iv, esn: e.ESN}, nil
}
