package byhand

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"
)

// hmac is HMAC-SHA-256 (RFC 2104), which PRF_HMAC_SHA2_256 is (RFC 4868).
func hmac(key []byte, data ...[]byte) []byte {
	const block = 64
	if len(key) > block {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	inner, outer := make([]byte, block), make([]byte, block)
	copy(inner, key)
	copy(outer, key)
	for i := range block {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	sum := sha256.Sum256(slices.Concat(inner, slices.Concat(data...)))
	sum = sha256.Sum256(append(outer, sum[:]...))
	return sum[:]
}

// prfPlus is prf+ (RFC 7296, Section 2.13).
func prfPlus(key, seed []byte, n int) []byte {
	var all, last []byte
	for i := byte(1); len(all) < n; i++ {
		last = hmac(key, last, seed, []byte{i})
		all = append(all, last...)
	}
	return all[:n]
}

// The seven keys with AES-GCM-256, whose keys end in four octets of salt.
type keys struct{ d, ei, er, pi, pr []byte }

// expand is {SK_d | SK_ei | SK_er | SK_pi | SK_pr} = prf+ (SKEYSEED, Ni | Nr | SPIi | SPIr) (RFC 7296, Section 2.14).
func expand(skeyseed, ni, nr []byte, spiI, spiR uint64) keys {
	seed := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(slices.Concat(ni, nr), spiI), spiR)
	m := prfPlus(skeyseed, seed, 3*32+2*36)
	return keys{m[:32], m[32:68], m[68:104], m[104:136], m[136:168]}
}

// afterInit is SKEYSEED = prf(Ni | Nr, g^ir).
func afterInit(shared, ni, nr []byte) []byte { return hmac(slices.Concat(ni, nr), shared) }

// afterKE is SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr) (RFC 9370, Section 2.2.2).
func afterKE(d, shared, ni, nr []byte) []byte { return hmac(d, shared, ni, nr) }

// afterPPK is SKEYSEED' = prf+ (PPK, SK_d) (RFC 9867, Section 3.1.1).
func afterPPK(ppk, d []byte) []byte { return prfPlus(ppk, d, 32) }

// withPPK is SK_d = prf (PPK, SK_d' | 0x01), and SK_pi and SK_pr alike (RFC 8784, Section 3).
func withPPK(ppk []byte, k keys) keys {
	k.d, k.pi, k.pr = hmac(ppk, k.d, []byte{1}), hmac(ppk, k.pi, []byte{1}), hmac(ppk, k.pr, []byte{1})
	return k
}

// pskAuth is prf( prf(Shared Secret, "Key Pad for IKEv2"), octets) (RFC 7296, Section 2.15).
func pskAuth(secret, octets []byte) []byte {
	return hmac(hmac(secret, []byte("Key Pad for IKEv2")), octets)
}

// signed is what AUTH covers, with or without the transcript, and with IntAuth if there is any.
func signed(transcript bool, own, others, nonce, key, id, intAuth []byte) []byte {
	var octets []byte
	if transcript {
		octets = append(make([]byte, 8), others...)
	}
	return slices.Concat(octets, own, nonce, hmac(key, id), intAuth)
}

// Test case 2 of RFC 4231 and the first vector of its kind of RFC 4868, Section 2.7.
func TestOurOwnHMAC(t *testing.T) {
	for _, tt := range []struct{ key, data, want string }{
		{"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	} {
		key, _ := hex.DecodeString(tt.key)
		data, _ := hex.DecodeString(tt.data)
		if got := hex.EncodeToString(hmac(key, data)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
