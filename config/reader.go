package config

import (
	"errors"
	"fmt"
	"math/big"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"culvert/legible"
)

// textual makes a reader of strings from a parser.
func textual[T any](kind, expect string, parse func(string) (T, error), format func(T) string) reader[T] {
	r := reader[T]{kind: kind, expect: expect, parse: func(l literal) (v T, err error) {
		if l.call != "" || l.Type() != cty.String {
			return v, errType
		}
		return parse(l.AsString())
	}}
	if format != nil {
		r.format = func(v T) string { return quote(format(v)) }
	}
	return r
}

func quote(s string) string { return `"` + s + `"` }

func boolean() reader[bool] {
	return reader[bool]{
		kind: "bool", expect: "true or false",
		parse: func(l literal) (bool, error) {
			if l.call != "" || l.Type() != cty.Bool {
				return false, errType
			}
			return l.True(), nil
		},
		format: func(b bool) string { return fmt.Sprint(b) },
	}
}

// number reads whole numbers from low to high.
func number[T ~int | ~uint8 | ~uint16 | ~uint32 | ~uint64](low, high int64) reader[T] {
	expect := fmt.Sprintf("a whole number from %d to %d", low, high)
	if low == 0 && high > 1<<30 {
		expect = "a whole number, not negative"
	}
	return reader[T]{
		kind: "number", expect: expect,
		parse: func(l literal) (T, error) {
			if l.call != "" || l.Type() != cty.Number {
				return 0, errType
			}
			n, exact := l.AsBigFloat().Int64()
			switch {
			case exact != big.Exact:
				return 0, errors.New("not a whole number of that size")
			case n < low || n > high:
				return 0, fmt.Errorf("%d is out of range", n)
			}
			return T(n), nil
		},
		format: func(n T) string { return fmt.Sprint(n) },
	}
}

// zeroOr reads 0, and whole numbers from low to high.
func zeroOr(low, high int64) reader[int] {
	r := number[int](0, high)
	inner := r.parse
	r.expect = fmt.Sprintf("0, or a whole number from %d to %d", low, high)
	r.parse = func(l literal) (int, error) {
		n, err := inner(l)
		if err == nil && n != 0 && int64(n) < low {
			err = fmt.Errorf("%d is out of range", n)
		}
		return n, err
	}
	return r
}

// only reads the one number that there is.
func only[T ~uint8](n T, why string) reader[T] {
	r := number[T](0, 255)
	inner := r.parse
	r.expect = fmt.Sprint(n)
	r.parse = func(l literal) (T, error) {
		got, err := inner(l)
		if err == nil && got != n {
			err = errors.New(why)
		}
		return got, err
	}
	r.format = func(T) string { return fmt.Sprint(n) }
	return r
}

// fraction reads numbers from low to high.
func fraction(low, high float64) reader[float64] {
	return reader[float64]{
		kind: "number", expect: fmt.Sprintf("a number from %g to %g", low, high),
		parse: func(l literal) (float64, error) {
			if l.call != "" || l.Type() != cty.Number {
				return 0, errType
			}
			f, _ := l.AsBigFloat().Float64()
			if f < low || f > high {
				return 0, fmt.Errorf("%g is out of range", f)
			}
			return f, nil
		},
		format: func(f float64) string { return fmt.Sprint(f) },
	}
}

func duration(low, high time.Duration) reader[time.Duration] {
	expect := fmt.Sprintf(`a duration from %s to %s, such as "3h12m"`, formatDuration(low), formatDuration(high))
	return textual("duration", expect, func(s string) (time.Duration, error) {
		d, err := parseDuration(s)
		if err == nil && (d < low || d > high) {
			err = fmt.Errorf("%s is out of range", formatDuration(d))
		}
		return d, err
	}, formatDuration)
}

// size reads octets; the bare number 0 needs no unit.
func size() reader[uint64] {
	r := textual("size", `a size such as "1GiB", or 0`, parseSize, formatSize)
	quoted := r.format
	r.format = func(n uint64) string {
		if n == 0 {
			return "0"
		}
		return quoted(n)
	}
	inner := r.parse
	r.parse = func(l literal) (uint64, error) {
		if l.call == "" && l.Type() == cty.Number && l.AsBigFloat().Sign() == 0 {
			return 0, nil
		}
		return inner(l)
	}
	return r
}

// padding reads the octets of TFC padding: a number, or "mtu" for -1.
func padding() reader[int] {
	const most = 65535
	return orWord(number[int](0, most), "mtu", -1, fmt.Sprintf(`a number of octets up to %d, or "mtu"`, most))
}

// queues reads a number of queues, 0 for "auto".
func queues() reader[int] {
	const most = 64
	return orWord(number[int](1, most), "auto", 0, fmt.Sprintf(`a number from 1 to %d, or "auto"`, most))
}

// orWord reads one word, which stands for a value, as well as what r reads.
func orWord(r reader[int], text string, stands int, expect string) reader[int] {
	inner, format := r.parse, r.format
	r.expect = expect
	r.parse = func(l literal) (int, error) {
		if l.call != "" || l.Type() != cty.String {
			return inner(l)
		}
		if l.AsString() != text {
			return 0, fmt.Errorf("the only word is %q", text)
		}
		return stands, nil
	}
	r.format = func(n int) string {
		if n == stands {
			return fmt.Sprintf("%q", text)
		}
		return format(n)
	}
	return r
}

// A named value is one way to fill an option.
type namedValue[T any] struct {
	name  string
	value T
}

func value[T any](name string, v T) namedValue[T] { return namedValue[T]{name, v} }

// choice reads one of several words.
func choice[T comparable](kind string, values ...namedValue[T]) reader[T] {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v.name
	}
	expect := "one of " + quote(strings.Join(names, `", "`))
	return textual(strings.Join(names, " | "), expect, func(s string) (v T, err error) {
		for _, v := range values {
			if v.name == s {
				return v.value, nil
			}
		}
		m := &mistake{message: fmt.Sprintf("there is no %s %s", kind, quote(s))}
		if near := legible.Closest(s, names); near != "" {
			m.hint = fmt.Sprintf("did you mean %q?", near)
		}
		return v, m
	}, func(v T) string {
		i := slices.IndexFunc(values, func(n namedValue[T]) bool { return n.value == v })
		return values[max(i, 0)].name
	})
}

// boolOr reads true and false, or a word for what is between.
func boolOr[T comparable](yes, no T, values ...namedValue[T]) reader[T] {
	truth, between := boolean(), choice("value", values...)
	return reader[T]{
		kind: "bool | " + between.kind, expect: "true, false or " + strings.TrimPrefix(between.expect, "one of "),
		parse: func(l literal) (T, error) {
			switch b, err := truth.parse(l); {
			case err != nil:
				return between.parse(l)
			case b:
				return yes, nil
			}
			return no, nil
		},
		format: func(v T) string {
			if v == yes || v == no {
				return strconv.FormatBool(v == yes)
			}
			return between.format(v)
		},
	}
}

// words reads one of several words into a string type.
func words[T ~string](values ...T) reader[T] {
	list := make([]namedValue[T], len(values))
	for i, v := range values {
		list[i] = value(string(v), v)
	}
	return choice("value", list...)
}

// word reads a name of the system: no space, slash or control character.
func word(kind string, most int) reader[string] {
	return textual(kind, fmt.Sprintf("%s of up to %d characters", kind, most), func(s string) (string, error) {
		bad := func(r rune) bool { return r == '/' || unicode.IsSpace(r) || !unicode.IsPrint(r) }
		if s == "" || len(s) > most || strings.ContainsFunc(s, bad) {
			return "", fmt.Errorf("%q is no %s", s, kind)
		}
		return s, nil
	}, func(s string) string { return s })
}

// absolute reads the path of a file that the daemon makes.
func absolute() reader[string] {
	return textual("path", "a path from the root, such as \"/run/culvert/culvert.sock\"", func(s string) (string, error) {
		if !path.IsAbs(s) || strings.ContainsFunc(s, unicode.IsControl) || len(s) > 4096 {
			return "", errors.New("not a path from the root")
		}
		return path.Clean(s), nil
	}, func(s string) string { return s })
}

const nameExpected = `a name of letters, digits, ".", "_" and "-", up to 64 characters`

// checkName says what is wrong with the name of a block. Names appear in commands as connection/child, in logs and in URLs.
func checkName(s string) error {
	bad := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
	})
	switch {
	case s == "":
		return errors.New("it is empty")
	case len(s) > 64:
		return errors.New("it is too long")
	case bad >= 0:
		return fmt.Errorf("it has the character %q", []rune(s[bad:])[0])
	case s[0] == '.' || s[0] == '-':
		return fmt.Errorf("it begins with %q", s[0])
	}
	return nil
}

// blockName reads the name of a block that stands elsewhere.
func blockName() reader[string] {
	return textual("name", nameExpected, func(s string) (string, error) { return s, checkName(s) }, func(s string) string { return s })
}
