package aka

import (
	"bytes"
	"errors"
	"testing"
)

// whole is a challenge of AKA' with most of what there is, written by hand after RFC 4187, Section 10, and RFC 9048, Section 3.
const whole = `01 0000
	01 05 0000 000102030405060708090a0b0c0d0e0f
	02 05 0000 101112131415161718191a1b1c1d1e1f
	17 02 0004 574c414e
	18 01 0001
	18 01 0002
	87 01 0000
	86 01 0000
	0b 05 0000 202122232425262728292a2b2c2d2e2f`

func TestMessagesAreReadAndWritten(t *testing.T) {
	b := unhex(t, whole)
	m, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if rand := m.block(atRand); m.subtype != subChallenge || rand[15] != 0x0f || string(m.text(atKDFInput)) != "WLAN" || !m.has(atResultInd) {
		t.Errorf("got %+v", m)
	}
	if f := m.functions(); len(f) != 2 || f[0] != 1 || f[1] != 2 {
		t.Errorf("got %v", f)
	}
	if m.macAt != len(b)-16 {
		t.Errorf("got %d", m.macAt)
	}
	if got := m.encode(); !bytes.Equal(got, b) {
		t.Errorf("got %x, want %x", got, b)
	}
}

func TestValuesArePadded(t *testing.T) {
	m := message{subtype: subIdentity}
	m.addSized(atIdentity, 5, []byte("carol"))
	if got, want := m.encode(), unhex(t, "050000 0e030005 6361726f6c000000"); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	again, err := parse(m.encode())
	if err != nil || string(again.text(atIdentity)) != "carol" {
		t.Errorf("got %q, %v", again.text(atIdentity), err)
	}
}

func TestResponsesHaveTheirLengthInBits(t *testing.T) {
	for h, want := range map[string]string{"030000 03 03 0040 a54211d5e3ba50bf": "a54211d5e3ba50bf", "030000 03 03 0028 a54211d5e3000000": "a54211d5e3"} {
		m, err := parse(unhex(t, h))
		if err != nil {
			t.Fatal(err)
		}
		check(t, "RES", m.res(), want)
	}
	if (message{}).res() != nil || (message{}).text(atIdentity) != nil {
		t.Error("there is something in an empty message")
	}
}

func TestTruncatedMessagesAreRefused(t *testing.T) {
	b := unhex(t, whole)
	cut := map[int]bool{3: true}
	for at := 3; at < len(b); at += 4 * int(b[at+1]) {
		cut[at] = true // between two attributes, what is left is a message
	}
	for i := range b {
		if _, err := parse(b[:i]); errors.Is(err, errAttribute) == cut[i] {
			t.Errorf("%d of %d octets: got %v", i, len(b), err)
		}
	}
}

func TestImpossibleAttributesAreRefused(t *testing.T) {
	for name, h := range map[string]string{
		"no length": "010000 01 00 0000", "RAND is short": "010000 01 02 0000 00000000", "AUTS is long": "040000 04 05 0000 000102030405060708090a0b0c0d0e0f",
		"identity beyond itself": "050000 0e 02 0005 61626364", "name beyond itself": "010000 17 01 0001", "RES beyond itself": "010000 03 02 0040 61626364",
		"RES of 12 bits": "010000 03 02 000c 61626364", "RES of nothing": "010000 03 02 0000 61626364", "RES of 17 octets": "010000 03 06 0088 0102030405060708090a0b0c0d0e0f1011121314",
		"two MAC": "010000 0b 05 0000 202122232425262728292a2b2c2d2e2f 0b 05 0000 202122232425262728292a2b2c2d2e2f",
	} {
		if _, err := parse(unhex(t, h)); !errors.Is(err, errAttribute) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	many := append([]byte{1, 0, 0}, bytes.Repeat([]byte{200, 1, 0, 0}, maxAttributes+1)...)
	if _, err := parse(many); err == nil {
		t.Error("the number of attributes is not bounded")
	}
}

func TestUnknownAttributesBelow128AreFound(t *testing.T) {
	m, err := parse(unhex(t, "010000 c8 01 0000 63 01 0000"))
	if err != nil {
		t.Fatal(err)
	}
	if kind, unknown := m.unknown(atRand); !unknown || kind != 0x63 {
		t.Errorf("got %d, %v", kind, unknown)
	}
	if _, unknown := m.unknown(atRand, 0x63); unknown {
		t.Error("an attribute that may be skipped counts")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(unhex(f, whole))
	f.Add(unhex(f, "040000 04 04 000102030405060708090a0b0c0d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		again, err := parse(m.encode())
		if err != nil || len(again.attributes) != len(m.attributes) || !bytes.Equal(again.encode(), m.encode()) {
			t.Errorf("%x became %x: %v", b, m.encode(), err)
		}
		m.res()
		m.text(atIdentity)
		m.text(atKDFInput)
		m.functions()
	})
}
