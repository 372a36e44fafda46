package suite

import (
	"bufio"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A vector is one case of a file in testdata/rfc: a title and named octets.
type vector struct {
	title  string
	fields map[string][]byte
}

// rfcVectors reads a file of testdata/rfc. Lines are "# comment", "[title]", "name = hex" and "  hex" to go on.
func rfcVectors(t testing.TB, name string) []vector {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "rfc", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var vectors []vector
	var field string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			vectors = append(vectors, vector{strings.Trim(line, "[]"), map[string][]byte{}})
		default:
			last := vectors[len(vectors)-1]
			value := line
			if name, rest, ok := strings.Cut(line, " ="); ok {
				field, value = name, rest
			}
			last.fields[field] = append(last.fields[field], unhex(t, strings.TrimSpace(value))...)
		}
	}
	if len(vectors) == 0 {
		t.Fatalf("%s: no vectors", name)
	}
	return vectors
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// octets is a []byte that JSON writes in hexadecimal.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// A proofFile is a Wycheproof file with the fields that our tests use; each kind of test has some of them.
type proofFile struct {
	NumberOfTests int
	TestGroups    []proofGroup
}

type proofGroup struct {
	IVSize, KeySize, TagSize   int
	SLen                       int
	Sha, MgfSha                string
	PublicKeyDer, PublicKeyAsn octets
	PublicKey                  json.RawMessage
	Tests                      []proofTest
}

type proofTest struct {
	TcID                    int
	Comment, Result         string
	Flags                   []string
	Key, IV, AAD, Msg       octets
	CT, Tag, Sig            octets
	Public, Private, Shared octets
	Seed, EK, C, K, M, Ctx  octets
}

func (p proofTest) valid() bool { return p.Result == "valid" }

func (p proofTest) has(flag string) bool { return slices.Contains(p.Flags, flag) }

// proofs reads a Wycheproof file and calls each with every test of every group.
func proofs(t *testing.T, name string, each func(t *testing.T, g proofGroup, test proofTest)) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "wycheproof", name+"_test.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var file proofFile
	if err := json.NewDecoder(zip).Decode(&file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range file.TestGroups {
		for _, test := range g.Tests {
			n++
			each(t, g, test)
		}
	}
	if n == 0 || n != file.NumberOfTests {
		t.Errorf("%s: %d tests, the file says %d", name, n, file.NumberOfTests)
	}
}

// readJSON reads a file of testdata into v.
func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// testRand returns randomness that is the same in every run.
func testRand(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

// randomOctets returns n octets of r.
func randomOctets(r *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	r.Read(b)
	return b
}

// failingReader is a source of randomness that has run dry.
type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, os.ErrClosed }
