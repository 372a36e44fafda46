package suite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"culvert/wire"
)

// An algorithm is a transform that this package can carry out, with the names people write and read for it.
type algorithm struct {
	transform wire.Transform
	name      string   // in logs and explanations
	words     []string // in configurations, as swanctl has them; the first is the one we write
}

// algorithms lists all transforms that can be configured. No two have a word in common. It is made once, since a refusal
// looks up dozens of names, and never written to.
var algorithms = sync.OnceValue(func() []algorithm {
	return slices.Concat(ciphers(), pseudorandomFunctions(), integrityAlgorithms(), keyExchanges(), sequenceNumbers())
})

// Implemented returns all transforms that this package can carry out.
func Implemented() []wire.Transform {
	var list []wire.Transform
	for _, a := range algorithms() {
		list = append(list, a.transform)
	}
	return list
}

// ciphers lists the encryption transforms; those of AES come in three key lengths.
func ciphers() []algorithm {
	list := []algorithm{
		{encrID(wire.EncrNull, 0), "NULL", []string{"null"}},
		{encrID(wire.EncrChaCha20Poly1305, 0), "CHACHA20_POLY1305", []string{"chacha20poly1305"}},
		{encrID(wire.EncrChaCha20Poly1305IIV, 0), "CHACHA20_POLY1305_IIV", []string{"chacha20poly1305iiv"}},
	}
	for _, bits := range []uint16{128, 192, 256} {
		list = append(list, aesCiphers(bits)...)
	}
	return list
}

func aesCiphers(bits uint16) []algorithm {
	size := strconv.Itoa(int(bits))
	word := func(suffixes ...string) []string {
		words := make([]string, len(suffixes))
		for i, s := range suffixes {
			words[i] = "aes" + size + s
		}
		return words
	}
	return []algorithm{
		{encrID(wire.EncrAESCBC, bits), "AES_CBC_" + size, word("", "cbc")},
		{encrID(wire.EncrAESCTR, bits), "AES_CTR_" + size, word("ctr")},
		{encrID(wire.EncrAESCCM8, bits), "AES_CCM_8_" + size, word("ccm8", "ccm64")},
		{encrID(wire.EncrAESCCM12, bits), "AES_CCM_12_" + size, word("ccm12", "ccm96")},
		{encrID(wire.EncrAESCCM16, bits), "AES_CCM_16_" + size, word("ccm16", "ccm128", "ccm")},
		{encrID(wire.EncrAESGCM8, bits), "AES_GCM_8_" + size, word("gcm8", "gcm64")},
		{encrID(wire.EncrAESGCM12, bits), "AES_GCM_12_" + size, word("gcm12", "gcm96")},
		{encrID(wire.EncrAESGCM16, bits), "AES_GCM_16_" + size, word("gcm16", "gcm128", "gcm")},
		{encrID(wire.EncrAESCCM8IIV, bits), "AES_CCM_8_IIV_" + size, word("ccm8iiv")},
		{encrID(wire.EncrAESGCM16IIV, bits), "AES_GCM_16_IIV_" + size, word("gcm16iiv")},
		{encrID(wire.EncrNullAESGMAC, bits), "NULL_AES_GMAC_" + size, word("gmac")},
	}
}

func pseudorandomFunctions() []algorithm {
	return []algorithm{
		{prfID(wire.PRFHMACSHA1), "PRF_HMAC_SHA1", []string{"prfsha1"}},
		{prfID(wire.PRFHMACSHA256), "PRF_HMAC_SHA2_256", []string{"prfsha256"}},
		{prfID(wire.PRFHMACSHA384), "PRF_HMAC_SHA2_384", []string{"prfsha384"}},
		{prfID(wire.PRFHMACSHA512), "PRF_HMAC_SHA2_512", []string{"prfsha512"}},
		{prfID(wire.PRFAES128XCBC), "PRF_AES128_XCBC", []string{"prfaesxcbc"}},
		{prfID(wire.PRFAES128CMAC), "PRF_AES128_CMAC", []string{"prfaescmac"}},
	}
}

func integrityAlgorithms() []algorithm {
	return []algorithm{
		{integID(wire.IntegHMACSHA1_96), "HMAC_SHA1_96", []string{"sha1", "sha"}},
		{integID(wire.IntegHMACSHA256_128), "HMAC_SHA2_256_128", []string{"sha256", "sha2_256"}},
		{integID(wire.IntegHMACSHA384_192), "HMAC_SHA2_384_192", []string{"sha384", "sha2_384"}},
		{integID(wire.IntegHMACSHA512_256), "HMAC_SHA2_512_256", []string{"sha512", "sha2_512"}},
		{integID(wire.IntegAESXCBC96), "AES_XCBC_96", []string{"aesxcbc"}},
		{integID(wire.IntegAESCMAC96), "AES_CMAC_96", []string{"aescmac"}},
	}
}

func keyExchanges() []algorithm {
	return []algorithm{
		{keID(wire.KENone), "NONE", []string{"modpnone", "none"}},
		{keID(wire.KEMODP1024), "MODP_1024", []string{"modp1024"}},
		{keID(wire.KEMODP1536), "MODP_1536", []string{"modp1536"}},
		{keID(wire.KEMODP2048), "MODP_2048", []string{"modp2048"}},
		{keID(wire.KEMODP3072), "MODP_3072", []string{"modp3072"}},
		{keID(wire.KEMODP4096), "MODP_4096", []string{"modp4096"}},
		{keID(wire.KEMODP6144), "MODP_6144", []string{"modp6144"}},
		{keID(wire.KEMODP8192), "MODP_8192", []string{"modp8192"}},
		{keID(wire.KEECP256), "ECP_256", []string{"ecp256"}},
		{keID(wire.KEECP384), "ECP_384", []string{"ecp384"}},
		{keID(wire.KEECP521), "ECP_521", []string{"ecp521"}},
		{keID(wire.KEBrainpoolP256r1), "ECP_256_BP", []string{"ecp256bp"}},
		{keID(wire.KEBrainpoolP384r1), "ECP_384_BP", []string{"ecp384bp"}},
		{keID(wire.KEBrainpoolP512r1), "ECP_512_BP", []string{"ecp512bp"}},
		{keID(wire.KECurve25519), "CURVE_25519", []string{"x25519", "curve25519"}},
		{keID(wire.KECurve448), "CURVE_448", []string{"x448", "curve448"}},
		{keID(wire.KEMLKEM512), "ML_KEM_512", []string{"mlkem512"}},
		{keID(wire.KEMLKEM768), "ML_KEM_768", []string{"mlkem768"}},
		{keID(wire.KEMLKEM1024), "ML_KEM_1024", []string{"mlkem1024"}},
		{keID(wire.KEFrodoKEM640SHAKE), "FRODOKEM_640_SHAKE", []string{"frodo640shake"}},
	}
}

func sequenceNumbers() []algorithm {
	return []algorithm{
		{snID(wire.SN32), "NO_ESN", []string{"noesn"}},
		{snID(wire.SN64), "ESN", []string{"esn"}},
	}
}

func encrID(id wire.TransformID, bits uint16) wire.Transform {
	return wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits}
}

func prfID(id wire.TransformID) wire.Transform {
	return wire.Transform{Type: wire.TransformPRF, ID: id}
}

func integID(id wire.TransformID) wire.Transform {
	return wire.Transform{Type: wire.TransformINTEG, ID: id}
}

func keID(id wire.TransformID) wire.Transform {
	return wire.Transform{Type: wire.TransformKE, ID: id}
}

func snID(id wire.TransformID) wire.Transform {
	return wire.Transform{Type: wire.TransformSN, ID: id}
}

// lookupWord returns the transform that a configuration word stands for.
func lookupWord(word string) (wire.Transform, bool) {
	if typ, method, ok := cutAdditional(word); ok {
		t, known := lookupWord(method)
		return wire.Transform{Type: typ, ID: t.ID}, known && t.Type == wire.TransformKE
	}
	for _, a := range algorithms() {
		if slices.Contains(a.words, word) {
			return a.transform, true
		}
	}
	return wire.Transform{}, false
}

// lookupTransform returns the names of a transform.
func lookupTransform(t wire.Transform) (algorithm, bool) {
	for _, a := range algorithms() {
		if a.transform == t {
			return a, true
		}
	}
	return algorithm{}, false
}

// AlgorithmName returns the name of a transform without the length of its key, "AES_GCM_16", and that length in bits, 0 if it
// has only one. Additional key exchanges are called like first ones.
func AlgorithmName(t wire.Transform) (name string, bits int) {
	if isAdditional(t.Type) {
		t.Type = wire.TransformKE
	}
	bits = int(t.KeyLength)
	return strings.TrimSuffix(TransformName(t), "_"+strconv.Itoa(bits)), bits
}

// TransformName returns the name of a transform for people: "AES_GCM_16_256", "CURVE_25519", "KE1_ML_KEM_768" for an
// additional key exchange; the registry's name for those that this package does not implement, whose key length, if any,
// follows.
func TransformName(t wire.Transform) string {
	if t.UnknownAttribute {
		t.UnknownAttribute = false
		return TransformName(t) + " with an unknown attribute"
	}
	if isAdditional(t.Type) {
		prefix := strings.ToUpper(additionalPrefix(t.Type))
		t.Type = wire.TransformKE
		return prefix + TransformName(t)
	}
	if a, ok := lookupTransform(t); ok {
		return a.name
	}
	name := t.Type.IDName(t.ID)
	if t.KeyLength != 0 {
		name = fmt.Sprintf("%s_%d", name, t.KeyLength)
	}
	return name
}
