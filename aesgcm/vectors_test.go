package aesgcm

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// each runs a test for every implementation that this machine has.
func each(t *testing.T, test func(t *testing.T, i Implementation)) {
	t.Helper()
	for _, i := range available() {
		t.Run(i.String(), func(t *testing.T) { test(t, i) })
	}
}

func keyed(t testing.TB, i Implementation, key []byte, tagSize int) AEAD {
	t.Helper()
	a, err := newWith(i, key, tagSize)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNISTVectors(t *testing.T) {
	file, err := os.Open("testdata/nist.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tried := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var v [5][]byte
		for i, field := range strings.Fields(lines.Text()) {
			if v[i], err = hex.DecodeString(strings.Trim(field, "-")); err != nil {
				t.Fatal(err)
			}
		}
		tried++
		each(t, func(t *testing.T, i Implementation) {
			a := keyed(t, i, v[0], 16)
			if got := a.Seal(nil, v[1], v[2], v[3]); !bytes.Equal(got, v[4]) {
				t.Errorf("sealed %x, want %x", got, v[4])
			}
			if got, err := a.Open(nil, v[1], v[4], v[3]); err != nil || !bytes.Equal(got, v[2]) {
				t.Errorf("opened %x, %v; want %x", got, err, v[2])
			}
		})
	}
	if tried < 20 {
		t.Errorf("%d vectors", tried)
	}
}

// octets is a []byte that JSON writes in hexadecimal.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

type proof struct {
	TcID                       int
	Comment, Result            string
	Key, IV, AAD, Msg, CT, Tag octets
}

// proofs reads the Wycheproof file that the tests of package suite have too.
func proofs(t *testing.T) (all []proof) {
	t.Helper()
	packed, err := os.ReadFile("../suite/testdata/wycheproof/aes_gcm_test.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ TestGroups []struct{ Tests []proof } }
	if err := json.NewDecoder(zip).Decode(&file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.TestGroups {
		for _, p := range g.Tests {
			if len(p.IV) == nonceSize && len(p.Tag) == 16 {
				all = append(all, p)
			}
		}
	}
	return all
}

// A short tag is the whole one cut off (SP 800-38D, Section 7.1), so the vectors serve all lengths.
func TestWycheproof(t *testing.T) {
	all := proofs(t)
	if len(all) < 150 {
		t.Fatalf("%d vectors", len(all))
	}
	each(t, func(t *testing.T, i Implementation) {
		for _, tagSize := range []int{8, 12, 16} {
			for _, p := range all {
				checkProof(t, keyed(t, i, p.Key, tagSize), p)
			}
		}
	})
}

func checkProof(t *testing.T, a AEAD, p proof) {
	t.Helper()
	sealed := append(bytes.Clone(p.CT), p.Tag[:a.Overhead()]...)
	got, err := a.Open(nil, p.IV, sealed, p.AAD)
	switch {
	case p.Result == "valid":
		if err != nil || !bytes.Equal(got, p.Msg) {
			t.Errorf("%d %s: opened %x, %v", p.TcID, p.Comment, got, err)
		}
		if got := a.Seal(nil, p.IV, p.Msg, p.AAD); !bytes.Equal(got, sealed) {
			t.Errorf("%d %s: sealed %x, want %x", p.TcID, p.Comment, got, sealed)
		}
	case a.Overhead() == 16 && err != ErrAuthentication: // what is cut off may be what was wrong
		t.Errorf("%d %s: got %v, want ErrAuthentication", p.TcID, p.Comment, err)
	}
}
