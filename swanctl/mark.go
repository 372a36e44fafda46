package swanctl

import (
	"fmt"
	"strconv"
	"strings"
)

// Words of strongSwan for numbers that the daemon chooses; without their sign they are Culvert's.
const (
	unique       = "%unique"
	perDirection = "%unique-dir"
	sameValue    = "%same"
)

// setInterface writes the number of an XFRM interface that is not 0.
func setInterface[T target](name string) func(T, value) error {
	return func(to T, v value) error {
		id, err := interfaceID(v.text())
		if err == nil && id != "0" {
			to.setter().set(v.origin, name, id)
		}
		return err
	}
}

// interfaceID reads the number of an XFRM interface, or the word for one that is chosen.
func interfaceID(s string) (string, error) {
	if w := strings.ToLower(s); w == unique || w == perDirection {
		return quote(w[1:]), nil
	}
	n, err := whole(s, 32)
	return strconv.FormatUint(n, 10), err
}

// setMark writes a mark that is not 0. words are those that it knows beside numbers.
func setMark(name string, words ...string) func(*child, value) error {
	return func(c *child, v value) error {
		m, err := mark(v.text(), words)
		if err == nil && m != "0" {
			c.out.set(v.origin, name, quote(m))
		}
		return err
	}
}

// mark reads a mark and its mask.
func mark(s string, words []string) (string, error) {
	number, mask, masked := strings.Cut(s, "/")
	bits, err := uint64(1<<32-1), error(nil)
	if masked {
		bits, err = whole(mask, 32)
	}
	for _, w := range words {
		if err == nil && strings.EqualFold(number, w) {
			return fmt.Sprintf("%s/%#x", w[1:], bits), nil
		}
	}
	n, wrong := whole(number, 32)
	if err != nil || wrong != nil {
		return "", &mistake{fmt.Sprintf("%q is no mark", s), "write a number" + orWords(words) + ", with a mask behind a slash if need be"}
	}
	if n&bits == 0 && bits == 1<<32-1 || bits == 0 {
		return "0", nil
	}
	return fmt.Sprintf("%#x/%#x", n&bits, bits), nil
}

func orWords(words []string) string { return " or " + strings.Join(words, " or ") }
