package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// same is how payloads compare: nil and empty slices are one.
var same = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

// octets decodes hexadecimal text, spaces allowed.
func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// single makes a chain of the one payload with this body.
func single(body []byte) []byte {
	chain := []byte{0, 0, 0, 0}
	binary.BigEndian.PutUint16(chain[2:], uint16(genericLen+len(body)))
	return append(chain, body...)
}

// parseOne parses one payload from its body.
func parseOne(kind PayloadType, body []byte) (Payload, error) {
	payloads, err := parseChain(kind, single(body), parsePayload)
	if err != nil {
		return nil, err
	}
	return payloads[0], nil
}

// A foreign payload is a body made by another implementation, or printed in an RFC, and what it says.
type foreign struct {
	name   string
	octets string
	want   Payload
}

// checkForeign parses foreign bodies and encodes them again to the same octets.
func checkForeign(t *testing.T, tests []foreign) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := octets(t, tt.octets)
			got, err := parseOne(tt.want.Type(), body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, same); diff != "" {
				t.Errorf("parsed (-want +got):\n%s", diff)
			}
			if again := hex.EncodeToString(AppendPayload(nil, got)); again != hex.EncodeToString(body) {
				t.Errorf("appended %s, want %x", again, body)
			}
		})
	}
}

// checkRefused parses bodies that must be refused as a matter of syntax for the given cause.
func checkRefused(t *testing.T, kind PayloadType, tests map[string]refusal) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseOne(kind, octets(t, tt.octets))
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, tt.cause) {
				t.Fatalf("got %v, want %v", err, tt.cause)
			}
			if e.Notify != NotifyInvalidSyntax || e.Payload != kind {
				t.Errorf("got %v about %v, want INVALID_SYNTAX about %v", e.Notify, e.Payload, kind)
			}
		})
	}
}

// checkIdentity appends and parses generated payloads.
func checkIdentity[P Payload](t *testing.T, payloads *rapid.Generator[P]) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		want := payloads.Draw(t, "payload")
		got, err := parseOne(want.Type(), AppendPayload(nil, want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Payload(want), got, same); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// checkPrefixes parses every prefix of a body: those shorter than fixed octets must fail as too short, the others must
// parse. A body with a structure to its end has fixed = len(body).
func checkPrefixes(t *testing.T, kind PayloadType, text string, fixed int) {
	t.Helper()
	body := octets(t, text)
	for i := range body {
		_, err := parseOne(kind, body[:i:i])
		var e *Error
		switch {
		case i >= fixed && err != nil:
			t.Errorf("%d of %d octets: got %v, want no error", i, len(body), err)
		case i < fixed && !errors.As(err, &e):
			t.Errorf("%d of %d octets: got %v, want an *Error", i, len(body), err)
		case i < fixed && e.Payload != kind:
			t.Errorf("%d of %d octets: error about %v, want %v", i, len(body), e.Payload, kind)
		}
	}
}

// fuzzPayload parses arbitrary bodies. What parses must survive encoding and parsing unchanged.
func fuzzPayload(f *testing.F, kind PayloadType) {
	for _, body := range foreignBodies(f, kind) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 0xffff-genericLen {
			return
		}
		p, err := parseOne(kind, body)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) {
				t.Fatalf("error of type %T", err)
			}
			return
		}
		again, err := parseOne(kind, AppendPayload(nil, sendable(p)))
		if err != nil {
			t.Fatalf("own encoding: %v", err)
		}
		if diff := cmp.Diff(sendable(p), again, same); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

// sendable leaves out of a parsed payload what is never sent: marks of unknown attributes.
func sendable(p Payload) Payload {
	if sa, ok := p.(*SA); ok {
		for _, proposal := range sa.Proposals {
			for i := range proposal.Transforms {
				proposal.Transforms[i].UnknownAttribute = false
			}
		}
	}
	return p
}

// plaintext is a foreign inner payload chain from testdata/plaintexts.tsv.
type plaintext struct {
	capture string
	header  Header
	first   PayloadType
	octets  []byte
}

// tableRows reads a table with tabs between the columns, without comments.
func tableRows(t testing.TB, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows [][]string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.Split(line, "\t"))
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// foreignBodies returns the bodies of a payload type in all foreign messages, encrypted or not.
func foreignBodies(t testing.TB, kind PayloadType) [][]byte {
	t.Helper()
	var bodies [][]byte
	collect := func(l link) (Payload, error) {
		if l.kind == kind {
			bodies = append(bodies, l.body)
		}
		return parsePayload(l)
	}
	for _, p := range plaintexts(t) {
		if _, err := parseChain(p.first, p.octets, collect); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range ikev2Datagrams(t) {
		if _, err := parseChain(PayloadType(d.octets[16]), d.octets[HeaderLen:], collect); err != nil {
			t.Fatal(err)
		}
	}
	return bodies
}

// refusal is a body that must be refused and the cause.
type refusal = struct {
	octets string
	cause  error
}

// anyOctets generates up to n octets.
func anyOctets(n int) *rapid.Generator[[]byte] { return rapid.SliceOfN(rapid.Byte(), 0, n) }
