package vici

import (
	"encoding/binary"
	"errors"
	"fmt"

	"culvert/swanctl/settings"
)

// The elements of a message, by their first octet.
const (
	elementSectionStart = 1 // name
	elementSectionEnd   = 2
	elementKeyValue     = 3 // name, value
	elementListStart    = 4 // name
	elementListItem     = 5 // value
	elementListEnd      = 6
)

// Limits of a message. A name has one octet for its length, a value two.
const (
	maxName  = 255
	maxValue = 65535
	maxDepth = 64 // of sections inside each other; stock messages have 5
)

// Errors of messages.
var (
	errShort     = errors.New("message ends in the middle of an element")
	errUnclosed  = errors.New("message ends inside of a section or list")
	errDepth     = errors.New("sections are nested too deep")
	errSectionID = errors.New("end of a section that never began")
	errListItem  = errors.New("list item outside of a list")
	errInList    = errors.New("list holds something else than items")
	errName      = errors.New("name is not printable ASCII")
)

// errElement is an octet that begins no element.
type errElement byte

func (e errElement) Error() string { return fmt.Sprintf("element of unknown type %d", byte(e)) }

// Decode reads a message. Its values alias b.
func Decode(b []byte) (*settings.Section, error) {
	d := decoder{rest: b, open: []*settings.Section{new(settings.Section)}}
	for len(d.rest) > 0 {
		if err := d.element(); err != nil {
			return nil, err
		}
	}
	if len(d.open) > 1 || d.list != nil {
		return nil, errUnclosed
	}
	return d.open[0], nil
}

// A decoder reads one message.
type decoder struct {
	rest []byte
	open []*settings.Section // the innermost one last
	list *settings.Item      // that is being read; nil outside of lists
}

// element reads the next element.
func (d *decoder) element() error {
	kind := d.rest[0]
	d.rest = d.rest[1:]
	if d.list != nil {
		return d.inList(kind)
	}
	switch kind {
	case elementSectionStart, elementKeyValue, elementListStart:
		return d.named(kind)
	case elementSectionEnd:
		if len(d.open) == 1 {
			return errSectionID
		}
		d.open = d.open[:len(d.open)-1]
		return nil
	case elementListItem, elementListEnd:
		return errListItem
	}
	return errElement(kind)
}

// named reads an element that begins with a name.
func (d *decoder) named(kind byte) error {
	name, err := d.name()
	if err != nil {
		return err
	}
	in := d.open[len(d.open)-1]
	switch kind {
	case elementKeyValue:
		value, err := d.value()
		if err != nil {
			return err
		}
		in.AddBytes(name, value)
	case elementSectionStart:
		if len(d.open) > maxDepth {
			return errDepth
		}
		d.open = append(d.open, in.Open(name))
	case elementListStart:
		in.AddList(name)
		d.list = &in.Items[len(in.Items)-1]
	}
	return nil
}

// inList reads an element of a list.
func (d *decoder) inList(kind byte) error {
	switch kind {
	case elementListEnd:
		d.list = nil
		return nil
	case elementListItem:
		value, err := d.value()
		if err == nil {
			d.list.List = append(d.list.List, value)
		}
		return err
	}
	return errInList
}

func (d *decoder) name() (string, error) {
	if len(d.rest) == 0 || len(d.rest) < 1+int(d.rest[0]) {
		return "", errShort
	}
	n := 1 + int(d.rest[0])
	name := string(d.rest[1:n])
	d.rest = d.rest[n:]
	if !printable(name) {
		return "", errName
	}
	return name, nil
}

func (d *decoder) value() ([]byte, error) {
	if len(d.rest) < 2 || len(d.rest) < 2+int(binary.BigEndian.Uint16(d.rest)) {
		return nil, errShort
	}
	n := 2 + int(binary.BigEndian.Uint16(d.rest))
	value := d.rest[2:n:n]
	d.rest = d.rest[n:]
	return value, nil
}

// printable tells whether a name has none but printable characters of ASCII.
func printable(name string) bool {
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// A SizeError is a name or value that has no room in a message, or a message that has none in a segment.
type SizeError struct {
	What        string
	Size, Limit int
}

// Error says what has no room.
func (e *SizeError) Error() string {
	return fmt.Sprintf("%s of %d octets exceeds the limit of %d", e.What, e.Size, e.Limit)
}

// Encode writes a message. The error is a *SizeError, or of a name that is not printable.
func Encode(message *settings.Section) ([]byte, error) { return appendSection(nil, message) }

func appendSection(b []byte, s *settings.Section) ([]byte, error) {
	if s == nil {
		return b, nil
	}
	var err error
	for _, item := range s.Items {
		if b, err = appendItem(b, item); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendItem(b []byte, item settings.Item) ([]byte, error) {
	start := [...]byte{settings.Value: elementKeyValue, settings.List: elementListStart, settings.Sub: elementSectionStart}
	b, err := appendName(append(b, start[item.Kind]), item.Name)
	if err != nil {
		return nil, err
	}
	switch item.Kind {
	case settings.Sub:
		b, err = appendSection(b, item.Section)
		return append(b, elementSectionEnd), err
	case settings.List:
		for _, v := range item.List {
			if b, err = appendValue(append(b, elementListItem), item.Name, v); err != nil {
				return nil, err
			}
		}
		return append(b, elementListEnd), nil
	}
	return appendValue(b, item.Name, item.Value)
}

func appendName(b []byte, name string) ([]byte, error) {
	if len(name) > maxName {
		return nil, &SizeError{What: "name", Size: len(name), Limit: maxName}
	}
	if !printable(name) {
		return nil, fmt.Errorf("%q: %w", name, errName)
	}
	return append(append(b, byte(len(name))), name...), nil
}

func appendValue(b []byte, name string, value []byte) ([]byte, error) {
	if len(value) > maxValue {
		return nil, &SizeError{What: "value " + name, Size: len(value), Limit: maxValue}
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...), nil
}
