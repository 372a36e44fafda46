package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"culvert/secret"
)

// usersFile is the slot of the file with users: what is wrong in it is reported at its place in it.
type usersFile struct{ users *Users }

func (s *usersFile) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	origin.record(o.name, expr.Range())
	r := reader[File]{kind: s.kind(), expect: `a path such as "staff.users", or credential("name")`, parse: func(l literal) (File, error) {
		if l.Type() != cty.String {
			return File{}, errType
		}
		f, data, err := d.open(l, true)
		if err != nil {
			return File{}, err
		}
		d.texts[f.Path] = &text{raw: data}
		if in := d.parse(f.Path, data); in != nil {
			var of Origin
			d.body(schema{kind: "the file of users", origin: &of, blocks: []nested{{kind: "user", many: true, open: s.users.openUser}}}, in, map[string]hcl.Range{})
		}
		return f, nil
	}}
	if f, ok := r.take(d, o, expr); ok {
		s.users.File = UsersFile{f}
	}
}

func (s *usersFile) kind() string { return "file of users" }
func (s *usersFile) text() string { return "" }
func (s *usersFile) stored() any  { return s.users.File }

// sealed is the slot of a text that is made of a secret and never shown.
type sealed[T any] struct {
	dst    *T
	expect string
	parse  func(string) (T, error)
}

func (s *sealed[T]) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	one(s.dst, reader[T]{kind: secretKind, expect: s.expect, parse: func(l literal) (v T, err error) {
		if l.call != "" || l.Type() != cty.String {
			return v, errType
		}
		d.checkPermissions(l.span.Filename, l.span)
		return s.parse(l.AsString())
	}}).read(d, o, origin, expr)
}

func (s *sealed[T]) kind() string { return secretKind }
func (s *sealed[T]) text() string { return "" }
func (s *sealed[T]) stored() any  { return *s.dst }

func parseNTHash(text string) (secret.Bytes, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 16 {
		return nil, errors.New("it is no NT hash")
	}
	return b, nil
}

// plainText is a password as it stands there.
func plainText(text string) (secret.Bytes, error) {
	if text == "" {
		return nil, errors.New("it is empty")
	}
	return secret.Bytes(text), nil
}

const freeNameExpected = "a name of up to 253 octets that can be printed"

// checkFreeName says what is wrong with a name that others have made.
func checkFreeName(s string) error {
	switch {
	case s == "":
		return errors.New("it is empty")
	case len(s) > 253:
		return errors.New("it is too long")
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("it has a character that cannot be printed")
	}
	return nil
}

// groupName reads the name of a group.
func groupName() reader[string] {
	return textual("group", freeNameExpected, func(s string) (string, error) { return s, checkFreeName(s) }, func(s string) string { return s })
}

// moment reads a time, or a day, which means its end.
func moment() reader[time.Time] {
	const day = "2006-01-02"
	return textual("time", `a day such as "2027-01-31", or a time such as "2027-01-31T18:00:00+01:00"`, func(s string) (time.Time, error) {
		if t, err := time.Parse(day, s); err == nil {
			return t.AddDate(0, 0, 1), nil
		}
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return t, fmt.Errorf("%q is neither day nor time", printable(s))
		}
		return t.UTC(), nil
	}, func(t time.Time) string {
		switch {
		case t.IsZero():
			return ""
		case t.Equal(t.Truncate(24 * time.Hour)):
			return t.AddDate(0, 0, -1).Format(day)
		}
		return t.Format(time.RFC3339)
	})
}
