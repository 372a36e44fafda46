package config

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// userName reads the name of a user as EAP sends it.
func userName() reader[string] {
	const most = 253 // what a RADIUS attribute holds
	return textual("name", fmt.Sprintf("a name of up to %d octets", most), func(s string) (string, error) {
		switch {
		case s == "" || len(s) > most:
			return "", fmt.Errorf("it has %d octets", len(s))
		case !utf8.ValidString(s):
			return "", errors.New("it is not UTF-8")
		}
		for _, r := range s {
			if !unicode.IsPrint(r) {
				return "", fmt.Errorf("it has the character %q", r)
			}
		}
		return s, nil
	}, func(s string) string { return s })
}
