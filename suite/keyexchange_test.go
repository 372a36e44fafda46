package suite

import (
	"bytes"
	"errors"
	"testing"

	"culvert/wire"
)

// testMethods lists every key exchange method.
func testMethods() []wire.TransformID {
	var ids []wire.TransformID
	for _, a := range keyExchanges() {
		if a.transform.ID != wire.KENone {
			ids = append(ids, a.transform.ID)
		}
	}
	return ids
}

func TestKeyExchangeAgrees(t *testing.T) {
	for _, method := range testMethods() {
		t.Run(TransformName(keID(method)), func(t *testing.T) {
			k, err := NewKeyExchange(method, testRand(1))
			if err != nil {
				t.Fatal(err)
			}
			if k.Method() != method || len(k.Public()) != publicLength(method) {
				t.Errorf("method %d with %d octets", k.Method(), len(k.Public()))
			}
			public, theirs, err := RespondKeyExchange(method, k.Public(), testRand(2))
			if err != nil {
				t.Fatal(err)
			}
			ours, err := k.Finish(public)
			if err != nil || !ours.Equal(theirs) {
				t.Fatalf("secrets differ, or %v", err)
			}
			if len(public) != answerLength(method) || bytes.Equal(public, k.Public()) || bytes.Equal(ours, make([]byte, len(ours))) {
				t.Errorf("public values of %d and %d octets; secret of %d", len(k.Public()), len(public), len(ours))
			}
			if want := sharedLength(method); len(ours) != want {
				t.Errorf("secret of %d octets, want %d", len(ours), want)
			}
			if _, err := k.Finish(public); !errors.Is(err, ErrSpent) {
				t.Errorf("finished twice: %v", err)
			}
		})
	}
}

// sharedLength is the length of the secret: the modulus (RFC 7296, Section 2.14), one coordinate (RFC 5903, Section 7), or
// what the KEM gives.
func sharedLength(method wire.TransformID) int {
	switch method {
	case wire.KEMLKEM512, wire.KEMLKEM768, wire.KEMLKEM1024:
		return 32
	case wire.KEFrodoKEM640SHAKE:
		return 16
	case wire.KEECP256, wire.KEECP384, wire.KEECP521, wire.KEBrainpoolP256r1, wire.KEBrainpoolP384r1, wire.KEBrainpoolP512r1:
		return publicLength(method) / 2
	}
	return publicLength(method)
}

func TestKeyExchangeIsFresh(t *testing.T) {
	for _, method := range testMethods() {
		r := testRand(3)
		a, err := NewKeyExchange(method, r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewKeyExchange(method, r)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(a.Public(), b.Public()) {
			t.Errorf("%s: the same share twice", TransformName(keID(method)))
		}
	}
}

func TestKeyExchangeRefusesWrongLengths(t *testing.T) {
	for _, method := range testMethods() {
		k, err := NewKeyExchange(method, testRand(4))
		if err != nil {
			t.Fatal(err)
		}
		good, _, err := RespondKeyExchange(method, k.Public(), testRand(5))
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range [][]byte{nil, good[:1], good[1:], good[:len(good)-1], append([]byte{0}, good...), append(bytes.Clone(good), 0)} {
			var refused *KeyExchangeError
			if _, err := k.Finish(wrong); !errors.As(err, &refused) || !errors.Is(err, ErrPublicLength) || refused.Method != method {
				t.Errorf("%s: %d octets: got %v, want ErrPublicLength", TransformName(keID(method)), len(wrong), err)
			}
			if method == wire.KEMLKEM1024 && len(wrong) == publicLength(method) {
				continue
			}
			if _, _, err := RespondKeyExchange(method, wrong, testRand(5)); !errors.Is(err, ErrPublicLength) {
				t.Errorf("%s: %d octets to the responder: got %v", TransformName(keID(method)), len(wrong), err)
			}
		}
		if _, err := k.Finish(good); err != nil {
			t.Errorf("%s: a forged answer spoilt the exchange: %v", TransformName(keID(method)), err)
		}
	}
}

// All zeroes and all ones are invalid for every method but Curve25519 and Curve448, where all ones is a point like any
// other (RFC 7748, Section 5), and zeroes give the result that is refused (Section 6); and the KEMs, of which ML-KEM alone
// has invalid keys: coefficients above the modulus.
func TestKeyExchangeRefusesConstantValues(t *testing.T) {
	for _, method := range testMethods() {
		for _, octet := range []byte{0, 0xff} {
			if octet == 0xff && (method == wire.KECurve25519 || method == wire.KECurve448) {
				continue
			}
			if octet == 0 && IsPostQuantum(method) || method == wire.KEFrodoKEM640SHAKE {
				continue
			}
			value := bytes.Repeat([]byte{octet}, publicLength(method))
			if _, _, err := RespondKeyExchange(method, value, testRand(6)); !errors.Is(err, ErrPublicValue) {
				t.Errorf("%s of %x: got %v, want ErrPublicValue", TransformName(keID(method)), octet, err)
			}
		}
	}
}

func TestKeyExchangeUnsupported(t *testing.T) {
	for _, method := range []wire.TransformID{
		wire.KENone, wire.KEMODP768, wire.KEMODP1024S160, wire.KEMODP2048S224, wire.KEMODP2048S256, wire.KEECP192, wire.KEECP224,
		wire.KEBrainpoolP224r1, wire.KENullInsecure, 9999,
	} {
		var unsupported *UnsupportedError
		if _, err := NewKeyExchange(method, testRand(1)); !errors.As(err, &unsupported) || publicLength(method) > 0 {
			t.Errorf("method %d: got %v, supported %v", method, err, publicLength(method) > 0)
		}
		if _, _, err := RespondKeyExchange(method, nil, testRand(1)); !errors.As(err, &unsupported) {
			t.Errorf("method %d: got %v", method, err)
		}
	}
	for _, method := range testMethods() {
		if publicLength(method) == 0 {
			t.Errorf("%s is not supported", TransformName(keID(method)))
		}
	}
}

// A source that fails gives an error, one that yields the same octet for ever gives no endless loop.
func TestKeyExchangeWithBadRandomness(t *testing.T) {
	for _, method := range testMethods() {
		if _, err := NewKeyExchange(method, failingReader{}); err == nil {
			t.Errorf("%s: made without randomness", TransformName(keID(method)))
		}
		NewKeyExchange(method, constantReader(0xff)) // must return
		k, err := NewKeyExchange(method, constantReader(0))
		if err == nil && bytes.Equal(k.Public(), append(make([]byte, len(k.Public())-1), 1)) {
			t.Errorf("%s: private value 0", TransformName(keID(method)))
		}
	}
	if _, err := NewKeyExchange(wire.KEECP256, constantReader(0xff)); !errors.Is(err, errDraw) {
		t.Errorf("got %v, want errDraw", err)
	}
}

type constantReader byte

func (c constantReader) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

func TestKeyExchangeErrorText(t *testing.T) {
	_, _, err := RespondKeyExchange(wire.KECurve25519, make([]byte, 32), testRand(1))
	if want := "peer's public value for CURVE_25519: invalid value"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func FuzzRespondKeyExchange(f *testing.F) {
	methods := []wire.TransformID{
		wire.KEECP256, wire.KEECP384, wire.KEECP521, wire.KEBrainpoolP256r1, wire.KECurve25519, wire.KECurve448, wire.KEMODP1024,
		wire.KEMLKEM512, wire.KEMLKEM768, wire.KEMLKEM1024,
	}
	for i, method := range methods {
		k, err := NewKeyExchange(method, testRand(7))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), k.Public())
		f.Add(uint8(i), k.Public()[1:])
	}
	f.Fuzz(func(t *testing.T, which uint8, peer []byte) {
		method := methods[int(which)%len(methods)]
		public, shared, err := RespondKeyExchange(method, peer, testRand(8))
		if err == nil && (len(public) != answerLength(method) || len(shared) != sharedLength(method)) {
			t.Errorf("%d octets in, %d out, secret of %d", len(peer), len(public), len(shared))
		}
		var refused *KeyExchangeError
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("got %v, want a KeyExchangeError", err)
		}
	})
}

func BenchmarkKeyExchange(b *testing.B) {
	for _, method := range testMethods() {
		initiator, err := NewKeyExchange(method, testRand(9))
		if err != nil {
			b.Fatal(err)
		}
		answer, _, err := RespondKeyExchange(method, initiator.Public(), testRand(10))
		if err != nil {
			b.Fatal(err)
		}
		b.Run("initiate/"+TransformName(keID(method)), func(b *testing.B) {
			for b.Loop() {
				k, err := NewKeyExchange(method, testRand(9))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := k.Finish(answer); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("respond/"+TransformName(keID(method)), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := RespondKeyExchange(method, initiator.Public(), testRand(10)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// answerLength returns the length in octets of the responder's Key Exchange Data, a ciphertext if the method is a KEM.
func answerLength(method wire.TransformID) int {
	switch method {
	case wire.KEMLKEM512:
		return 768
	case wire.KEMLKEM768:
		return 1088
	case wire.KEFrodoKEM640SHAKE:
		return 9720
	}
	return publicLength(method)
}

// publicLength returns the length in octets of the initiator's Key Exchange Data; 0 if the method is not supported.
func publicLength(method wire.TransformID) int {
	if g, ok := modpGroup(method); ok {
		return g.bits / 8
	}
	switch method {
	case wire.KEECP256, wire.KEBrainpoolP256r1:
		return 64
	case wire.KEECP384, wire.KEBrainpoolP384r1:
		return 96
	case wire.KEBrainpoolP512r1:
		return 128
	case wire.KEECP521:
		return 132
	case wire.KECurve25519:
		return 32
	case wire.KECurve448:
		return 56
	case wire.KEMLKEM512:
		return 800
	case wire.KEMLKEM768:
		return 1184
	case wire.KEMLKEM1024:
		return 1568
	case wire.KEFrodoKEM640SHAKE:
		return 9616
	}
	return 0
}
