package keylog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/suite"
	"culvert/wire"
)

// What strongSwan has written is read with the algorithms in the names of the files.
func TestForeignTablesAreRead(t *testing.T) {
	for name, transforms := range suites() {
		for _, table := range []string{TableIKE, TableESP} {
			text, err := os.ReadFile("testdata/" + name + "." + table)
			if err != nil {
				t.Fatal(err)
			}
			r := NewRing()
			if err := r.Read(table, bytes.NewReader(text)); err != nil {
				t.Fatal(name, table, err)
			}
			if want := bytes.Count(text, []byte("\n")); r.Len() != want || len(r.IKE)+len(r.ESP) == 0 {
				t.Errorf("%s.%s: %d of %d lines", name, table, r.Len(), want)
			}
			for _, list := range r.ESP {
				if got := list[0].Transforms; got.ENCR != transforms[0] || len(transforms) > 1 && got.INTEG != transforms[1] {
					t.Errorf("%s: ESP with %v", name, got)
				}
			}
			for _, list := range r.IKE {
				if got, _ := list[0].Suite.Get(wire.TransformENCR); got != transforms[0] {
					t.Errorf("%s: IKE with %v", name, got)
				}
			}
		}
	}
}

// What we write we read again, algorithms that Wireshark does not know included.
func TestOwnTableIsReadAgain(t *testing.T) {
	for _, proposal := range []string{"aes256gcm16-esn", "chacha20poly1305", "aes128-sha256-esn", "aes256gcm16iiv", "chacha20poly1305iiv", "aes192ccm8", "null-aesxcbc", "aes256gmac", "aes128-sha256-sha256_96"} {
		words, draft := strings.CutSuffix(proposal, "-sha256_96")
		p, err := suite.ParseProposal(wire.ProtocolESP, words)
		if err != nil {
			t.Fatal(err)
		}
		want := dataplane.SAKeys{SPI: 0xc0ffee, Mode: esp.Transport, Transforms: suite.ESPFromSelection(suite.Selection{Proposal: p})}
		if draft {
			want.Transforms = want.Transforms.AsDraft()
		}
		e, i := want.Transforms.KeyLengths()
		want.EncrKey, want.IntegKey = bytes.Repeat([]byte{1}, e), bytes.Repeat([]byte{2}, i)
		r := NewRing()
		text := ESPLines(&want)[0].Text
		if err := r.Read(TableAll, bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		got := r.ESP[0xc0ffee][0]
		if got.Transforms != want.Transforms || got.Mode != want.Mode || !got.EncrKey.Equal(want.EncrKey) || !got.IntegKey.Equal(want.IntegKey) {
			t.Errorf("%s became %+v", proposal, got)
		}
	}
	k := IKE{SPIi: 1, SPIr: 2, Suite: selection(transform(wire.TransformENCR, wire.EncrAESCBC, 256), transform(wire.TransformINTEG, wire.IntegHMACSHA256_128, 0)),
		Keys: suite.IKEKeys{Ei: []byte{1}, Er: []byte{2}, Ai: []byte{3}, Ar: []byte{4}}}
	for _, line := range k.Lines() {
		r := NewRing()
		if err := r.Read(line.Table, bytes.NewReader(line.Text)); err != nil {
			t.Fatal(line.Table, err)
		}
		got := r.IKE[[2]wire.SPI{1, 2}][0]
		if integ, _ := got.Suite.Get(wire.TransformINTEG); integ.ID != wire.IntegHMACSHA256_128 || !got.Keys.Ar.Equal([]byte{4}) || !got.Keys.Er.Equal([]byte{2}) {
			t.Errorf("%s: %+v", line.Table, got)
		}
	}
}

// A line that is wrong is told with its place, and never with the key in it.
func TestBadLinesAreTold(t *testing.T) {
	for _, tt := range []struct{ table, text, want string }{
		{TableIKE, "# a comment\n1,2,3\n", "line 2: 3 fields"},
		{TableIKE, "01,02,aa,bb,\"ROT13\",,,\"NONE [RFC4306]\"\n", `"ROT13"`},
		{TableIKE, "xx,02,aa,bb,\"AES-GCM-256 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n", "xx"},
		{TableAll, "esp,00000001,aes256gcm16,tunnel,0badkey,\n", "a key is not hexadecimal"},
		{TableAll, "esp,100000000,aes256gcm16,tunnel,,\n", "out of range"},
		{TableAll, "esp,1,rot13,tunnel,,\n", "rot13"},
	} {
		err := NewRing().Read(tt.table, strings.NewReader(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "0badkey") {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
	r := NewRing()
	r.lines = maxLines
	if err := r.Read(TableAll, strings.NewReader("esp,1,null-sha1,tunnel,,\n")); !errors.Is(err, ErrTooMany) {
		t.Errorf("got %v", err)
	}
	if err := NewRing().Load(t.TempDir()); err == nil {
		t.Error("an empty folder has keys")
	}
}

// An SA counts once, whichever tables tell of it, and with whatever keys its messages were protected one after the other.
func TestSAsAreCountedOnce(t *testing.T) {
	k := dataplane.SAKeys{SPI: 7, Transforms: suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrAESGCM16, 256)}, EncrKey: bytes.Repeat([]byte{1}, 36)}
	k.Transforms.ESN = true
	i := IKE{SPIi: 1, SPIr: 2, Suite: selection(transform(wire.TransformENCR, wire.EncrAESGCM16, 256)), Keys: suite.IKEKeys{Ei: bytes.Repeat([]byte{2}, 36), Er: bytes.Repeat([]byte{3}, 36)}}
	later := i
	later.Keys.Ei = bytes.Repeat([]byte{4}, 36)
	r := NewRing()
	for _, line := range slices.Concat(ESPLines(&k), i.Lines(), later.Lines(), i.Lines()) {
		if err := r.Read(line.Table, bytes.NewReader(line.Text)); err != nil {
			t.Fatal(err)
		}
	}
	if r.Len() != 2 || len(r.ESP[7]) != 1 || len(r.IKE[[2]wire.SPI{1, 2}]) != 2 {
		t.Errorf("%d SAs, %d of ESP, %d keys of IKE", r.Len(), len(r.ESP[7]), len(r.IKE[[2]wire.SPI{1, 2}]))
	}
	if !r.ESP[7][0].Transforms.ESN {
		t.Error("what our table tells is lost")
	}
}

// Of keys for the same SPI the newest are kept, and a table that is one endless field ends.
func TestTablesAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 3 * maxAlike {
		fmt.Fprintf(&text, "esp,00000001,aes256gcm16,tunnel,%04x,\n", i)
	}
	r := NewRing()
	if err := r.Read(TableAll, strings.NewReader(text.String())); err != nil {
		t.Fatal(err)
	}
	if list := r.ESP[1]; len(list) != maxAlike || !list[maxAlike-1].EncrKey.Equal([]byte{0, 3*maxAlike - 1}) {
		t.Errorf("%d keys, the last one is of another line", len(list))
	}
}

func FuzzReadTables(f *testing.F) {
	f.Add([]byte("01,02,aa,bb,\"AES-GCM-256 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n"))
	f.Add([]byte("\"IPv4\",\"*\",\"*\",\"0x01\",\"NULL\",\"0x\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x01\"\n"))
	f.Add([]byte("esp,00000001,aes256gcm16-esn,tunnel,00,\nike,1,2,aes128-sha256,1,2,3,4\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_ = NewRing().Read("table", bytes.NewReader(text))
	})
}
