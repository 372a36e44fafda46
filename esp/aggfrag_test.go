package esp

import (
	"bytes"
	"errors"
	"testing"
)

func TestAggFragPayloadsPassAsTheyAre(t *testing.T) {
	p := params(gcm())
	p.AggFrag, p.PadTo = true, 500
	out, in := pair(t, p)
	for i, payload := range [][]byte{{0, 0, 0, 0}, append([]byte{0, 0, 0, 20}, octets(77, 3)...)} {
		got, next, err := in.Open(seal(t, out, payload))
		if err != nil || next != 144 || !bytes.Equal(got, payload) {
			t.Errorf("got %x, next header %d, %v", got, next, err)
		}
		if in.Latest() != uint64(i+1) {
			t.Errorf("sequence number %d", in.Latest())
		}
	}
}

// An SA carries AGGFRAG payloads alone, or none (RFC 9347, Section 2.3).
func TestAggFragDoesNotMix(t *testing.T) {
	plain, with := params(gcm()), params(gcm())
	with.AggFrag = true
	out, _ := pair(t, plain)
	_, in := pair(t, with)
	if _, _, err := in.Open(seal(t, out, udp(t, hostA, hostB, 9))); !errors.Is(err, ErrNextHeader) {
		t.Errorf("an IP packet: %v", err)
	}
	out, _ = pair(t, with)
	_, in = pair(t, plain)
	if _, _, err := in.Open(seal(t, out, make([]byte, 40))); !errors.Is(err, ErrNextHeader) {
		t.Errorf("an AGGFRAG payload: %v", err)
	}
}

func TestAggFragNeedsTunnelMode(t *testing.T) {
	p := params(gcm())
	p.AggFrag, p.Mode = true, Transport
	if _, err := NewInbound(p); err == nil {
		t.Error("accepted in transport mode")
	}
}
