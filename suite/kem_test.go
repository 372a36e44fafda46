package suite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"culvert/wire"
)

// Decapsulation, and the key pair of a seed: a ciphertext of another length is refused, any other one gives a secret
// (FIPS 203, Section 7.3), which for a forged one is not the peer's.
func TestMLKEMDecapsulationWycheproof(t *testing.T) {
	valid, refused := 0, 0
	proofs(t, "mlkem_768", func(t *testing.T, g proofGroup, p proofTest) {
		if len(p.Seed) > 64 {
			refused++ // we draw as much as a seed takes, so that it has one length
			return
		}
		k, err := NewKeyExchange(wire.KEMLKEM768, bytes.NewReader(p.Seed))
		if err != nil {
			if p.valid() {
				t.Errorf("%d %s: %v", p.TcID, p.Comment, err)
			}
			refused++
			return
		}
		if p.valid() && !bytes.Equal(k.Public(), p.EK) {
			t.Errorf("%d %s: another encapsulation key", p.TcID, p.Comment)
		}
		shared, err := k.Finish(p.C)
		switch {
		case p.valid() && (err != nil || !bytes.Equal(shared, p.K)):
			t.Errorf("%d %s: another secret, or %v", p.TcID, p.Comment, err)
		case p.valid():
			valid++
		case !errors.Is(err, ErrPublicLength):
			t.Errorf("%d %s: got %v, want ErrPublicLength", p.TcID, p.Comment, err)
		default:
			refused++
		}
	})
	if valid != 153 || refused != 40 {
		t.Errorf("%d secrets and %d refusals, want 153 and 40", valid, refused)
	}
}

// Encapsulation for a peer's key: a key with a coefficient above the modulus, or of another length, is refused (FIPS 203,
// Section 7.2). Where we can give the randomness, the ciphertext is the expected one.
func TestMLKEMEncapsulationWycheproof(t *testing.T) {
	for name, method := range map[string]wire.TransformID{
		"mlkem_512_encaps": wire.KEMLKEM512, "mlkem_768_encaps": wire.KEMLKEM768, "mlkem_1024_encaps": wire.KEMLKEM1024,
	} {
		overflows := 0
		proofs(t, name, func(t *testing.T, g proofGroup, p proofTest) {
			checkEncapsulation(t, name, method, p)
			if p.has("ModulusOverflow") {
				overflows++
			}
		})
		if overflows == 0 {
			t.Errorf("%s: no test with a coefficient above the modulus", name)
		}
	}
}

func checkEncapsulation(t *testing.T, name string, method wire.TransformID, p proofTest) {
	t.Helper()
	ciphertext, shared, err := RespondKeyExchange(method, p.EK, bytes.NewReader(p.M))
	var refused *KeyExchangeError
	switch {
	case p.valid() && err != nil:
		t.Errorf("%s %d %s: %v", name, p.TcID, p.Comment, err)
	case p.valid() && method == wire.KEMLKEM512 && !(bytes.Equal(ciphertext, p.C) && bytes.Equal(shared, p.K)):
		t.Errorf("%s %d %s: another ciphertext or secret", name, p.TcID, p.Comment)
	case !p.valid() && !errors.As(err, &refused):
		t.Errorf("%s %d %s: got %v, want a KeyExchangeError", name, p.TcID, p.Comment, err)
	case p.has("ModulusOverflow") && !errors.Is(err, ErrPublicValue):
		t.Errorf("%s %d %s: got %v, want ErrPublicValue", name, p.TcID, p.Comment, err)
	}
}

// The key and the ciphertext of foreign daemons, out of their IKE_INTERMEDIATE messages: the key passes the tests of a
// responder, as one with a coefficient above the modulus does not, and the ciphertext those of an initiator.
func TestForeignMLKEMExchange(t *testing.T) {
	var data [][]byte
	for _, e := range readRecording(t, "psk-x25519-mlkem768").Initiator {
		if e.Proposal != "" && !strings.HasSuffix(e.Proposal, "KE1_ML_KEM_768") {
			break // what follows is not the initial exchange
		}
		if e.Name == "IntAuth_A|P" { // the headers of message and SK payload, then the KE payload
			ke := e.Hex[28+4:]
			if method := binary.BigEndian.Uint16(ke[4:]); wire.TransformID(method) != wire.KEMLKEM768 {
				t.Fatalf("method %d", method)
			}
			data = append(data, ke[8:])
		}
	}
	if len(data) != 2 || len(data[0]) != publicLength(wire.KEMLKEM768) || len(data[1]) != answerLength(wire.KEMLKEM768) {
		t.Fatalf("%d messages", len(data))
	}
	if _, _, err := RespondKeyExchange(wire.KEMLKEM768, data[0], testRand(67)); err != nil {
		t.Error(err)
	}
	k, err := NewKeyExchange(wire.KEMLKEM768, testRand(68))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Finish(data[1]); err != nil {
		t.Error(err)
	}
	data[0][0], data[0][1] = 0xff, data[0][1]|0x0f // 4095, and the modulus is 3329
	if _, _, err := RespondKeyExchange(wire.KEMLKEM768, data[0], testRand(67)); !errors.Is(err, ErrPublicValue) {
		t.Errorf("got %v, want ErrPublicValue", err)
	}
}

// A forged ciphertext gives the initiator a secret of its own, not an error: the peers notice when nothing opens.
func TestKEMRejectsImplicitly(t *testing.T) {
	for _, method := range []wire.TransformID{wire.KEMLKEM512, wire.KEMLKEM768, wire.KEMLKEM1024, wire.KEFrodoKEM640SHAKE} {
		k, err := NewKeyExchange(method, testRand(60))
		if err != nil {
			t.Fatal(err)
		}
		ciphertext, theirs, err := RespondKeyExchange(method, k.Public(), testRand(61))
		if err != nil {
			t.Fatal(err)
		}
		ciphertext[0] ^= 1
		ours, err := k.Finish(ciphertext)
		if err != nil || ours.Equal(theirs) {
			t.Errorf("%s: forged ciphertext: %v", TransformName(keID(method)), err)
		}
	}
}

// No two answers to the same key share anything, and no answer is made without randomness where the caller gives it.
func TestKEMAnswersAreFresh(t *testing.T) {
	for _, method := range []wire.TransformID{wire.KEMLKEM512, wire.KEMLKEM768, wire.KEMLKEM1024, wire.KEFrodoKEM640SHAKE} {
		k, err := NewKeyExchange(method, testRand(62))
		if err != nil {
			t.Fatal(err)
		}
		r := testRand(63)
		a, sharedA, errA := RespondKeyExchange(method, k.Public(), r)
		b, sharedB, errB := RespondKeyExchange(method, k.Public(), r)
		if err := errors.Join(errA, errB); err != nil || bytes.Equal(a, b) || sharedA.Equal(sharedB) {
			t.Errorf("%s: the same answer twice, or %v", TransformName(keID(method)), err)
		}
		_, _, err = RespondKeyExchange(method, k.Public(), failingReader{})
		if own := method == wire.KEMLKEM768 || method == wire.KEMLKEM1024; (err == nil) != own {
			t.Errorf("%s: without randomness: %v", TransformName(keID(method)), err)
		}
	}
}

// A cleared exchange gives nothing any more.
func TestKEMIsCleared(t *testing.T) {
	for _, method := range []wire.TransformID{wire.KEMLKEM512, wire.KEMLKEM768, wire.KEFrodoKEM640SHAKE} {
		k, err := NewKeyExchange(method, testRand(64))
		if err != nil {
			t.Fatal(err)
		}
		s := k.share
		k.Clear()
		switch s := s.(type) {
		case *mlkemShare:
			if s.key != nil {
				t.Errorf("%s keeps its private key", TransformName(keID(method)))
			}
		case *circlShare:
			if s.key != nil {
				t.Errorf("%s keeps its private key", TransformName(keID(method)))
			}
		}
		if _, err := k.Finish(make([]byte, answerLength(method))); !errors.Is(err, ErrSpent) {
			t.Errorf("%s: got %v, want ErrSpent", TransformName(keID(method)), err)
		}
	}
}
