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
	number   int
	starting map[[shortest]byte][][]byte // as they may appear, by how they begin, the longest first
}

// shortest is what counts as a secret, in octets: shorter ones are found everywhere, and protect nothing.
const shortest = 4

// NewScrubber returns one that finds these.
func NewScrubber(secrets [][]byte) *Scrubber {
	s := &Scrubber{starting: make(map[[shortest]byte][][]byte)}
	seen := map[string]bool{}
	var list [][]byte
	for _, secret := range secrets {
		if len(secret) < shortest || seen[string(secret)] {
			continue
		}
		seen[string(secret)] = true
		s.number++
		for _, f := range forms(secret) {
			if len(f) >= shortest {
				list = append(list, f)
			}
		}
	}
	slices.SortFunc(list, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(b), len(a)), bytes.Compare(a, b)) })
	for _, f := range slices.CompactFunc(list, bytes.Equal) {
		s.starting[[shortest]byte(f)] = append(s.starting[[shortest]byte(f)], f)
	}
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

// Scrub returns text without secrets, and how many places were changed. Secrets that overlap are one place. Its time does not
// grow with the number of secrets.
func (s *Scrubber) Scrub(text []byte) ([]byte, int) {
	places := s.places(text)
	if len(places) == 0 {
		return text, 0
	}
	clean, at := make([]byte, 0, len(text)), 0
	for _, p := range places {
		clean = append(append(clean, text[at:p[0]]...), mark...)
		at = p[1]
	}
	return append(clean, text[at:]...), len(places)
}

// places are where secrets begin and end, in order.
func (s *Scrubber) places(text []byte) [][2]int {
	var list [][2]int
	for i := 0; i+shortest <= len(text); i++ {
		n := s.length(text[i:])
		if n == 0 {
			continue
		}
		if last := len(list) - 1; last >= 0 && i < list[last][1] {
			list[last][1] = max(list[last][1], i+n)
			continue
		}
		list = append(list, [2]int{i, i + n})
	}
	return list
}

// length is that of the longest form that a text begins with, 0 if it begins with none.
func (s *Scrubber) length(text []byte) int {
	for _, f := range s.starting[[shortest]byte(text)] {
		if bytes.HasPrefix(text, f) {
			return len(f)
		}
	}
	return 0
}
