package suite

import (
	"bytes"
	"errors"
	"testing"

	"culvert/wire"
)

// ikeSelections returns a selection for every way to protect IKE messages.
func ikeSelections(t testing.TB) []Selection {
	t.Helper()
	var all []Selection
	add := func(transforms ...wire.Transform) {
		all = append(all, Selection{wire.Proposal{Protocol: wire.ProtocolIKE, Transforms: transforms}})
	}
	for _, c := range ciphers() {
		e, err := lookupEncryption(c.transform)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case !e.ike:
		case e.icv > 0:
			add(c.transform, prfID(wire.PRFHMACSHA256), keID(wire.KECurve25519))
		default:
			for _, i := range integrityAlgorithms() {
				add(c.transform, prfID(wire.PRFHMACSHA256), i.transform, keID(wire.KECurve25519))
			}
		}
	}
	return all
}

// newTestProtector keys a Protector with octets that depend on the seed.
func newTestProtector(t testing.TB, sel Selection, seed byte) wire.Protector {
	t.Helper()
	encr, integ, err := protectionKeyLengths(sel)
	if err != nil {
		t.Fatal(err)
	}
	r := testRand(seed)
	p, err := NewProtector(sel, randomOctets(r, encr), randomOctets(r, integ), r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProtectorSealsWhatItOpens(t *testing.T) {
	prefix := []byte("header and payload header")
	for _, sel := range ikeSelections(t) {
		t.Run(sel.String(), func(t *testing.T) {
			out, in := newTestProtector(t, sel, 1), newTestProtector(t, sel, 1)
			for n := range 70 {
				text := bytes.Repeat([]byte{'x'}, n)
				sealed, err := out.Seal(bytes.Clone(prefix), text)
				if err != nil {
					t.Fatal(err)
				}
				if got := len(sealed) - len(prefix) - n; got != out.Overhead(n) {
					t.Errorf("%d octets: overhead %d, foretold %d", n, got, out.Overhead(n))
				}
				if !bytes.HasPrefix(sealed, prefix) || n > 8 && bytes.Contains(sealed, text) {
					t.Errorf("%d octets: prefix missing or text in clear: %x", n, sealed)
				}
				got, err := in.Open(prefix, sealed[len(prefix):])
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%d octets: got %x, %v", n, got, err)
				}
			}
		})
	}
}

func TestProtectorRefusesEveryChangedBit(t *testing.T) {
	prefix := []byte("prefix")
	for _, sel := range ikeSelections(t) {
		out, in := newTestProtector(t, sel, 2), newTestProtector(t, sel, 2)
		sealed, err := out.Seal(prefix, []byte("some payloads"))
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(sealed) {
			forged := bytes.Clone(sealed)
			forged[bit/8] ^= 1 << (bit % 8)
			if _, err := in.Open(forged[:len(prefix)], forged[len(prefix):]); err != ErrAuthentication {
				t.Fatalf("%s: bit %d: got %v, want ErrAuthentication", sel, bit, err)
			}
		}
		for n := range len(sealed) - len(prefix) {
			if _, err := in.Open(prefix, sealed[len(prefix):][:n]); err != ErrAuthentication {
				t.Fatalf("%s: %d octets: got %v, want ErrAuthentication", sel, n, err)
			}
		}
		if _, err := newTestProtector(t, sel, 3).Open(prefix, sealed[len(prefix):]); err != ErrAuthentication {
			t.Errorf("%s: opened with other keys: %v", sel, err)
		}
	}
}

func TestProtectorLeavesTheDatagramAsItCame(t *testing.T) {
	for _, sel := range ikeSelections(t) {
		out, in := newTestProtector(t, sel, 4), newTestProtector(t, sel, 4)
		sealed, err := out.Seal(nil, []byte("some payloads"))
		if err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(sealed)
		if _, err := in.Open(nil, sealed); err != nil || !bytes.Equal(sealed, before) {
			t.Errorf("%s: datagram changed, or %v", sel, err)
		}
	}
}

// IVs never repeat; where they count they start at random, so that a second life of the same key finds others, and those
// of CBC do not count visibly (RFC 7296, Section 3.14).
func TestProtectorIVs(t *testing.T) {
	for _, sel := range ikeSelections(t) {
		seen := map[string]bool{}
		for _, seed := range []byte{1, 2, 3} {
			encr, integ, err := protectionKeyLengths(sel)
			if err != nil {
				t.Fatal(err)
			}
			p, err := NewProtector(sel, make([]byte, encr), make([]byte, integ), testRand(seed))
			if err != nil {
				t.Fatal(err)
			}
			for range 100 {
				sealed, err := p.Seal(nil, []byte("the same text"))
				if err != nil {
					t.Fatal(err)
				}
				if iv := string(sealed[:8]); seen[iv] {
					t.Fatalf("%s: IV %x repeats", sel, iv)
				}
				seen[string(sealed[:8])] = true
			}
		}
	}
}

// A peer may pad as much and with whatever it likes (RFC 7296, Section 3.14; RFC 5282, Section 3).
func TestProtectorAcceptsAnyPadding(t *testing.T) {
	for _, sel := range ikeSelections(t) {
		in := newTestProtector(t, sel, 5)
		block := 1
		if cipher, _ := sel.Get(wire.TransformENCR); cipher.ID == wire.EncrAESCBC {
			block = 16
		}
		for pad := range 256 {
			text := append([]byte("payloads"), bytes.Repeat([]byte{0xab}, pad)...)
			text = append(text, byte(pad))
			if len(text)%block != 0 {
				continue
			}
			sealed := sealPadded(t, newTestProtector(t, sel, 5), text)
			if got, err := in.Open(nil, sealed); err != nil || string(got) != "payloads" {
				t.Fatalf("%s: padding of %d: got %q, %v", sel, pad, got, err)
			}
		}
		for _, wrong := range []byte{16, 255} { // 15 octets before the pad length
			sealed := sealPadded(t, newTestProtector(t, sel, 5), append(make([]byte, 15), wrong))
			if _, err := in.Open(nil, sealed); !errors.Is(err, ErrPadding) {
				t.Fatalf("%s: pad length %d of 15: got %v, want ErrPadding", sel, wrong, err)
			}
		}
	}
}

// sealPadded seals text, which brings its own padding and pad length.
func sealPadded(t *testing.T, p wire.Protector, text []byte) []byte {
	t.Helper()
	iv := []byte("sixteen octet iv")
	switch p := p.(type) {
	case *aeadProtector:
		return p.aead.Seal(iv[:8:8], p.aead.with(iv[:8]), text, nil)
	case *macProtector:
		b := append(bytes.Clone(iv[:p.ivLen]), text...)
		p.cipher.encrypt(iv[:p.ivLen], b[p.ivLen:])
		return append(b, p.mac.of(b, nil)...)
	}
	t.Fatal("unknown protector")
	return nil
}

func TestTrimPaddedNeedsAPadLength(t *testing.T) {
	if _, err := trimPadded(nil); err != ErrPadding {
		t.Errorf("got %v, want ErrPadding", err)
	}
}

// RFC 7634, Appendix B: an INFORMATIONAL request.
func TestProtectorChaCha20Poly1305Vector(t *testing.T) {
	v := rfcVectors(t, "rfc7634.txt")[1]
	sel := Selection{wire.Proposal{Transforms: []wire.Transform{encrID(wire.EncrChaCha20Poly1305, 0)}}}
	p, err := NewProtector(sel, v.fields["keymat"], nil, bytes.NewReader(unhex(t, "1011121314151617")))
	if err != nil {
		t.Fatal(err)
	}
	message := v.fields["message"]
	sealed, err := p.Seal(bytes.Clone(message[:32]), v.fields["plaintext"])
	if err != nil || !bytes.Equal(sealed, message) {
		t.Errorf("sealed %x, %v; want %x", sealed, err, message)
	}
	m, err := wire.Open(p, bytes.Clone(message))
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := wire.FindNotify(m.Payloads, wire.NotifySetWindowSize); !ok || !bytes.Equal(n.Data, []byte{0, 0, 0, 10}) {
		t.Errorf("opened %v", m.Payloads)
	}
}

func TestNewProtectorRefuses(t *testing.T) {
	sha := integID(wire.IntegHMACSHA256_128)
	tests := []struct {
		name        string
		transforms  []wire.Transform
		encr, integ int
		want        string
	}{
		{"NULL", []wire.Transform{encrID(wire.EncrNull, 0), sha}, 0, 32, "NULL is not supported"},
		{"GMAC", []wire.Transform{encrID(wire.EncrNullAESGMAC, 128)}, 20, 0, "NULL_AES_GMAC_128 is not supported"},
		{"3DES", []wire.Transform{encrID(wire.Encr3DES, 0), sha}, 24, 32, "ENCR_3DES is not supported"},
		{"no integrity", []wire.Transform{encrID(wire.EncrAESCBC, 128)}, 16, 0, "NONE is not supported"},
		{"no salt", []wire.Transform{encrID(wire.EncrAESGCM16, 128)}, 16, 0, "key of 16 octets for AES_GCM_16_128, which takes 20"},
		{"short key", []wire.Transform{encrID(wire.EncrAESCBC, 256), sha}, 16, 32, "key of 16 octets for AES_CBC_256, which takes 32"},
		{"nothing", nil, 0, 0, "ENCR(0) is not supported"},
	}
	for _, tt := range tests {
		sel := Selection{wire.Proposal{Transforms: tt.transforms}}
		_, err := NewProtector(sel, make([]byte, tt.encr), make([]byte, tt.integ), testRand(1))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, sel := range ikeSelections(t) {
		encr, integ, _ := protectionKeyLengths(sel)
		if _, err := NewProtector(sel, make([]byte, encr), make([]byte, integ), failingReader{}); err == nil {
			t.Errorf("%s: made without randomness", sel)
		}
	}
}

func FuzzProtectorOpen(f *testing.F) {
	f.Add(uint8(0), []byte("prefix"), []byte("body"))
	f.Add(uint8(30), []byte{}, make([]byte, 100))
	all := ikeSelections(f)
	f.Fuzz(func(t *testing.T, which uint8, prefix, body []byte) {
		p := newTestProtector(t, all[int(which)%len(all)], 6)
		if _, err := p.Open(prefix, body); !errors.Is(err, ErrAuthentication) {
			t.Errorf("got %v, want ErrAuthentication", err)
		}
	})
}
