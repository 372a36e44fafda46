package keylog

import (
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// The tables in testdata were written by strongSwan's save-keys plugin for handshakes with the algorithms in their
// names; Wireshark decrypts the captures with them.

// table reads a foreign table.
func table(t *testing.T, name string) (lines []string, rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	lines = strings.Split(strings.TrimSpace(string(text)), "\n")
	rows, err = csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatal(err)
	}
	return lines, rows
}

// written returns the lines of our table.
func written(t *testing.T, dir, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func octets(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t *testing.T) (*Log, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "profile", "keys")
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l, dir
}

func logIKE(l *Log, spii, spir wire.SPI, sel suite.Selection, keys suite.IKEKeys) error {
	k := IKE{spii, spir, sel, keys}
	return l.Write(k.Lines())
}

func logESP(l *Log, sa dataplane.SA) error {
	k := dataplane.KeysOf(&sa)
	return l.Write(ESPLines(&k))
}

func transform(kind wire.TransformType, id wire.TransformID, bits uint16) wire.Transform {
	return wire.Transform{Type: kind, ID: id, KeyLength: bits}
}

// suites are the algorithms of the foreign tables.
func suites() map[string][]wire.Transform {
	return map[string][]wire.Transform{
		"psk-aescbc-sha256-modp2048": {transform(wire.TransformENCR, wire.EncrAESCBC, 128), transform(wire.TransformINTEG, wire.IntegHMACSHA256_128, 0)},
		"psk-aescbc-sha512-modp4096": {transform(wire.TransformENCR, wire.EncrAESCBC, 256), transform(wire.TransformINTEG, wire.IntegHMACSHA512_256, 0)},
		"cert-ed25519":               {transform(wire.TransformENCR, wire.EncrAESGCM16, 256)},
	}
}

func selection(transforms ...wire.Transform) suite.Selection {
	return suite.Selection{Proposal: wire.Proposal{Protocol: wire.ProtocolIKE, Transforms: transforms}}
}

// Given the same keys we write the same lines for IKE SAs.
func TestIKETableIsThatOfStrongSwan(t *testing.T) {
	for name, transforms := range suites() {
		want, rows := table(t, name+".ikev2_decryption_table")
		l, dir := open(t)
		for _, r := range rows {
			spii, err1 := strconv.ParseUint(r[0], 16, 64)
			spir, err2 := strconv.ParseUint(r[1], 16, 64)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			keys := suite.IKEKeys{Ei: octets(t, r[2]), Er: octets(t, r[3]), Ai: octets(t, r[5]), Ar: octets(t, r[6])}
			if err := logIKE(l, wire.SPI(spii), wire.SPI(spir), selection(transforms...), keys); err != nil {
				t.Fatal(err)
			}
		}
		got := written(t, dir, "ikev2_decryption_table")
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s:\n%s\nwant\n%s", name, got[i], want[i])
			}
		}
	}
}

// Lines for ESP differ in the addresses, which we leave open, and in the name of combined modes, which tells the length of
// the integrity check value.
func TestESPTableIsThatOfStrongSwan(t *testing.T) {
	for name, transforms := range suites() {
		_, rows := table(t, name+".esp_sa")
		l, dir := open(t)
		var want []string
		for _, r := range rows {
			sa := dataplane.SA{SPI: uint32(number(t, r[3])), EncrKey: octets(t, r[5]), Path: dataplane.Path{Remote: netip.MustParseAddrPort(r[2] + ":4500")}}
			sa.Transforms.ENCR = transforms[0]
			integ, key := "NULL", ""
			encr := "AES-GCM with 16 octet ICV [RFC4106]"
			if len(transforms) > 1 {
				sa.Transforms.INTEG, sa.IntegKey = transforms[1], octets(t, r[7])
				encr, integ, key = r[4], r[6], r[7]
			}
			if err := logESP(l, sa); err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf(`"%s","*","*","%s","%s","%s","%s","%s"`, r[0], r[3], encr, r[5], integ, key))
		}
		got := written(t, dir, "esp_sa")
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s:\n%s\nwant\n%s", name, got[i], want[i])
			}
		}
	}
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNamesOfIKEAlgorithms(t *testing.T) {
	encr := func(id wire.TransformID, bits uint16) wire.Transform { return transform(wire.TransformENCR, id, bits) }
	integ := func(id wire.TransformID) wire.Transform { return transform(wire.TransformINTEG, id, 0) }
	sha256 := integ(wire.IntegHMACSHA256_128)
	tests := []struct {
		transforms  []wire.Transform
		encr, integ string
		decryptsNot bool
	}{
		{[]wire.Transform{encr(wire.EncrAESGCM8, 128)}, "AES-GCM-128 with 8 octet ICV [RFC5282]", "NONE [RFC4306]", false},
		{[]wire.Transform{encr(wire.EncrAESGCM12, 192)}, "AES-GCM-192 with 12 octet ICV [RFC5282]", "NONE [RFC4306]", false},
		{[]wire.Transform{encr(wire.EncrAESCCM16, 256)}, "AES-CCM-256 with 16 octet ICV [RFC5282]", "NONE [RFC4306]", false},
		{[]wire.Transform{encr(wire.EncrAESCTR, 192), sha256}, "AES-CTR-192 [RFC5930]", "HMAC_SHA2_256_128 [RFC4868]", false},
		{[]wire.Transform{encr(wire.EncrAESCBC, 192), integ(wire.IntegHMACSHA1_96)}, "AES-CBC-192 [RFC3602]", "HMAC_SHA1_96 [RFC2404]", false},
		{[]wire.Transform{encr(wire.EncrAESCBC, 128), integ(wire.IntegHMACSHA384_192)}, "AES-CBC-128 [RFC3602]", "HMAC_SHA2_384_192 [RFC4868]", false},
		{[]wire.Transform{encr(wire.EncrAESCBC, 128), integ(wire.IntegAESXCBC96)}, "AES-CBC-128 [RFC3602]", "ANY 96-bits of Authentication [No Checking]", false},
		{[]wire.Transform{encr(wire.EncrChaCha20Poly1305, 0)}, "", "", true},
		{[]wire.Transform{encr(wire.EncrAESCBC, 128)}, "", "", true},
	}
	for _, tt := range tests {
		e, i, ok := ikeNames(selection(tt.transforms...))
		if ok == tt.decryptsNot || ok && (e != tt.encr || i != tt.integ) {
			t.Errorf("%v: %q, %q, %v", tt.transforms, e, i, ok)
		}
	}
}

func TestNamesOfESPAlgorithms(t *testing.T) {
	tests := []struct {
		esp         suite.ESP
		encr, integ string
		ok          bool
	}{
		{suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrAESGCM8, 128)}, "AES-GCM with 8 octet ICV [RFC4106]", "NULL", true},
		{suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrAESCTR, 128), INTEG: transform(wire.TransformINTEG, wire.IntegAESCMAC96, 0)},
			"AES-CTR [RFC3686]", "ANY 96 bit authentication [no checking]", true},
		{suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrNull, 0), INTEG: transform(wire.TransformINTEG, wire.IntegHMACSHA1_96, 0)},
			"NULL", "HMAC-SHA-1-96 [RFC2404]", true},
		{suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrAESCBC, 128), INTEG: transform(wire.TransformINTEG, wire.IntegHMACSHA256_128, 0)}.AsDraft(),
			"AES-CBC [RFC3602]", "HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]", true},
		{suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrAESCBC, 128)}, "", "", false},
		{suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrChaCha20Poly1305, 0)}, "", "", false},
		{suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrAESCCM16, 128)}, "", "", false},
	}
	for _, tt := range tests {
		e, i, ok := espNames(tt.esp)
		if ok != tt.ok || ok && (e != tt.encr || i != tt.integ) {
			t.Errorf("%v: %q, %q, %v", tt.esp, e, i, ok)
		}
		if back, known := espTransforms(e, i, int(tt.esp.ENCR.KeyLength/8)); tt.esp.Draft && (!known || back != tt.esp) {
			t.Errorf("%v is read as %v", tt.esp, back)
		}
	}
}

func TestIPv6AndNULL(t *testing.T) {
	l, dir := open(t)
	sa := dataplane.SA{SPI: 0xaabb, Path: dataplane.Path{Remote: netip.MustParseAddrPort("[2001:db8::1]:500")}, IntegKey: []byte{1, 2}}
	sa.Transforms = suite.ESP{ENCR: transform(wire.TransformENCR, wire.EncrNull, 0), INTEG: transform(wire.TransformINTEG, wire.IntegHMACSHA1_96, 0)}
	if err := logESP(l, sa); err != nil {
		t.Fatal(err)
	}
	if got, want := written(t, dir, "esp_sa")[0], `"IPv6","*","*","0x0000aabb","NULL","0x","HMAC-SHA-1-96 [RFC2404]","0x0102"`; got != want {
		t.Errorf("got %s", got)
	}
}

// What Wireshark cannot decrypt is in our table alone, and without a folder nothing is written at all.
func TestNothingIsWrittenInVain(t *testing.T) {
	l, dir := open(t)
	chacha := transform(wire.TransformENCR, wire.EncrChaCha20Poly1305, 0)
	var none *Log
	for _, err := range []error{
		logIKE(l, 1, 2, selection(chacha), suite.IKEKeys{}), logESP(l, dataplane.SA{Transforms: suite.ESP{ENCR: chacha}}),
		logIKE(none, 1, 2, selection(chacha), suite.IKEKeys{}), logESP(none, dataplane.SA{}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || files[0].Name() != TableAll {
		t.Errorf("the folder has %v, %v", files, err)
	}
	if got := written(t, dir, TableAll); len(got) != 2 || got[0] != "ike,0000000000000001,0000000000000002,chacha20poly1305,,,," || got[1] != "esp,00000000,chacha20poly1305,tunnel,," {
		t.Errorf("our table has %q", got)
	}
}

// Nobody but the owner reads the keys, and those of earlier sessions stay.
func TestFolderIsPrivateAndKept(t *testing.T) {
	l, dir := open(t)
	gcm := transform(wire.TransformENCR, wire.EncrAESGCM16, 128)
	for range 2 {
		if err := logIKE(l, 1, 2, selection(gcm), suite.IKEKeys{Ei: []byte{1}}); err != nil {
			t.Fatal(err)
		}
		var err error
		if l, err = Open(dir); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(written(t, dir, "ikev2_decryption_table")); n != 2 {
		t.Errorf("%d lines", n)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "ikev2_decryption_table"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestFoldersThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a file is no folder")
	}
	l, dir := open(t)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := logIKE(l, 1, 2, selection(transform(wire.TransformENCR, wire.EncrAESGCM16, 128)), suite.IKEKeys{}); err == nil {
		t.Error("the folder is gone and nobody hears of it")
	}
}

func TestLinesOfManyGoroutinesAreWhole(t *testing.T) {
	l, dir := open(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				_ = logIKE(l, 1, 2, selection(transform(wire.TransformENCR, wire.EncrAESGCM16, 128)), suite.IKEKeys{Ei: make([]byte, 36), Er: make([]byte, 36)})
			}
		})
	}
	wg.Wait()
	lines := written(t, dir, "ikev2_decryption_table")
	for _, line := range lines {
		if line != lines[0] || len(lines) != 100 {
			t.Fatalf("%d lines, one is %s", len(lines), line)
		}
	}
}
