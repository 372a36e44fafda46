package suite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"culvert/wire"
)

// fixedShare makes the share with a given private value.
func fixedShare(t *testing.T, method wire.TransformID, private []byte) share {
	t.Helper()
	s, err := newShare(method, bytes.NewReader(private))
	if err != nil {
		t.Fatalf("%s, private value %x: %v", TransformName(keID(method)), private, err)
	}
	return s
}

// checkAgreement holds both sides of a key exchange against a vector.
func checkAgreement(t *testing.T, method wire.TransformID, i, gi, r, gr, want []byte) {
	t.Helper()
	name := TransformName(keID(method))
	initiator, responder := fixedShare(t, method, i), fixedShare(t, method, r)
	if got := initiator.public(); !bytes.Equal(got, gi) {
		t.Errorf("%s: g^i %x, want %x", name, got, gi)
	}
	if got := responder.public(); !bytes.Equal(got, gr) {
		t.Errorf("%s: g^r %x, want %x", name, got, gr)
	}
	for _, side := range []struct {
		share
		peer []byte
	}{{initiator, gr}, {responder, gi}} {
		if got, err := side.finish(side.peer); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: g^ir %x, %v; want %x", name, []byte(got), err, want)
		}
	}
}

func TestECPVectors(t *testing.T) {
	methods := map[string]wire.TransformID{"P-256": wire.KEECP256, "P-384": wire.KEECP384, "P-521": wire.KEECP521}
	for _, v := range rfcVectors(t, "rfc5903.txt") {
		f := v.fields
		checkAgreement(t, methods[v.title], f["i"], slices.Concat(f["gix"], f["giy"]), f["r"], slices.Concat(f["grx"], f["gry"]), f["girx"])
	}
}

func TestBrainpoolVectors(t *testing.T) {
	methods := map[string]wire.TransformID{"P256": wire.KEBrainpoolP256r1, "P384": wire.KEBrainpoolP384r1, "P512": wire.KEBrainpoolP512r1}
	for _, v := range rfcVectors(t, "rfc6932.txt") {
		f := v.fields
		checkAgreement(t, methods[v.title], f["dA"], slices.Concat(f["x_qA"], f["y_qA"]), f["dB"], slices.Concat(f["x_qB"], f["y_qB"]), f["x_Z"])
	}
}

func TestMontgomeryVectors(t *testing.T) {
	for _, v := range rfcVectors(t, "rfc7748.txt") {
		method := wire.TransformID(wire.KECurve25519)
		if v.title == "X448" {
			method = wire.KECurve448
		}
		f := v.fields
		checkAgreement(t, method, f["a"], f["ga"], f["b"], f["gb"], f["shared"])
	}
}

// checkShare holds one side against a Wycheproof test whose public value has been brought into the form of IKE.
func checkShare(t *testing.T, s share, p proofTest, public []byte, valid bool) {
	t.Helper()
	got, err := s.finish(public)
	if valid && (err != nil || !bytes.Equal(got, p.Shared)) {
		t.Errorf("%d %s: got %x, %v; want %x", p.TcID, p.Comment, []byte(got), err, p.Shared)
	}
	if !valid && !errors.Is(err, ErrPublicValue) && !errors.Is(err, ErrPublicLength) {
		t.Errorf("%d %s: got %x, %v; want a refusal", p.TcID, p.Comment, []byte(got), err)
	}
}

func TestMontgomeryWycheproof(t *testing.T) {
	for name, method := range map[string]wire.TransformID{"x25519": wire.KECurve25519, "x448": wire.KECurve448} {
		proofs(t, name, func(t *testing.T, _ proofGroup, p proofTest) {
			zero := bytes.Equal(p.Shared, make([]byte, len(p.Shared)))
			checkShare(t, fixedShare(t, method, p.Private), p, p.Public, !zero && p.Result != "invalid")
		})
	}
}

// fitScalar brings a private value, an integer of any length, to the length of a coordinate.
func fitScalar(private []byte, size int) []byte {
	return new(big.Int).SetBytes(private).FillBytes(make([]byte, size))
}

// The tests have points in the encoding of X9.62; IKE has the coordinates alone, so compressed points have no form there.
func TestECPWycheproof(t *testing.T) {
	for name, method := range map[string]wire.TransformID{
		"ecdh_secp256r1_ecpoint": wire.KEECP256, "ecdh_secp384r1_ecpoint": wire.KEECP384, "ecdh_secp521r1_ecpoint": wire.KEECP521,
	} {
		proofs(t, name, func(t *testing.T, _ proofGroup, p proofTest) {
			public, form := []byte(p.Public), byte(0)
			if len(public) > 0 {
				form, public = public[0], public[1:]
			}
			s := fixedShare(t, method, fitScalar(p.Private, publicLength(method)/2))
			checkShare(t, s, p, public, p.valid() && form == uncompressed)
		})
	}
}

// The tests have a SubjectPublicKeyInfo around the point; those that vary more than the point are not for us. Of the many
// points that are in order every eighth is tried: the arithmetic is slow.
func TestBrainpoolWycheproof(t *testing.T) {
	for name, method := range map[string]wire.TransformID{
		"ecdh_brainpoolP256r1": wire.KEBrainpoolP256r1, "ecdh_brainpoolP384r1": wire.KEBrainpoolP384r1, "ecdh_brainpoolP512r1": wire.KEBrainpoolP512r1,
	} {
		n := publicLength(method)
		var header []byte // of the key info, as the first test has it
		valid, invalid := 0, 0
		proofs(t, name, func(t *testing.T, _ proofGroup, p proofTest) {
			at := len(p.Public) - n
			if header == nil {
				header = p.Public[:at]
			}
			if at < 0 || !bytes.Equal(p.Public[:at], header) {
				return
			}
			s := &brainpoolShare{curve: brainpoolCurve(method), scalar: fitScalar(p.Private, n/2)}
			if !p.valid() {
				invalid++
				checkShare(t, s, p, p.Public[at:], false)
			} else if valid++; valid%8 == 1 {
				checkShare(t, s, p, p.Public[at:], true)
			}
		})
		if valid < 100 || invalid == 0 {
			t.Errorf("%s: %d valid and %d invalid tests", name, valid, invalid)
		}
	}
}

// The hashes are of the primes as RFC 3526 and RFC 7296, Appendix B, print them.
func TestMODPPrimes(t *testing.T) {
	hashes := map[wire.TransformID]string{
		wire.KEMODP1024: "3f35a3f5f6c4376a744acad409bb22f8d897f949d2311d885adaa890981b67a0",
		wire.KEMODP1536: "64fcc83ec403930bf18393dbc883ccaa1fbb08ac876f77f7aa99748ca945019b",
		wire.KEMODP2048: "d66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e",
		wire.KEMODP3072: "48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c",
		wire.KEMODP4096: "4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33",
		wire.KEMODP6144: "d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd",
		wire.KEMODP8192: "39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf",
	}
	for method, want := range hashes {
		g, _ := modpGroup(method)
		if got := sha256.Sum256(g.prime()); hex.EncodeToString(got[:]) != want {
			t.Errorf("%s: hash of the prime %x, want %s", TransformName(keID(method)), got, want)
		}
		if testing.Short() || g.bits > 2048 {
			continue
		}
		p := new(big.Int).SetBytes(g.prime())
		if !p.ProbablyPrime(1) || !new(big.Int).Rsh(p, 1).ProbablyPrime(1) {
			t.Errorf("%s: not a safe prime", TransformName(keID(method)))
		}
	}
}

// Against math/big, which computes without regard to time.
func TestMODPAgainstBig(t *testing.T) {
	for _, method := range []wire.TransformID{wire.KEMODP1024, wire.KEMODP2048, wire.KEMODP3072} {
		g, _ := modpGroup(method)
		p := new(big.Int).SetBytes(g.prime())
		s := fixedShare(t, method, randomOctets(testRand(20), 64)).(*modpShare)
		x := new(big.Int).SetBytes(s.x)
		if x.BitLen() != g.exponent {
			t.Errorf("%s: exponent of %d bits, want %d", TransformName(keID(method)), x.BitLen(), g.exponent)
		}
		if want := new(big.Int).Exp(big.NewInt(2), x, p); new(big.Int).SetBytes(s.public()).Cmp(want) != 0 {
			t.Errorf("%s: g^x is wrong", TransformName(keID(method)))
		}
		peer := new(big.Int).Exp(big.NewInt(2), big.NewInt(12345), p)
		got, err := s.finish(peer.FillBytes(make([]byte, g.bits/8)))
		if want := new(big.Int).Exp(peer, x, p); err != nil || new(big.Int).SetBytes(got).Cmp(want) != 0 {
			t.Errorf("%s: g^ir is wrong, %v", TransformName(keID(method)), err)
		}
	}
}

// 1 < y < p-1 (RFC 6989, Section 2.1).
func TestMODPRange(t *testing.T) {
	for _, method := range testMethods() {
		g, ok := modpGroup(method)
		if !ok {
			continue
		}
		p := new(big.Int).SetBytes(g.prime())
		s := fixedShare(t, method, randomOctets(testRand(21), 64))
		for _, tt := range []struct {
			name  string
			base  int64
			above bool // counted from p
			ok    bool
		}{
			{"0", 0, false, false}, {"1", 1, false, false}, {"2", 2, false, true}, {"p-2", -2, true, true},
			{"p-1", -1, true, false}, {"p", 0, true, false}, {"p+1", 1, true, false}, {"p+2", 2, true, false},
		} {
			y := big.NewInt(tt.base)
			if tt.above {
				y.Add(y, p)
			}
			_, err := s.finish(y.FillBytes(make([]byte, g.bits/8)))
			if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, ErrPublicValue) {
				t.Errorf("%s: y = %s: got %v", TransformName(keID(method)), tt.name, err)
			}
		}
	}
}

// Coordinates of p and above name the same point as those below, and must not be taken (RFC 6989, Section 2.3).
func TestCurveCoordinatesAreReduced(t *testing.T) {
	for _, method := range []wire.TransformID{wire.KEBrainpoolP256r1, wire.KEBrainpoolP384r1, wire.KEBrainpoolP512r1} {
		curve := brainpoolCurve(method)
		p := curve.Params().P
		n := publicLength(method) / 2
		for k := int64(1); k < 2000; k++ { // a point whose x coordinate has room for p on top
			x, y := curve.ScalarBaseMult(big.NewInt(k).Bytes())
			if x.Add(x, p).BitLen() > 8*n {
				continue
			}
			peer := append(x.FillBytes(make([]byte, n)), y.FillBytes(make([]byte, n))...)
			if _, err := fixedShare(t, method, fitScalar([]byte{5}, n)).finish(peer); !errors.Is(err, ErrPublicValue) {
				t.Errorf("%s: x + p accepted: %v", TransformName(keID(method)), err)
			}
			break
		}
	}
}
