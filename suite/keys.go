package suite

import (
	"encoding/binary"
	"slices"

	"culvert/secret"
	"culvert/wire"
)

// IKEKeys are the seven keys of an IKE SA (RFC 7296, Section 2.14). Ai and Ar are empty with a combined-mode cipher; Ei
// and Er include the salt or nonce of the transform.
type IKEKeys struct {
	D      secret.Bytes // for deriving further keys
	Ai, Ar secret.Bytes // integrity of messages from the original initiator and responder
	Ei, Er secret.Bytes // encryption
	Pi, Pr secret.Bytes // for the AUTH payload, in memory of their own
}

// Clear zeroes all keys.
func (k *IKEKeys) Clear() {
	for _, b := range []secret.Bytes{k.D, k.Ai, k.Ar, k.Ei, k.Er, k.Pi, k.Pr} {
		b.Clear()
	}
}

// DeriveIKEKeys derives the keys of the first IKE SA with a peer: SKEYSEED = prf(Ni | Nr, g^ir) (RFC 7296, Section 2.14).
func DeriveIKEKeys(sel Selection, sharedSecret, ni, nr []byte, spii, spir wire.SPI) (IKEKeys, error) {
	prf, err := prfOf(sel)
	if err != nil {
		return IKEKeys{}, err
	}
	key := prf.skeyseedKey(ni, nr)
	return expandIKEKeys(prf, sel, prf.Sum(key, sharedSecret), ni, nr, spii, spir)
}

// RekeyIKEKeys derives the keys of an IKE SA that replaces another: SKEYSEED = prf(SK_d (old), SK(0) | Ni | Nr | SK(1) | ...
// | SK(n)), with the PRF of the old SA; all that follows uses the PRF of the new one (RFC 7296, Section 2.18; RFC 9370,
// Section 2.2.4). shared holds SK(0), which is g^ir (new), and the secrets of the additional key exchanges in their order.
func RekeyIKEKeys(oldPRF wire.TransformID, oldD []byte, sel Selection, shared [][]byte, ni, nr []byte, spii, spir wire.SPI) (IKEKeys, error) {
	old, err := NewPRF(oldPRF)
	if err != nil {
		return IKEKeys{}, err
	}
	prf, err := prfOf(sel)
	if err != nil {
		return IKEKeys{}, err
	}
	seed := mixedSeed(shared, ni, nr)
	defer clear(seed)
	return expandIKEKeys(prf, sel, old.Sum(oldD, seed), ni, nr, spii, spir)
}

func prfOf(sel Selection) (*PRF, error) {
	t, _ := sel.Get(wire.TransformPRF)
	if t.KeyLength != 0 || t.UnknownAttribute {
		return nil, &UnsupportedError{Transform: t}
	}
	return NewPRF(t.ID)
}

// expandIKEKeys takes the seven keys from prf+ (SKEYSEED, Ni | Nr | SPIi | SPIr) and clears SKEYSEED.
func expandIKEKeys(prf *PRF, sel Selection, skeyseed, ni, nr []byte, spii, spir wire.SPI) (IKEKeys, error) {
	defer clear(skeyseed)
	encr, integ, err := protectionKeyLengths(sel)
	if err != nil {
		return IKEKeys{}, err
	}
	seed := slices.Concat(ni, nr)
	seed = binary.BigEndian.AppendUint64(seed, uint64(spii))
	seed = binary.BigEndian.AppendUint64(seed, uint64(spir))
	p := prf.KeySize()
	lasting := p + 2*integ + 2*encr
	keymat, err := prf.Plus(skeyseed, seed, lasting+2*p)
	if err != nil {
		return IKEKeys{}, err
	}
	defer clear(keymat)
	cut, forAuth := cutter(slices.Clone(keymat[:lasting])), cutter(slices.Clone(keymat[lasting:]))
	return IKEKeys{
		D:  cut.next(p),
		Ai: cut.next(integ), Ar: cut.next(integ),
		Ei: cut.next(encr), Er: cut.next(encr),
		Pi: forAuth.next(p), Pr: forAuth.next(p),
	}, nil
}

// protectionKeyLengths returns the octets that encryption and integrity take in one direction.
func protectionKeyLengths(sel Selection) (encr, integ int, err error) {
	t, _ := sel.Get(wire.TransformENCR)
	e, err := lookupEncryption(t)
	if err != nil || e.icv > 0 {
		return e.keyMaterial(), 0, err
	}
	mac, _ := sel.Get(wire.TransformINTEG)
	integ, _, ok := integrityLengths(mac.ID)
	if !ok {
		return 0, 0, &UnsupportedError{Transform: wire.Transform{Type: wire.TransformINTEG, ID: mac.ID}}
	}
	return e.keyMaterial(), integ, nil
}

// cutter hands out keying material from front to back.
type cutter []byte

// next returns the next n octets as a slice of their own capacity, so that an append cannot reach the key behind it.
func (c *cutter) next(n int) secret.Bytes {
	b := (*c)[:n:n]
	*c = (*c)[n:]
	return secret.Bytes(b)
}

// ChildKeys are the keys of a pair of ESP SAs: I for the SA that carries data from the initiator of the exchange to the
// responder, R for the other (RFC 7296, Section 2.17). The integrity keys are empty with a combined-mode cipher.
type ChildKeys struct {
	EncrI, IntegI, EncrR, IntegR secret.Bytes
}

// Clear zeroes all keys.
func (k *ChildKeys) Clear() {
	for _, b := range []secret.Bytes{k.EncrI, k.IntegI, k.EncrR, k.IntegR} {
		b.Clear()
	}
}

// DeriveChildKeys derives the keys of a Child SA: KEYMAT = prf+(SK_d, [SK(0) |] Ni | Nr [| SK(1) | ... | SK(n)]), of which the
// encryption key is taken before the integrity key and the initiator's before the responder's (RFC 7296, Section 2.17; RFC
// 9370, Section 2.2.4). shared holds SK(0), which is g^ir (new), and the secrets of the additional key exchanges in their
// order; it is empty when there was no key exchange.
func DeriveChildKeys(ikePRF wire.TransformID, d []byte, esp Selection, shared [][]byte, ni, nr []byte) (ChildKeys, error) {
	prf, err := NewPRF(ikePRF)
	if err != nil {
		return ChildKeys{}, err
	}
	encr, integ, err := protectionKeyLengths(esp)
	if err != nil {
		return ChildKeys{}, err
	}
	seed := mixedSeed(shared, ni, nr)
	defer clear(seed)
	keymat, err := prf.Plus(d, seed, 2*encr+2*integ)
	if err != nil {
		return ChildKeys{}, err
	}
	cut := cutter(keymat)
	return ChildKeys{
		EncrI: cut.next(encr), IntegI: cut.next(integ),
		EncrR: cut.next(encr), IntegR: cut.next(integ),
	}, nil
}
