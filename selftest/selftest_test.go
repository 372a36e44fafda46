package selftest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	rand8 "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

func TestEverythingPasses(t *testing.T) {
	tests, err := Tests()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	Run(t.Context(), tests, func(r Result) {
		n++
		if !r.Passed || r.Seconds < 0 {
			t.Errorf("%+v", r)
		}
	})
	if n != len(tests) || n < 150 {
		t.Errorf("%d of %d tests", n, len(tests))
	}
}

// What package suite can do, a known answer is about, or both sides agree.
func TestEveryAlgorithmIsTried(t *testing.T) {
	k, err := readKnown()
	if err != nil {
		t.Fatal(err)
	}
	for id := range wire.TransformID(2048) {
		if _, err := suite.NewPRF(id); err == nil && !slices.ContainsFunc(k.PRF, func(a prfAnswer) bool { return a.ID == id }) {
			t.Errorf("PRF %d", id)
		}
		if _, err := suite.NewKeyExchange(id, rand.Reader); err == nil && !slices.ContainsFunc(k.KE, func(a exchangeAnswer) bool { return a.Method == id }) &&
			!slices.ContainsFunc(agreements(), func(a Test) bool { return a.Name == exchangeName(id) }) {
			t.Errorf("key exchange %s", exchangeName(id))
		}
		for _, bits := range []uint16{0, 128, 192, 256} {
			e := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits}}
			if encr, _ := e.KeyLengths(); encr > 0 && !slices.ContainsFunc(k.ESP, func(a packetAnswer) bool { return a.Encr == id && a.Bits == bits }) {
				t.Errorf("cipher %s", e)
			}
		}
		e := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 128}, INTEG: wire.Transform{Type: wire.TransformINTEG, ID: id}}
		if _, integ := e.KeyLengths(); integ > 0 && !slices.ContainsFunc(k.ESP, func(a packetAnswer) bool { return a.Integ == id }) {
			t.Errorf("integrity %s", e)
		}
	}
	for _, s := range append(suite.DefaultSchemes(), suite.SchemeRSASHA1) {
		if !slices.ContainsFunc(k.Signature, func(a signatureAnswer) bool { return a.Scheme == s.String() }) {
			t.Errorf("signature %s", s)
		}
	}
}

func TestWrongAnswersAreSeen(t *testing.T) {
	k, err := readKnown()
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(o octets) octets {
		b := bytes.Clone(o)
		b[len(b)/2] ^= 1
		return b
	}
	esp, ike, prf, ke, kem, keys, sig := k.ESP[0], k.IKE[0], k.PRF[0], k.KE[0], k.KEM[0], k.Keys[0], k.Signature[1]
	esp.Plaintext, ike.Plaintext, prf.Plus, ke.Shared, kem.Shared, keys.Pr, sig.Signature = spoil(esp.Plaintext), spoil(ike.Plaintext), spoil(prf.Plus), spoil(ke.Shared), spoil(kem.Shared), spoil(keys.Pr), spoil(sig.Signature)
	for _, a := range []answer{esp, ike, prf, ke, kem, keys, sig} {
		if err := a.try(); err == nil {
			t.Errorf("%s passes", a.name())
		}
	}
	public, unknown := k.KE[1], k.Signature[1]
	public.Public, unknown.Scheme = spoil(public.Public), "ROT13"
	esp = k.ESP[0]
	esp.Packet = spoil(esp.Packet)
	for _, a := range []answer{public, unknown, esp} {
		if err := a.try(); err == nil {
			t.Errorf("%s passes", a.name())
		}
	}
}

// steady is a sample that passes, the same each time.
func steady() []byte {
	b := make([]byte, sampleSize)
	_, _ = rand8.NewChaCha8([32]byte{1}).Read(b) // it does not fail
	return b
}

func TestBrokenRandomnessIsSeen(t *testing.T) {
	if err := judge(steady()); err != nil {
		t.Errorf("a good sample: %v", err)
	}
	for want, sample := range map[string][]byte{
		"are ones":          bytes.Repeat([]byte{0xff}, sampleSize),
		"patterns":          bytes.Repeat([]byte{0x5a}, sampleSize),
		"follow each other": append(steady()[:sampleSize-4], 0, 0, 0, 0),
	} {
		if err := judge(sample); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestFailuresAreReported(t *testing.T) {
	tests := []Test{{"a", "b", func() error { return errors.New("no") }}, {"a", "c", func() error { return nil }}}
	var got []Result
	Run(t.Context(), tests, func(r Result) { got = append(got, r) })
	if len(got) != 2 || got[0].Passed || got[0].Reason != "no" || !got[1].Passed {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	Run(ctx, tests, func(Result) { t.Error("it goes on") })
}

func TestProposalsThatCannotBeAreErrors(t *testing.T) {
	if err := loop("rot13"); err == nil {
		t.Error("a loop by nothing")
	}
	if p := ThisProcessor(); p.Architecture == "" || p.AESGCM == "" {
		t.Errorf("%+v", p)
	}
}
