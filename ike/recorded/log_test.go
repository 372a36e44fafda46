package recorded

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// A log is what the two daemons have said.
type log struct{ Initiator, Responder []entry }

// An entry is a named value. Entries without a name are messages and proposals, which the wire has too.
type entry struct {
	Name string
	Hex  octets
}

type octets []byte

func (o *octets) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*o = b
	return err
}

func readLog(t *testing.T, path string) log {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var l log
	if err := json.Unmarshal(b, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// A secret is what one derivation of keys begins with.
type secret struct {
	exchanged, additional []byte
	nonces                []byte // or a seed with them, which tells what it is for
}

// secrets returns the results of key exchanges in order: the initiator's, then what only the responder has.
func (l log) secrets() []secret {
	list := secretsOf(l.Initiator)
	for _, s := range secretsOf(l.Responder) {
		if !slices.ContainsFunc(list, func(o secret) bool { return bytes.Equal(s.exchanged, o.exchanged) }) {
			list = append(list, s)
		}
	}
	return list
}

func secretsOf(entries []entry) []secret {
	var list []secret
	for _, e := range entries {
		switch e.Name {
		case "key exchange secret":
			list = append(list, secret{exchanged: e.Hex})
		case "additional key exchange secret":
			list[len(list)-1].additional = e.Hex
		case "nonces", "seed":
			if n := len(list); n > 0 && list[n-1].nonces == nil {
				list[n-1].nonces = e.Hex
			}
		}
	}
	return list
}

// values returns the values of one name, of both sides.
func (l log) values(name string) [][]byte {
	var list [][]byte
	for _, e := range slices.Concat(l.Initiator, l.Responder) {
		if e.Name == name {
			list = append(list, e.Hex)
		}
	}
	return list
}

// given are the names of what a replay takes from the log.
var given = []string{"", "key exchange secret", "additional key exchange secret", "secret", "PPK", "derive keys using PPK", "natd_chunk", "natd_hash"}

// check holds every named value of the log against what was derived, and returns how many there were.
func (l log) check(t *testing.T, derived map[string][][]byte) int {
	t.Helper()
	n := 0
	for _, e := range slices.Concat(l.Initiator, l.Responder) {
		if slices.Contains(given, e.Name) {
			continue
		}
		n++
		if !slices.ContainsFunc(derived[e.Name], func(b []byte) bool { return bytes.Equal(b, e.Hex) }) {
			t.Errorf("%s = %x was not derived; derived were %x", e.Name, []byte(e.Hex), derived[e.Name])
		}
	}
	return n
}

// checkNAT holds the hashes of NAT detection against what they were made of.
func (l log) checkNAT(t *testing.T) {
	t.Helper()
	chunks, hashes := l.values("natd_chunk"), l.values("natd_hash")
	for i, chunk := range chunks {
		if sum := sha1.Sum(chunk); len(hashes) != len(chunks) || !bytes.Equal(sum[:], hashes[i]) {
			t.Errorf("natd_hash %d is %x, want %x", i, hashes[i], sum)
		}
	}
}
