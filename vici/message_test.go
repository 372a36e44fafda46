package vici

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"culvert/swanctl/settings"
)

// What a running charon 5.9.8 answered to the command "version", its first two elements.
const versionReply = "03066461656d6f6e000e636861726f6e2d73797374656d64" + "030776657273696f6e0005352e392e38"

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecodesWhatCharonSends(t *testing.T) {
	m, err := Decode(unhex(t, versionReply))
	if err != nil || len(m.Items) != 2 || m.Text("daemon") != "charon-systemd" || m.Text("version") != "5.9.8" {
		t.Errorf("decoded %+v, %v", m, err)
	}
	b, err := Encode(new(settings.Section).Add("daemon", "charon-systemd").Add("version", "5.9.8"))
	if err != nil || !bytes.Equal(b, unhex(t, versionReply)) {
		t.Errorf("encoded %x, %v", b, err)
	}
}

// sample has every element, empty ones among them.
func sample() *settings.Section {
	m := new(settings.Section).Add("key", "value").Add("", "").AddList("list", "a", "", "c").AddList("none")
	m.Open("outer").Add("in", "side").Open("inner").AddBytes("blob", []byte{0, 1, 0xff})
	m.Open("empty")
	return m.Add("key", "again")
}

func TestElementsAreEncodedAsTheyStandInTheProtocol(t *testing.T) {
	b, err := Encode(sample())
	want := "03036b6579000576616c7565" + "03000000" +
		"04046c697374" + "05000161" + "050000" + "05000163" + "06" + "04046e6f6e65" + "06" +
		"01056f75746572" + "0302696e000473696465" + "0105696e6e6572" + "0304626c6f6200030001ff" + "02" + "02" +
		"0105656d707479" + "02" + "03036b65790005616761696e"
	if err != nil || hex.EncodeToString(b) != want {
		t.Errorf("got  %x, %v\nwant %s", b, err, want)
	}
	m, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(m)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("encoded again: %x, %v", again, err)
	}
}

// Every part of a message that is not whole is refused, unless it ends between elements of the outermost level.
func TestPrefixesAreRefused(t *testing.T) {
	whole, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	var accepted []int
	for i := range whole {
		switch _, err := Decode(whole[:i]); {
		case err == nil:
			accepted = append(accepted, i)
		case !errors.Is(err, errShort) && !errors.Is(err, errUnclosed):
			t.Errorf("%d of %d octets: %v", i, len(whole), err)
		}
	}
	if len(accepted) != 7 { // before each of the seven elements
		t.Errorf("accepted at %v", accepted)
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, message string
		want          error
	}{
		{"end without start", "02", errSectionID},
		{"item outside of a list", "05000161", errListItem},
		{"end of no list", "06", errListItem},
		{"section in a list", "040161010162", errInList},
		{"list in a list", "040161040162", errInList},
		{"unknown element", "07", errElement(7)},
		{"element zero", "00", errElement(0)},
		{"control character in a name", "0301070000", errName},
		{"name that is not ASCII", "0301e40000", errName},
		{"too deep", strings.Repeat("010161", maxDepth+1) + strings.Repeat("02", maxDepth+1), errDepth},
	} {
		if _, err := Decode(unhex(t, tt.message)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	deep := strings.Repeat("010161", maxDepth) + strings.Repeat("02", maxDepth)
	if _, err := Decode(unhex(t, deep)); err != nil {
		t.Errorf("sections at the limit: %v", err)
	}
}

func TestWhatHasNoRoomIsRefused(t *testing.T) {
	text := func(m *settings.Section) error { _, err := Encode(m); return err }
	var size *SizeError
	if err := text(new(settings.Section).Add(strings.Repeat("n", 256), "")); !errors.As(err, &size) || size.Limit != 255 {
		t.Errorf("long name: %v", err)
	}
	if err := text(new(settings.Section).AddList("l", strings.Repeat("v", 65536))); !errors.As(err, &size) || size.Size != 65536 {
		t.Errorf("long item: %v", err)
	}
	in := new(settings.Section)
	in.Open("s").Add("bad\n", "")
	if err := text(in); !errors.Is(err, errName) {
		t.Errorf("bad name: %v", err)
	}
	if err := text(new(settings.Section).Add(strings.Repeat("n", 255), strings.Repeat("v", 65535))); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(unhex(f, versionReply))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			return
		}
		if again, err := Encode(m); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x became %x, %v", b, again, err)
		}
	})
}
