package suite

import (
	"slices"

	"culvert/secret"
	"culvert/wire"
)

// MixIKEKeys derives the keys that an IKE SA has after the n-th additional key exchange of its initial exchanges, of which
// shared is the secret SK(n): SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), with the nonces of IKE_SA_INIT. d is SK_d(n-1),
// which stays the caller's (RFC 9370, Section 2.2.2).
func MixIKEKeys(sel Selection, d secret.Bytes, shared, ni, nr []byte, spii, spir wire.SPI) (IKEKeys, error) {
	prf, err := prfOf(sel)
	if err != nil {
		return IKEKeys{}, err
	}
	return expandIKEKeys(prf, sel, prf.Sum(d, shared, ni, nr), ni, nr, spii, spir)
}

// mixedSeed returns SK(0) | Ni | Nr | SK(1) | ... | SK(n) (RFC 9370, Section 2.2.4). The caller clears it.
func mixedSeed(shared [][]byte, ni, nr []byte) []byte {
	first := min(len(shared), 1)
	return slices.Concat(slices.Concat(shared[:first]...), ni, nr, slices.Concat(shared[first:]...))
}
