package suite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"culvert/wire"
)

// espSuites returns every ESP that can be configured, each cipher that needs it with each integrity algorithm.
func espSuites() []ESP {
	var suites []ESP
	for _, c := range ciphers() {
		if IsAEAD(c.transform) {
			suites = append(suites, ESP{ENCR: c.transform}, ESP{ENCR: c.transform, ESN: true})
			continue
		}
		for _, i := range integrityAlgorithms() {
			suites = append(suites, ESP{ENCR: c.transform, INTEG: i.transform}, ESP{ENCR: c.transform, INTEG: i.transform, ESN: true})
		}
		suites = append(suites, sha256Suite(c.transform.ID, c.transform.KeyLength).AsDraft())
	}
	return suites
}

// newTestESP keys an ESP with octets that depend on the seed.
func newTestESP(t testing.TB, e ESP, seed byte) ESPCipher {
	t.Helper()
	r := testRand(seed)
	encr, integ := e.KeyLengths()
	c, err := NewESPCipher(e, randomOctets(r, encr), randomOctets(r, integ), r)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	return c
}

// testPacket returns an ESP packet of the cipher's form with n octets of payload, not yet sealed.
func testPacket(c ESPCipher, n int, seq uint64) (pkt, text []byte) {
	pkt = make([]byte, espHeader+c.IVLen()+n+c.ICVLen())
	binary.BigEndian.PutUint32(pkt, 0xc0ffee00)
	binary.BigEndian.PutUint32(pkt[4:], uint32(seq))
	text = pkt[espHeader+c.IVLen() : espHeader+c.IVLen()+n]
	for i := range text {
		text[i] = byte(i)
	}
	return pkt, bytes.Clone(text)
}

func TestESPSealsWhatItOpens(t *testing.T) {
	for _, e := range espSuites() {
		t.Run(e.String(), func(t *testing.T) {
			out, in := newTestESP(t, e, 1), newTestESP(t, e, 1)
			for _, n := range []int{16, 32, 128, 144, 1424, 65488} {
				seq := uint64(n)<<32 | uint64(n)
				pkt, text := testPacket(out, n, seq)
				out.Seal(pkt, seq)
				if encrypts := e.ENCR.ID != wire.EncrNull && e.ENCR.ID != wire.EncrNullAESGMAC; bytes.Contains(pkt, text) == encrypts {
					t.Errorf("%d octets: clear text on the wire is %v", n, !encrypts)
				}
				got, err := in.Open(pkt, seq)
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%d octets: got %d octets, %v", n, len(got), err)
				}
			}
		})
	}
}

func TestESPRefusesEveryChangedBit(t *testing.T) {
	for _, e := range espSuites() {
		t.Run(e.String(), func(t *testing.T) {
			out, in := newTestESP(t, e, 2), newTestESP(t, e, 2)
			const seq uint64 = 7<<32 | 9
			sealed, _ := testPacket(out, 32, seq)
			out.Seal(sealed, seq)
			for bit := range 8 * len(sealed) {
				forged := bytes.Clone(sealed)
				forged[bit/8] ^= 1 << (bit % 8)
				seq := seq&^0xffffffff | uint64(binary.BigEndian.Uint32(forged[4:])) // as a receiver does
				if _, err := in.Open(forged, seq); err != ErrAuthentication {
					t.Fatalf("bit %d: got %v, want ErrAuthentication", bit, err)
				}
			}
			for n := range sealed {
				if _, err := in.Open(bytes.Clone(sealed[:n]), seq); !errors.Is(err, ErrAuthentication) {
					t.Fatalf("%d of %d octets: got %v, want ErrAuthentication", n, len(sealed), err)
				}
			}
			if _, err := in.Open(bytes.Clone(sealed), seq); err != nil {
				t.Errorf("unchanged: %v", err)
			}
		})
	}
}

// The upper half of the sequence number is not in the packet; with ESN it is authenticated, without it does not count
// (RFC 4303, Section 2.2.1).
func TestESPAuthenticatesUpperSequenceNumberWithESN(t *testing.T) {
	for _, e := range espSuites() {
		out, in := newTestESP(t, e, 3), newTestESP(t, e, 3)
		pkt, _ := testPacket(out, 32, 5)
		out.Seal(pkt, 5)
		_, err := in.Open(pkt, 1<<32|5)
		if refused := err != nil; refused != e.ESN {
			t.Errorf("%s: wrong upper half: got %v", e, err)
		}
	}
}

// A peer with the right key can send a ciphertext that is no whole number of blocks.
func TestESPRefusesRaggedCiphertext(t *testing.T) {
	for _, e := range espSuites() {
		c, ok := newTestESP(t, e, 10).(*espSeparate)
		if !ok || e.ESN {
			continue
		}
		for n := range 2 * c.BlockLen() {
			pkt, _ := testPacket(c, n, 1)
			end := len(pkt) - c.ICVLen()
			copy(pkt[end:], c.mac.of(pkt[:end], nil))
			if _, err := c.Open(pkt, 1); (err == nil) != (n%c.BlockLen() == 0) {
				t.Errorf("%s: %d octets: got %v", e, n, err)
			}
		}
	}
}

func TestESPIsBoundToItsKeys(t *testing.T) {
	for _, e := range espSuites() {
		out, in := newTestESP(t, e, 4), newTestESP(t, e, 5)
		pkt, _ := testPacket(out, 32, 5)
		out.Seal(pkt, 5)
		if _, err := in.Open(pkt, 5); err != ErrAuthentication {
			t.Errorf("%s: opened with other keys: %v", e, err)
		}
	}
}

// A cleared cipher must not go on with a key of zeroes.
func TestClearedESPSealsNothing(t *testing.T) {
	c := newTestESP(t, ESP{ENCR: encrID(wire.EncrAESGCM16, 128)}, 6)
	c.Clear()
	defer func() {
		if recover() == nil {
			t.Error("sealed")
		}
	}()
	pkt, _ := testPacket(c, 32, 1)
	c.Seal(pkt, 1)
}

func TestESPIVs(t *testing.T) {
	for _, e := range espSuites() {
		c := newTestESP(t, e, 6)
		seen := map[string]bool{}
		for seq := uint64(1); seq <= 200; seq++ {
			pkt, _ := testPacket(c, 16, seq)
			c.Seal(pkt, seq)
			iv := pkt[espHeader : espHeader+c.IVLen()]
			if c.IVLen() > 0 && seen[string(iv)] {
				t.Fatalf("%s: IV %x repeats", e, iv)
			}
			seen[string(iv)] = true
			if c.IVLen() == 8 && binary.BigEndian.Uint64(iv) != seq {
				t.Fatalf("%s: IV %x is not the sequence number %d", e, iv, seq)
			}
			if c.IVLen() == 16 && (bytes.HasSuffix(iv, []byte{0, byte(seq)}) || bytes.HasPrefix(iv, make([]byte, 4))) {
				t.Fatalf("%s: IV %x shows the sequence number %d", e, iv, seq)
			}
		}
	}
}

func TestESPShape(t *testing.T) {
	aes := func(id wire.TransformID) ESP { return ESP{ENCR: encrID(id, 128)} }
	withSHA := func(e ESP) ESP { e.INTEG = integID(wire.IntegHMACSHA256_128); return e }
	tests := []struct {
		esp                         ESP
		iv, icv, block, encr, integ int
		name                        string
	}{
		{aes(wire.EncrAESGCM16), 8, 16, 4, 20, 0, "AES_GCM_16_128"},
		{aes(wire.EncrAESGCM12), 8, 12, 4, 20, 0, "AES_GCM_12_128"},
		{aes(wire.EncrAESGCM8), 8, 8, 4, 20, 0, "AES_GCM_8_128"},
		{aes(wire.EncrAESCCM8), 8, 8, 4, 19, 0, "AES_CCM_8_128"},
		{aes(wire.EncrNullAESGMAC), 8, 16, 4, 20, 0, "NULL_AES_GMAC_128"},
		{ESP{ENCR: encrID(wire.EncrAESGCM16, 256), ESN: true}, 8, 16, 4, 36, 0, "AES_GCM_16_256/ESN"},
		{ESP{ENCR: encrID(wire.EncrChaCha20Poly1305, 0)}, 8, 16, 4, 36, 0, "CHACHA20_POLY1305"},
		{withSHA(aes(wire.EncrAESCBC)), 16, 16, 16, 16, 32, "AES_CBC_128/HMAC_SHA2_256_128"},
		{withSHA(aes(wire.EncrAESCTR)), 8, 16, 4, 20, 32, "AES_CTR_128/HMAC_SHA2_256_128"},
		{withSHA(ESP{ENCR: encrID(wire.EncrNull, 0)}), 0, 16, 4, 0, 32, "NULL/HMAC_SHA2_256_128"},
	}
	for _, tt := range tests {
		c := newTestESP(t, tt.esp, 1)
		if c.IVLen() != tt.iv || c.ICVLen() != tt.icv || c.BlockLen() != tt.block {
			t.Errorf("%s: IV %d, ICV %d, block %d; want %d, %d, %d", tt.name, c.IVLen(), c.ICVLen(), c.BlockLen(), tt.iv, tt.icv, tt.block)
		}
		if encr, integ := tt.esp.KeyLengths(); encr != tt.encr || integ != tt.integ {
			t.Errorf("%s: keys of %d and %d octets, want %d and %d", tt.name, encr, integ, tt.encr, tt.integ)
		}
		if got := tt.esp.String(); got != tt.name {
			t.Errorf("name %q, want %q", got, tt.name)
		}
	}
}

func TestESPRefusesUnsafeOrUnknownTransforms(t *testing.T) {
	sha := integID(wire.IntegHMACSHA256_128)
	tests := []struct {
		name  string
		esp   ESP
		encr  int
		integ int
		want  string
	}{
		{"encryption without integrity", ESP{ENCR: encrID(wire.EncrAESCBC, 128)}, 16, 0, "NONE is not supported"},
		{"NULL without integrity", ESP{ENCR: encrID(wire.EncrNull, 0)}, 0, 0, "NONE is not supported"},
		{"AEAD with integrity", ESP{ENCR: encrID(wire.EncrAESGCM16, 128), INTEG: sha}, 20, 32, "HMAC_SHA2_256_128 is not supported"},
		{"AEAD with an integrity key", ESP{ENCR: encrID(wire.EncrAESGCM16, 128)}, 20, 1, "key of 1 octets for NONE, which takes 0"},
		{"AEAD key without salt", ESP{ENCR: encrID(wire.EncrAESGCM16, 128)}, 16, 0, "key of 16 octets for AES_GCM_16_128, which takes 20"},
		{"CBC key too long", ESP{ENCR: encrID(wire.EncrAESCBC, 128), INTEG: sha}, 17, 32, "key of 17 octets for AES_CBC_128, which takes 16"},
		{"integrity key too short", ESP{ENCR: encrID(wire.EncrAESCBC, 128), INTEG: sha}, 16, 31, "key of 31 octets for HMAC_SHA2_256_128, which takes 32"},
		{"3DES", ESP{ENCR: encrID(wire.Encr3DES, 0), INTEG: sha}, 24, 32, "ENCR_3DES is not supported"},
		{"AES without key length", ESP{ENCR: encrID(wire.EncrAESCBC, 0), INTEG: sha}, 16, 32, "ENCR_AES_CBC is not supported"},
		{"AES of 64 bits", ESP{ENCR: encrID(wire.EncrAESCBC, 64), INTEG: sha}, 8, 32, "ENCR_AES_CBC_64 is not supported"},
		{"ChaCha20 with key length", ESP{ENCR: encrID(wire.EncrChaCha20Poly1305, 256)}, 36, 0, "ENCR_CHACHA20_POLY1305_256 is not supported"},
	}
	for _, tt := range tests {
		_, err := NewESPCipher(tt.esp, make([]byte, tt.encr), make([]byte, tt.integ), testRand(1))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := NewESPCipher(ESP{ENCR: encrID(wire.EncrAESCBC, 128), INTEG: sha}, make([]byte, 16), make([]byte, 32), failingReader{}); err == nil {
		t.Error("CBC without randomness for its IVs accepted")
	}
	if encr, integ := (ESP{ENCR: encrID(wire.Encr3DES, 0)}).KeyLengths(); encr != 0 || integ != 0 {
		t.Errorf("key lengths of an unsupported transform: %d, %d", encr, integ)
	}
}

func TestESPFromSelection(t *testing.T) {
	p, err := ParseProposal(wire.ProtocolESP, "aes128-sha256-modp2048-esn")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ESPFromSelection(Selection{Proposal: p}).String(), "AES_CBC_128/HMAC_SHA2_256_128/ESN"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p, err = ParseProposal(wire.ProtocolESP, "chacha20poly1305")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ESPFromSelection(Selection{Proposal: p}).String(), "CHACHA20_POLY1305"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzESPOpen(f *testing.F) {
	f.Add(uint8(0), []byte("too short"), uint64(1))
	f.Add(uint8(9), make([]byte, 100), uint64(1))
	suites := espSuites()
	f.Fuzz(func(t *testing.T, which uint8, pkt []byte, seq uint64) {
		c := newTestESP(t, suites[int(which)%len(suites)], 7)
		if text, err := c.Open(pkt, seq); err == nil {
			t.Errorf("forged packet opened: %x", text)
		} else if !errors.Is(err, ErrAuthentication) {
			t.Errorf("got %v, want ErrAuthentication", err)
		}
	})
}

func TestESPDoesNotAllocate(t *testing.T) {
	for _, e := range espSuites() {
		out, in := newTestESP(t, e, 8), newTestESP(t, e, 8)
		pkt, _ := testPacket(out, 1424, 1)
		step := func() {
			binary.BigEndian.PutUint32(pkt[4:], 1)
			out.Seal(pkt, 1)
			if _, err := in.Open(pkt, 1); err != nil {
				t.Fatal(err)
			}
		}
		step() // scratch space grows once
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("%s: %v allocations per packet", e, n)
		}
	}
}

func BenchmarkESP(b *testing.B) {
	for _, e := range espSuites() {
		if e.ESN || e.ENCR.KeyLength == 192 || e.INTEG.ID != 0 && e.INTEG.ID != wire.IntegHMACSHA256_128 && e.ENCR.ID != wire.EncrNull {
			continue
		}
		c := newTestESP(b, e, 9)
		pkt, _ := testPacket(c, 1424, 1)
		b.Run(fmt.Sprintf("seal/%s", e), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(1424)
			for seq := uint64(0); b.Loop(); seq++ {
				c.Seal(pkt, seq)
			}
		})
		sealed := bytes.Clone(pkt)
		c.Seal(sealed, 1)
		b.Run(fmt.Sprintf("open/%s", e), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(1424)
			for b.Loop() {
				copy(pkt, sealed)
				if _, err := c.Open(pkt, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestESPLengthsAreKnownBeforeTheKeys(t *testing.T) {
	for _, e := range espSuites() {
		c := newTestESP(t, e, 1)
		if iv, icv, block := e.Lengths(); iv != c.IVLen() || icv != c.ICVLen() || block != c.BlockLen() {
			t.Errorf("%v: %d, %d, %d; the cipher says %d, %d, %d", e, iv, icv, block, c.IVLen(), c.ICVLen(), c.BlockLen())
		}
	}
	if iv, icv, block := (ESP{ENCR: encrID(wire.Encr3DES, 0)}).Lengths(); iv != 0 || icv != 0 || block != 0 {
		t.Errorf("of a transform that is not supported: %d, %d, %d", iv, icv, block)
	}
}
