package auth

import (
	"fmt"
	"strings"
	"testing"

	"culvert/explain"
	"culvert/secret"
)

// namedSecret makes a secret from words: its name, then the identities.
func namedSecret(t testing.TB, words string) Secret {
	t.Helper()
	name, ids, _ := strings.Cut(words, ": ")
	s := Secret{Name: name, PSK: secret.Bytes(name)}
	for _, id := range strings.Fields(ids) {
		s.IDs = append(s.IDs, mustID(t, id))
	}
	return s
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		name    string
		secrets []string
		local   string
		remote  string
		want    string
	}{
		{"no secret at all", nil, "gw", "moon", ""},
		{"both before one", []string{"one: moon", "both: gw moon"}, "gw", "moon", "both"},
		{"one before nobody", []string{"nobody", "one: moon"}, "gw", "moon", "one"},
		{"one before any", []string{"any: %any", "one: moon"}, "gw", "moon", "one"},
		{"nobody is anybody", []string{"other: sun", "nobody"}, "gw", "moon", "nobody"},
		{"both before local and any", []string{"any: gw %any", "both: gw moon"}, "gw", "moon", "both"},
		{"name before wildcard", []string{"wild: *.example.org", "name: a.example.org"}, "gw", "a.example.org", "name"},
		{"wildcard before any", []string{"any: %any", "wild: *.example.org"}, "gw", "a.example.org", "wild"},
		{"the peer before us", []string{"ours: gw", "theirs: moon"}, "gw", "moon", "theirs"},
		{"ours for every peer", []string{"ours: gw"}, "gw", "moon", "ours"},
		{"the first of equals", []string{"first: moon", "second: moon"}, "gw", "moon", "first"},
		{"another pair's", []string{"pair: gw sun"}, "gw", "moon", ""},
		{"another peer's", []string{"sun: sun"}, "gw", "moon", ""},
		{"a list of peers", []string{"list: sun moon earth"}, "gw", "moon", "list"},
		{"peer not known, our pair", []string{"pair: gw sun"}, "gw", "%any", "pair"},
		{"peer not known, not ours", []string{"pair: earth sun"}, "gw", "%any", ""},
		{"case", []string{"pair: GW MOON"}, "gw", "moon", "pair"},
		{"type", []string{"key: keyid:moon"}, "gw", "moon", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var list []Secret
			for _, words := range tt.secrets {
				list = append(list, namedSecret(t, words))
			}
			got, ok := NewSecrets(list...).Lookup(mustID(t, tt.local), mustID(t, tt.remote))
			if got.Name != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v; want %q", got.Name, ok, tt.want)
			}
		})
	}
}

func TestLookupNil(t *testing.T) {
	if _, ok := (*Secrets)(nil).Lookup(Identity{}, Identity{}); ok {
		t.Error("a secret out of nothing")
	}
}

func TestParseSecret(t *testing.T) {
	for s, want := range map[string]string{
		"Ar3etTnp":    "Ar3etTnp",
		" spaces ":    " spaces ",
		"0x4142ff":    "AB\xff",
		"0sQUL/":      "AB\xff",
		"0Xab":        "0Xab",
		"Grüße, Welt": "Grüße, Welt",
		// at least 64 octets of ASCII, no terminator (RFC 7296, Section 2.15)
		strings.Repeat("x", 200): strings.Repeat("x", 200),
	} {
		if got, err := ParseSecret(s); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", s, string(got), err)
		}
	}
	for s, want := range map[string]string{
		"": "empty", "0x": "empty", "0s": "empty", "0xzzz": "not hexadecimal", "0s?": "not base64", "0x123": "not hexadecimal",
	} {
		_, err := ParseSecret(s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", s, err, want)
		}
		if len(s) > 2 && err != nil && strings.Contains(err.Error(), s[2:]) {
			t.Errorf("%v quotes the secret", err)
		}
	}
}

func TestWeakPSK(t *testing.T) {
	for psk, weak := range map[string]bool{
		"":                                  true,
		"secret":                            true,
		"password12345678":                  true,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":  true,
		"abcdefghijklmnopqrstuvwxyz012345":  true,
		"abababababababababababababababab":  true,
		"Tr0ub4dor&3":                       true,
		"\x00\x00\x00\x00\x00\x00\x00\x00":  true,
		"x8Qm!2vLpR#9tZkW4bNc":              false,
		"9f86d081884c7d659a2feaa0c55ad015a": false,
		// sixteen random octets of which two are alike, as in half of all such keys
		"\x9b\x1c\x6f\x2d\x8e\x3a\x47\x50\xc1\x0f\xa3\x94\x3a\x76\xf0\xe1": false,
		"\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef": true,
		"Übermütig12345678": true,
		"\x9f\x86\xd0\x81\x88\x4c\x7d\x65\x9a\x2f\xea\xa0\xc5\x5a\xd0\x15\xa3\xbf\x4f\x1b": false,
	} {
		warning, got := WeakPSK(Secret{Name: "office", PSK: secret.Bytes(psk)})
		if got != weak {
			t.Errorf("%q: weak %v (%.0f bits), want %v", psk, got, pskBits(secret.Bytes(psk)), weak)
		}
		if got && (warning.Code != explain.AuthPSKWeak || !strings.Contains(warning.Text, `"office"`)) {
			t.Errorf("warning %+v", warning)
		}
		if psk != "" && psk != "secret" && strings.Contains(warning.Text, psk) {
			t.Errorf("%q quotes the secret", warning.Text)
		}
	}
}

func TestSecretPrintsRedacted(t *testing.T) {
	s := Secret{Name: "office", PSK: secret.Bytes("Ar3etTnp")}
	if text := fmt.Sprintf("%v %+v %s", s, s, s.PSK); strings.Contains(text, "Ar3etTnp") {
		t.Error(text)
	}
}
