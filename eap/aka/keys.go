package aka

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"culvert/eap"
	"culvert/secret"
)

const (
	encrLen = 16
	reLen   = 32
	mskLen  = 64
)

// A variant is one of the two methods.
type variant struct {
	kind   eap.Type
	hash   func() hash.Hash // of AT_MAC and AT_CHECKCODE
	autLen int              // of K_aut
}

// plain is AKA.
func plain() variant { return variant{eap.TypeAKA, sha1.New, 16} }

// prime is AKA' (RFC 9048, Section 3.4).
func prime() variant { return variant{eap.TypeAKAPrime, sha256.New, 32} }

func (v variant) isPrime() bool { return v.kind == eap.TypeAKAPrime }

// keys are what both sides derive; K_encr and K_re are for what this package does not use.
type keys struct {
	aut, msk secret.Bytes
}

// Clear clears the keys.
func (k keys) Clear() {
	k.aut.Clear()
	k.msk.Clear()
}

// derive makes the keys. The network name and AUTN count for AKA' only.
func (v variant) derive(identity string, ck, ik secret.Bytes, network []byte, autn [16]byte) keys {
	if !v.isPrime() {
		return plainKeys(identity, ck, ik)
	}
	ckPrime, ikPrime := bind(ck, ik, network, [6]byte(autn[:6]))
	key := append(append(make(secret.Bytes, 0, 32), ikPrime...), ckPrime...)
	mk := prfPrime(key, append([]byte("EAP-AKA'"), identity...), encrLen+v.autLen+reLen+mskLen)
	key.Clear()
	ckPrime.Clear()
	ikPrime.Clear()
	return keys{aut: mk[encrLen:][:v.autLen:v.autLen], msk: mk[encrLen+v.autLen+reLen:]}
}

// plainKeys is the derivation of AKA (RFC 4187, Section 7).
func plainKeys(identity string, ck, ik secret.Bytes) keys {
	h := sha1.New()
	h.Write([]byte(identity))
	h.Write(ik)
	h.Write(ck)
	mk := fips186(h.Sum(nil), encrLen+16+mskLen)
	return keys{aut: mk[encrLen:][:16:16], msk: mk[encrLen+16:]}
}

// bind makes CK' and IK', which hold for one access network (3GPP TS 33.402, Annex A.2; RFC 9048, Section 3.3).
func bind(ck, ik secret.Bytes, network []byte, sqnXorAK [6]byte) (ckPrime, ikPrime secret.Bytes) {
	key := append(append(make(secret.Bytes, 0, 32), ck...), ik...)
	defer key.Clear()
	h := hmac.New(sha256.New, key)
	h.Write([]byte{0x20})
	h.Write(network)
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(network))))
	h.Write(sqnXorAK[:])
	h.Write([]byte{0, 6})
	sum := h.Sum(nil)
	return sum[:16:16], sum[16:]
}

// mac is the code over a whole packet whose AT_MAC is zero (RFC 4187, Section 10.15; RFC 9048, Section 3.1).
func (v variant) mac(aut secret.Bytes, p eap.Packet) []byte {
	h := hmac.New(v.hash, aut)
	h.Write(p.Encode())
	return h.Sum(nil)[:macLen]
}

// seal encodes a message behind which AT_MAC is added, over the packet that it becomes.
func (v variant) seal(aut secret.Bytes, p eap.Packet, m message) []byte {
	m.addReserved(atMAC, make([]byte, macLen))
	p.Data = m.encode()
	copy(p.Data[len(p.Data)-macLen:], v.mac(aut, p))
	return p.Data
}

// verify checks AT_MAC of a packet that was parsed to m.
func (v variant) verify(aut secret.Bytes, p eap.Packet, m message) bool {
	if m.macAt == 0 {
		return false
	}
	got := m.block(atMAC)
	p.Data = append([]byte{}, p.Data...)
	clear(p.Data[m.macAt:][:macLen])
	return secret.Bytes(got[:]).Equal(v.mac(aut, p))
}

// A checkcode gathers the packets of the identity rounds (RFC 4187, Section 10.13).
type checkcode struct {
	hash  hash.Hash
	count int
}

func (c *checkcode) add(v variant, p eap.Packet) {
	if c.hash == nil {
		c.hash = v.hash()
	}
	c.count++
	c.hash.Write(p.Encode())
}

// value is that of AT_CHECKCODE: two reserved octets, and the hash if there were packets.
func (c *checkcode) value() []byte {
	if c.count == 0 {
		return []byte{0, 0}
	}
	return c.hash.Sum([]byte{0, 0})
}

// matches checks AT_CHECKCODE if it is there.
func (c *checkcode) matches(m message) bool {
	got := m.find(atCheckcode)
	return got == nil || secret.Bytes(got).Equal(c.value())
}
