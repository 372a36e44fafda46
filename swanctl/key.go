package swanctl

import (
	"errors"
	"fmt"
	"strings"

	"culvert/config"
	"culvert/explain"
	"culvert/legible"
	"culvert/swanctl/settings"
)

// State says what becomes of a key.
type State string

// The states of keys.
const (
	Implemented State = "implemented"
	NoEffect    State = "without effect" // as it is in strongSwan with IKEv2
	Refused     State = "refused"        // any value that asks for something
)

// Form is how a key is written.
type Form string

// The forms of keys. A file has a list as one value with commas, and a list of files as their names.
const (
	Scalar  Form = "value"
	Several Form = "list"
	Files   Form = "files"
	Blob    Form = "file"
	Block   Form = "section"
)

// A Key is one of swanctl.conf.
type Key struct {
	Name  string // "*" at its end stands for any suffix
	Form  Form
	State State
	Note  string // what it does here, or why it is refused
	Since string // version of strongSwan, if it is younger than 5.9.8
}

// number is the name of keys that are numbers.
const number = "<number>"

// fits tells whether a name is the key's, whatever the case.
func (k *Key) fits(name string) bool {
	if k.Name == number {
		return name != "" && strings.Trim(name, "0123456789") == ""
	}
	prefix, open := strings.CutSuffix(k.Name, "*")
	if open {
		return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
	}
	return strings.EqualFold(name, k.Name)
}

// A value is what an item has, and where it stands.
type value struct {
	origin
	item settings.Item
}

// text returns the value; octets that are no text are not shown.
func (v value) text() string { return string(v.item.Value) }

// texts returns the elements of a list that are not empty.
func (v value) texts() []string {
	var all []string
	for _, e := range v.item.List {
		if s := strings.TrimSpace(string(e)); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// A row of a table is a key and how it is read into a T. nil reads nothing.
type row[T any] struct {
	Key
	read func(T, value) error
}

// walk reads all items of a section by a table.
func walk[T any](t *translation, rows []row[T], into T, at origin, s *settings.Section) {
	for _, i := range s.Items {
		v := value{at.in(i), i}
		r := lookup(rows, i)
		if r == nil {
			t.unknown(v, names(rows))
			continue
		}
		if err := printable(i); err != nil && r.Form != Files && r.Form != Blob {
			t.invalid(v, err)
			continue
		}
		if r.read == nil {
			continue
		}
		if err := r.read(into, v); err != nil {
			t.invalid(v, err)
		}
	}
}

// lookup finds the row of an item, whose form must fit.
func lookup[T any](rows []row[T], i settings.Item) *row[T] {
	for n := range rows {
		r := &rows[n]
		if r.fits(i.Name) && kindOf(r.Form) == i.Kind {
			return r
		}
	}
	return nil
}

func kindOf(f Form) settings.Kind {
	switch f {
	case Scalar, Blob:
		return settings.Value
	case Block:
		return settings.Sub
	}
	return settings.List
}

func names[T any](rows []row[T]) []Key {
	keys := make([]Key, len(rows))
	for i := range rows {
		keys[i] = rows[i].Key
	}
	return keys
}

// unknown refuses an item that is none of some keys, or has another form than its key.
func (t *translation) unknown(v value, keys []Key) {
	code := explain.ConfigUnknownKey
	if v.item.Kind == settings.Sub {
		code = explain.ConfigUnknownBlock
	}
	reason, hint := "there is no such key", ""
	for _, k := range keys {
		if k.fits(v.item.Name) {
			reason = fmt.Sprintf("the key takes a %s", k.Form)
		}
	}
	if near := nearest(v.item.Name, keys); near != "" {
		hint = "did you mean " + near + "?"
	} else if v.item.Kind == settings.Sub {
		hint = blocksOf(keys)
	}
	t.refuse(v.diagnostic(config.Error, code, reason, hint))
}

// blocksOf names the sections that there are.
func blocksOf(keys []Key) string {
	var all []string
	for _, k := range keys {
		if k.Form == Block {
			all = append(all, k.Name)
		}
	}
	if all == nil {
		return ""
	}
	return "there are " + strings.Join(all, ", ")
}

// invalid refuses an item for its value.
func (t *translation) invalid(v value, err error) {
	var m *mistake
	hint := ""
	if errors.As(err, &m) {
		hint = m.hint
	}
	t.refuse(v.diagnostic(config.Error, explain.ConfigBadValue, err.Error(), hint))
}

func (t *translation) refuse(d config.Diagnostic) { t.findings = append(t.findings, d) }

// warn tells what an operator should know about something that is used nevertheless.
func (t *translation) warn(at origin, code explain.Code, message, hint string) {
	t.findings = append(t.findings, at.diagnostic(config.Warning, code, message, hint))
}

// printable refuses values that are no text.
func printable(i settings.Item) error {
	for _, v := range append(i.List, i.Value) {
		for _, c := range v {
			if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f {
				return errors.New("the value has octets that are no text")
			}
		}
	}
	return nil
}

// nearest returns the key that was probably meant, or "".
func nearest(name string, keys []Key) string {
	var names []string
	for _, k := range keys {
		if !k.fits(name) {
			names = append(names, strings.TrimSuffix(k.Name, "*"))
		}
	}
	return legible.Closest(name, names)
}
