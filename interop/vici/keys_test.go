package vici_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// word finds keys, and the names of sections, in raw messages.
var word = regexp.MustCompile(`([a-zA-Z0-9_-]+)(=| \{)`)

// keysOf returns keys and sections of the first message in their order. Numbers at the end of names are those of SAs.
func keysOf(out string) []string {
	line, _, _ := strings.Cut(out, "\n")
	var keys []string
	for _, m := range word.FindAllStringSubmatch(line, -1) {
		keys = append(keys, strings.TrimRight(m[1], "0123456789")+m[2])
	}
	return keys
}

// sameKeys holds what our daemon tells against charon with the same configuration and the same commands.
func sameKeys(s *stage, t *testing.T) {
	for _, args := range [][]string{{"--list-sas", "--raw"}, {"--list-conns", "--raw"}, {"--list-pols", "--raw"}, {"--list-authorities", "--raw"}, {"--list-certs", "--raw"}} {
		ours, charons := keysOf(s.moon.Must(args...)), keysOf(s.mars.Must(args...))
		// Some are told since strongSwan 6.0, and swanctl of that version asks for them.
		newer := []string{"local_port=", "remote_port="}
		if args[0] == "--list-pols" {
			newer = []string{"reqid="}
		}
		ours = slices.DeleteFunc(ours, func(k string) bool { return slices.Contains(newer, k) })
		if !slices.Equal(ours, charons) {
			t.Errorf("%v: ours are\n%v, those of charon\n%v", args, ours, charons)
		}
	}
}
