package secret

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const sentinel = "\x4b\x45\x59\x21" // "KEY!"

// leaks lists the spellings in which the sentinel could show.
var leaks = []string{"KEY!", "4b455921", "4B455921", "75 69 89 33", "S0VZIQ==", "0x4b"}

func checkRedacted(t *testing.T, got string) {
	t.Helper()
	if !strings.Contains(got, redacted) {
		t.Errorf("got %q, want it to contain %q", got, redacted)
	}
	for _, leak := range leaks {
		if strings.Contains(got, leak) {
			t.Errorf("got %q, which shows the secret as %q", got, leak)
		}
	}
}

func TestBytesIsRedactedUnderEveryVerb(t *testing.T) {
	b := Bytes(sentinel)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%o", "%b", "%c", "%U", "%10s"} {
		t.Run(verb, func(t *testing.T) { checkRedacted(t, fmt.Sprintf(verb, b)) })
	}
	checkRedacted(t, fmt.Sprint(b))
	checkRedacted(t, b.String())
	checkRedacted(t, b.GoString())
}

func TestBytesIsRedactedInsideOtherValues(t *testing.T) {
	type keys struct {
		D    Bytes
		List []Bytes
		Map  map[string]Bytes
	}
	k := keys{D: Bytes(sentinel), List: []Bytes{Bytes(sentinel)}, Map: map[string]Bytes{"a": Bytes(sentinel)}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x"} {
		checkRedacted(t, fmt.Sprintf(verb, k))
		checkRedacted(t, fmt.Sprintf(verb, &k))
	}
	checkRedacted(t, fmt.Errorf("key %v is bad", k.D).Error())
}

func TestBytesIsRedactedWhenMarshalled(t *testing.T) {
	out, err := json.Marshal(map[string]any{"key": Bytes(sentinel)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out), `{"key":"[redacted]"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var m encoding.TextMarshaler = Bytes(sentinel)
	text, err := m.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	checkRedacted(t, string(text))
}

func TestBytesIsRedactedInLogs(t *testing.T) {
	var text, document bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("derived", "key", Bytes(sentinel))
	slog.New(slog.NewJSONHandler(&document, nil)).Info("derived", "key", Bytes(sentinel))
	checkRedacted(t, text.String())
	checkRedacted(t, document.String())
}

func TestEqual(t *testing.T) {
	tests := []struct {
		name  string
		a, b  []byte
		equal bool
	}{
		{"same octets", []byte{1, 2, 3}, []byte{1, 2, 3}, true},
		{"last octet differs", []byte{1, 2, 3}, []byte{1, 2, 4}, false},
		{"prefix", []byte{1, 2, 3}, []byte{1, 2}, false},
		{"both empty", nil, []byte{}, true},
		{"one empty", nil, []byte{0}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Bytes(tt.a).Equal(tt.b); got != tt.equal {
				t.Errorf("got %v, want %v", got, tt.equal)
			}
		})
	}
}

func TestClearZeroesEveryOctetThroughSharedSlices(t *testing.T) {
	b := Bytes(sentinel)
	shared := b[1:3]
	b.Clear()
	if !bytes.Equal(b, make([]byte, len(sentinel))) || !bytes.Equal(shared, []byte{0, 0}) {
		t.Errorf("octets remain after Clear: %v", []byte(b))
	}
	Bytes(nil).Clear()
}
