package suite

import (
	"bytes"
	"errors"
	"testing"

	"culvert/wire"
)

func sha256Suite(cipher wire.TransformID, bits uint16) ESP {
	return ESP{ENCR: encrID(cipher, bits), INTEG: integID(wire.IntegHMACSHA256_128)}
}

// The ICV of the draft is the beginning of the RFC's, and has nothing but its length to itself.
func TestDraftCutsTheSameMACShorter(t *testing.T) {
	rfc := sha256Suite(wire.EncrNull, 0)
	long, short := newTestESP(t, rfc, 1), newTestESP(t, rfc.AsDraft(), 1)
	a, _ := testPacket(long, 32, 7)
	b, _ := testPacket(short, 32, 7)
	long.Seal(a, 7)
	short.Seal(b, 7)
	if short.ICVLen() != 12 || len(a) != len(b)+4 || !bytes.Equal(a[:len(b)], b) {
		t.Errorf("ICV of %d octets:\n%x\n%x", short.ICVLen(), a, b)
	}
	if got := rfc.AsDraft().String(); got != "NULL/HMAC_SHA2_256_96" {
		t.Errorf("is called %s", got)
	}
}

func TestDraftIsOfHMACSHA256Alone(t *testing.T) {
	for _, e := range espSuites() {
		d := e.AsDraft()
		if e.Draft = e.INTEG.ID == wire.IntegHMACSHA256_128; d != e {
			t.Errorf("%v became %v", e, d)
		}
	}
}

func TestPeerThatCutsTheICVOtherwiseIsTold(t *testing.T) {
	for _, rfc := range []ESP{sha256Suite(wire.EncrNull, 0), sha256Suite(wire.EncrAESCBC, 256), sha256Suite(wire.EncrAESCTR, 128)} {
		for _, e := range [][2]ESP{{rfc, rfc.AsDraft()}, {rfc.AsDraft(), rfc}} {
			out, in := newTestESP(t, e[0], 1), newTestESP(t, e[1], 1)
			pkt, _ := testPacket(out, 48, 3)
			out.Seal(pkt, 3)
			if _, err := in.Open(bytes.Clone(pkt), 3); err != ErrTruncation || !errors.Is(err, ErrAuthentication) {
				t.Errorf("%v to %v: %v", e[0], e[1], err)
			}
			pkt[9] ^= 1
			if _, err := in.Open(pkt, 3); err != ErrAuthentication {
				t.Errorf("%v to %v, damaged: %v", e[0], e[1], err)
			}
		}
	}
}

// What is looked for costs a second MAC, which nobody can ask for once a packet has come.
func TestOtherLengthIsLookedForUntilAPacketCame(t *testing.T) {
	rfc := sha256Suite(wire.EncrNull, 0)
	out, draft, in := newTestESP(t, rfc, 1), newTestESP(t, rfc.AsDraft(), 1), newTestESP(t, rfc, 1)
	good, _ := testPacket(out, 32, 1)
	out.Seal(good, 1)
	if _, err := in.Open(good, 1); err != nil {
		t.Fatal(err)
	}
	cut, _ := testPacket(draft, 32, 2)
	draft.Seal(cut, 2)
	if _, err := in.Open(cut, 2); err != ErrAuthentication {
		t.Errorf("got %v", err)
	}
}

func TestShortPacketsAreNoOthers(t *testing.T) {
	in := newTestESP(t, sha256Suite(wire.EncrAESCBC, 128).AsDraft(), 1)
	for n := range espHeader + 16 + 16 + 2 {
		if _, err := in.Open(make([]byte, n), 0); err != ErrAuthentication {
			t.Errorf("%d octets: %v", n, err)
		}
	}
}
