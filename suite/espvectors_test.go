package suite

import (
	"bytes"
	"encoding/binary"
	"testing"

	"culvert/aesgcm"
	"culvert/wire"
)

// keyBareCipher keys the cipher of an encryption transform without its integrity algorithm.
func keyBareCipher(t *testing.T, transform wire.Transform, keymat []byte) bareCipher {
	t.Helper()
	props, err := lookupEncryption(transform)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newBareCipher(transform, props, keymat)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAESCBCVectors(t *testing.T) {
	for _, v := range rfcVectors(t, "rfc3602.txt") {
		c := keyBareCipher(t, encrID(wire.EncrAESCBC, 128), v.fields["key"])
		text := bytes.Clone(v.fields["plaintext"])
		c.encrypt(v.fields["iv"], text)
		if !bytes.Equal(text, v.fields["ciphertext"]) {
			t.Errorf("case %s: got %x, want %x", v.title, text, v.fields["ciphertext"])
		}
		c.decrypt(v.fields["iv"], text)
		if !bytes.Equal(text, v.fields["plaintext"]) {
			t.Errorf("case %s: decrypted to %x, want %x", v.title, text, v.fields["plaintext"])
		}
	}
}

func TestAESCTRVectors(t *testing.T) {
	for _, v := range rfcVectors(t, "rfc3686.txt") {
		key := v.fields["key"]
		c := keyBareCipher(t, encrID(wire.EncrAESCTR, uint16(8*len(key))), append(bytes.Clone(key), v.fields["nonce"]...))
		text := bytes.Clone(v.fields["plaintext"])
		c.encrypt(v.fields["iv"], text)
		if !bytes.Equal(text, v.fields["ciphertext"]) {
			t.Errorf("vector %s: got %x, want %x", v.title, text, v.fields["ciphertext"])
		}
		c.decrypt(v.fields["iv"], text)
		if !bytes.Equal(text, v.fields["plaintext"]) {
			t.Errorf("vector %s: decrypted to %x, want %x", v.title, text, v.fields["plaintext"])
		}
	}
}

// RFC 7634, Appendix A: a whole ESP packet. Its IV is not the sequence number, which a receiver does not care about.
func TestChaCha20Poly1305ESPVector(t *testing.T) {
	v := rfcVectors(t, "rfc7634.txt")[0]
	e := ESP{ENCR: encrID(wire.EncrChaCha20Poly1305, 0)}
	c, err := NewESPCipher(e, v.fields["keymat"], nil, testRand(1))
	if err != nil {
		t.Fatal(err)
	}
	want := v.fields["packet"][20:] // behind the IP header
	seq := binary.BigEndian.Uint64(want[8:])
	pkt := append(bytes.Clone(want[:16]), v.fields["plaintext"]...)
	pkt = append(pkt, make([]byte, c.ICVLen())...)
	if c.Seal(pkt, seq); !bytes.Equal(pkt, want) {
		t.Errorf("sealed %x, want %x", pkt, want)
	}
	got, err := c.Open(pkt, 5)
	if err != nil || !bytes.Equal(got, v.fields["plaintext"]) {
		t.Errorf("opened %x, %v", got, err)
	}
}

// RFC 4543, Section 3.3: the tag of GMAC covers SPI, sequence number, IV and payload; here against plain GCM, for which
// Wycheproof vouches.
func TestGMACCoversTheWholePacket(t *testing.T) {
	for _, esn := range []bool{false, true} {
		key := randomOctets(testRand(11), 20)
		c, err := NewESPCipher(ESP{ENCR: encrID(wire.EncrNullAESGMAC, 128), ESN: esn}, key, nil, testRand(1))
		if err != nil {
			t.Fatal(err)
		}
		const seq = 3<<32 | 4
		pkt, text := testPacket(c, 40, seq)
		c.Seal(pkt, seq)
		signed := bytes.Clone(pkt[:8])
		if esn {
			signed = append(bytes.Clone(pkt[:4]), 0, 0, 0, 3, 0, 0, 0, 4)
		}
		signed = append(append(signed, pkt[8:16]...), text...)
		gcm, err := aesgcm.New(key[:16], 16)
		if err != nil {
			t.Fatal(err)
		}
		want := gcm.Seal(nil, append(bytes.Clone(key[16:]), pkt[8:16]...), nil, signed)
		if got := pkt[len(pkt)-16:]; !bytes.Equal(got, want) {
			t.Errorf("ESN %v: ICV %x, want %x", esn, got, want)
		}
	}
}

// The associated data of RFC 4106, Section 5, and the nonce of Section 4, spelled out.
func TestGCMESPNonceAndAssociatedData(t *testing.T) {
	for _, esn := range []bool{false, true} {
		key := randomOctets(testRand(12), 36)
		c, err := NewESPCipher(ESP{ENCR: encrID(wire.EncrAESGCM16, 256), ESN: esn}, key, nil, testRand(1))
		if err != nil {
			t.Fatal(err)
		}
		const seq = 3<<32 | 4
		pkt, text := testPacket(c, 40, seq)
		c.Seal(pkt, seq)
		aad := []byte{0xc0, 0xff, 0xee, 0x00, 0, 0, 0, 4}
		if esn {
			aad = []byte{0xc0, 0xff, 0xee, 0x00, 0, 0, 0, 3, 0, 0, 0, 4}
		}
		nonce := append(bytes.Clone(key[32:]), 0, 0, 0, 3, 0, 0, 0, 4)
		gcm, err := aesgcm.New(key[:32], 16)
		if err != nil {
			t.Fatal(err)
		}
		if want := gcm.Seal(nil, nonce, text, aad); !bytes.Equal(pkt[16:], want) {
			t.Errorf("ESN %v: got %x, want %x", esn, pkt[16:], want)
		}
	}
}

// The MAC of a separate integrity algorithm with ESN covers the packet and then the upper half of the sequence number
// (RFC 4303, Section 2.2.1).
func TestSeparateIntegrityWithESN(t *testing.T) {
	integ := integID(wire.IntegHMACSHA256_128)
	key := randomOctets(testRand(13), 32)
	c, err := NewESPCipher(ESP{ENCR: encrID(wire.EncrNull, 0), INTEG: integ, ESN: true}, nil, key, testRand(1))
	if err != nil {
		t.Fatal(err)
	}
	const seq = 3<<32 | 4
	pkt, _ := testPacket(c, 40, seq)
	c.Seal(pkt, seq)
	mac, err := newIntegrity(integ, key)
	if err != nil {
		t.Fatal(err)
	}
	end := len(pkt) - 16
	if want := mac.of(pkt[:end], []byte{0, 0, 0, 3}); !bytes.Equal(pkt[end:], want) {
		t.Errorf("got %x, want %x", pkt[end:], want)
	}
}
