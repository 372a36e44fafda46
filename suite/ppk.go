package suite

import (
	"culvert/secret"
	"culvert/wire"
)

// MixPPKAuth mixes a post-quantum preshared key into the keys of an IKE SA as an IKE_AUTH exchange does it: SK_d, SK_pi and
// SK_pr become prf+(PPK, SK_d'), prf+(PPK, SK_pi') and prf+(PPK, SK_pr'). The other keys stay (RFC 8784, Section 3). The keys
// replaced are cleared; after an error all are as they were.
func MixPPKAuth(sel Selection, ppk secret.Bytes, k *IKEKeys) error {
	prf, err := prfOf(sel)
	if err != nil {
		return err
	}
	var mixed [3][]byte
	keys := [3]*secret.Bytes{&k.D, &k.Pi, &k.Pr}
	for i, key := range keys {
		if mixed[i], err = prf.Plus(ppk, *key, prf.KeySize()); err != nil {
			return err
		}
	}
	for i, key := range keys {
		key.Clear()
		*key = mixed[i]
	}
	return nil
}

// MixPPK derives the keys that an IKE SA has after an IKE_INTERMEDIATE exchange agreed on a post-quantum preshared key:
// SKEYSEED' = prf+(PPK, SK_d), from which all seven keys follow with nonces and SPIs of IKE_SA_INIT. d is the SK_d computed last, after
// all that the same exchange does otherwise; it stays the caller's (RFC 9867, Section 3.1.1).
func MixPPK(sel Selection, ppk, d secret.Bytes, ni, nr []byte, spii, spir wire.SPI) (IKEKeys, error) {
	prf, err := prfOf(sel)
	if err != nil {
		return IKEKeys{}, err
	}
	skeyseed, err := prf.Plus(ppk, d, prf.KeySize())
	if err != nil {
		return IKEKeys{}, err
	}
	return expandIKEKeys(prf, sel, skeyseed, ni, nr, spii, spir)
}

// MixPPKCreateChild returns what takes the place of SK_d in the keys of an SA whose CREATE_CHILD_SA exchange agreed on a
// post-quantum preshared key: SK_d' = prf+(PPK, SK_d), with the PRF of the IKE SA (RFC 9867, Section 3.2.1). d stays the
// caller's.
func MixPPKCreateChild(ikePRF wire.TransformID, ppk, d secret.Bytes) (secret.Bytes, error) {
	prf, err := NewPRF(ikePRF)
	if err != nil {
		return nil, err
	}
	return prf.Plus(ppk, d, len(d))
}
