package ttls

import (
	"bytes"
	"errors"
	"testing"
)

// sample is a message with what the format has: padding, a vendor, both flags.
func sample() []avp {
	return []avp{
		{attribute{code: avpUserName}, true, []byte("alice")},
		{microsoft(avpCHAPChallenge), true, bytes.Repeat([]byte{7}, 16)},
		{attribute{code: 25}, false, []byte{1, 2}},
	}
}

func TestAVPsAreAsTheRFCDrawsThem(t *testing.T) {
	got := encodeAVPs(avp{attribute{code: avpUserName}, true, []byte("bob")}, avp{microsoft(avpCHAP2Success), true, []byte{1, 2, 3, 4, 5}})
	want := []byte{
		0, 0, 0, 1, 0x40, 0, 0, 11, 'b', 'o', 'b', 0,
		0, 0, 0, 26, 0xc0, 0, 0, 17, 0, 0, 1, 0x37, 1, 2, 3, 4, 5, 0, 0, 0,
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func TestAVPsSurviveTheirEncoding(t *testing.T) {
	got, err := parseAVPs(encodeAVPs(sample()...))
	if err != nil || len(got) != 3 {
		t.Fatalf("%d, %v", len(got), err)
	}
	for i, want := range sample() {
		if got[i].attribute != want.attribute || got[i].mandatory != want.mandatory || !bytes.Equal(got[i].data, want.data) {
			t.Errorf("%d: got %+v, want %+v", i, got[i], want)
		}
	}
}

func TestHalfAVPsAreRefused(t *testing.T) {
	whole := encodeAVPs(sample()[:2]...)
	first := len(encodeAVPs(sample()[0]))
	for n := 1; n < len(whole); n++ {
		if n >= first-3 && n <= first {
			continue // the first one, with or without its padding
		}
		if got, err := parseAVPs(whole[:n]); !errors.Is(err, errAVP) {
			t.Errorf("%d of %d octets: got %v, %v", n, len(whole), got, err)
		}
	}
}

func TestMessagesThatMeanNothingAreRefused(t *testing.T) {
	many := make([]avp, maxAVPs+1)
	for i := range many {
		many[i] = avp{attribute: attribute{code: 200}}
	}
	tests := map[string][]byte{
		"a mandatory one that is unknown": encodeAVPs(avp{attribute{code: 4711}, true, nil}),
		"a name twice":                    encodeAVPs(sample()[0], sample()[0]),
		"too many":                        encodeAVPs(many...),
		"a length below the header":       {0, 0, 0, 1, 0, 0, 0, 7},
		"a vendor's below its header":     {0, 0, 0, 1, 0x80, 0, 0, 11, 0, 0, 0},
		"a length behind the end":         {0, 0, 0, 1, 0, 0xff, 0xff, 0xff},
	}
	for name, b := range tests {
		if m, err := readMessage(b); !errors.Is(err, errAVP) {
			t.Errorf("%s: got %v, %v", name, m, err)
		}
	}
}

func TestAnEAPPacketMayComeInParts(t *testing.T) {
	m, err := readMessage(encodeAVPs(avp{attribute{code: avpEAPMessage}, true, []byte{1, 2}}, avp{attribute{code: avpEAPMessage}, true, []byte{3}}))
	if got := m[attribute{code: avpEAPMessage}]; err != nil || !bytes.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("got %x, %v", got, err)
	}
}

func TestPasswordsArePadded(t *testing.T) {
	for n, want := range map[int]int{0: 16, 1: 16, 16: 16, 17: 32, 100: 112} {
		if got := len(padPassword(make([]byte, n))); got != want {
			t.Errorf("%d octets: got %d, want %d", n, got, want)
		}
	}
}

// FuzzAVPs reads whatever comes: what can be read is the same when it is written and read again.
func FuzzAVPs(f *testing.F) {
	f.Add(encodeAVPs(sample()...))
	f.Add([]byte{0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		readMessage(b)
		all, err := parseAVPs(b)
		if err != nil {
			return
		}
		again, err := parseAVPs(encodeAVPs(all...))
		if err != nil || len(again) != len(all) {
			t.Fatalf("%d, then %d: %v", len(all), len(again), err)
		}
	})
}
