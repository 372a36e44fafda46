package trace

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"culvert/api"
	"culvert/legible"
)

// maxText bounds a value that is shown, in runes.
const maxText = 120

// clean escapes what does not print, and cuts what is long.
func clean(s string) string {
	var b strings.Builder
	for n := 0; len(s) > 0; n++ {
		if n == maxText {
			b.WriteString("...")
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
			for _, c := range []byte(s[:size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// printable tells whether octets are a text that people can read.
func printable(b []byte) bool {
	if len(b) == 0 || !utf8.Valid(b) {
		return false
	}
	return !strings.ContainsFunc(string(b), func(r rune) bool { return !unicode.IsPrint(r) })
}

// words shows octets as text if they are one, else in hexadecimal.
func words(b []byte) string {
	if printable(b) {
		return clean(string(b))
	}
	return hexadecimal(b)
}

// hexadecimal shows the first octets of something.
func hexadecimal(b []byte) string {
	const most = 32
	if len(b) > most {
		return hex.EncodeToString(b[:most]) + "..."
	}
	return hex.EncodeToString(b)
}

func octets(n int) string { return legible.Count(n, "octet") }

func field(name, value string) api.TraceField { return api.TraceField{Name: name, Value: value} }
