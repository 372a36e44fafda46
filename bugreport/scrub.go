package bugreport

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// A Scrubber finds secrets in what is to be given away. The zero value knows none.
type Scrubber struct {
	number int
	forms  [][]byte // as they may appear, the longest first
}

// shortest is what counts as a secret, in octets: shorter ones are found everywhere, and protect nothing.
const shortest = 4

// NewScrubber returns one that finds these.
func NewScrubber(secrets [][]byte) *Scrubber {
	s := &Scrubber{}
	seen := map[string]bool{}
	for _, secret := range secrets {
		if len(secret) < shortest || seen[string(secret)] {
			continue
		}
		seen[string(secret)] = true
		s.number++
		for _, f := range forms(secret) {
			if len(f) >= shortest {
				s.forms = append(s.forms, f)
			}
		}
	}
	slices.SortFunc(s.forms, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(b), len(a)), bytes.Compare(a, b)) })
	s.forms = slices.CompactFunc(s.forms, bytes.Equal)
	return s
}

// Secrets is how many are known.
func (s *Scrubber) Secrets() int { return s.number }

// forms are the ways in which a secret may be written.
func forms(secret []byte) [][]byte {
	digits := hex.EncodeToString(secret)
	list := [][]byte{slices.Clone(secret), []byte(digits), []byte(strings.ToUpper(digits)), []byte(spaced(digits, ":")), []byte(spaced(digits, " "))}
	if quoted, err := json.Marshal(string(secret)); err == nil {
		list = append(list, quoted[1:len(quoted)-1])
	}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		list = append(list, shifted(secret, e)...)
	}
	return list
}

// spaced puts something between octets.
func spaced(digits, between string) string {
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String()
}

// shifted is base64 of a secret behind none, one and two other octets, without the characters in which others take part. Of short
// ones little is left, which is found in anything: those are looked for from the beginning only.
func shifted(secret []byte, e *base64.Encoding) [][]byte {
	const enough = 8
	list := [][]byte{[]byte(e.EncodeToString(secret))}
	for before := range 3 {
		text := e.EncodeToString(append(make([]byte, before), secret...))
		from, to := (before*8+5)/6, (before+len(secret))*8/6
		if to-from >= enough {
			list = append(list, []byte(text[from:to]))
		}
	}
	return list
}

// mark stands for a secret.
const mark = "[redacted]"

// Scrub returns text without secrets, and how many places were changed.
func (s *Scrubber) Scrub(text []byte) ([]byte, int) {
	n := 0
	for _, f := range s.forms {
		if c := bytes.Count(text, f); c > 0 {
			n += c
			text = bytes.ReplaceAll(text, f, []byte(mark))
		}
	}
	return text, n
}
