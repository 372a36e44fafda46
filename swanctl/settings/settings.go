// Package settings has the tree of values, lists and sections that files in the syntax of strongswan.conf and messages of VICI
// share.
package settings

import (
	"fmt"
	"strings"
)

// A Section holds values, lists and sections in their order. The nil Section is empty.
type Section struct{ Items []Item }

// Kind tells what an item is.
type Kind uint8

// The kinds of items. A file knows no lists: what it has for one is a value with commas.
const (
	Value Kind = iota
	List
	Sub
)

// An Item is a named value, list or section.
type Item struct {
	Name    string
	Kind    Kind
	Value   []byte   // of a Value: text or octets
	List    [][]byte // of a List
	Files   []string // where the elements of a List come from, if they are the contents of files
	Section *Section // of a Sub
	Place   Place

	Cut       bool // of a Value: a comment begins right behind its last word, as it does in one with # that lacks its quotes
	Inherited bool // other sections of the file inherit from this outermost one, or from one inside
}

// A Place is where an item stands in a file; it is zero in a message.
type Place struct {
	File string
	Line int // from 1
}

// String returns "file:line".
func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Get returns the first item of a name and kind, as a message is read.
func (s *Section) Get(name string, k Kind) (Item, bool) {
	if s != nil {
		for _, i := range s.Items {
			if i.Name == name && i.Kind == k {
				return i, true
			}
		}
	}
	return Item{}, false
}

// Text returns a value as text, "" when there is none.
func (s *Section) Text(name string) string {
	i, _ := s.Get(name, Value)
	return string(i.Value)
}

// Texts returns the elements of a list as text.
func (s *Section) Texts(name string) []string {
	i, _ := s.Get(name, List)
	texts := make([]string, len(i.List))
	for n, v := range i.List {
		texts[n] = string(v)
	}
	return texts
}

// Sub returns a section, nil when there is none.
func (s *Section) Sub(name string) *Section {
	i, _ := s.Get(name, Sub)
	return i.Section
}

// Mentions tells whether a value of a name is in the section or in one inside.
func (s *Section) Mentions(name string) bool {
	if s == nil {
		return false
	}
	for _, i := range s.Items {
		if i.Kind == Value && strings.EqualFold(i.Name, name) || i.Kind == Sub && i.Section.Mentions(name) {
			return true
		}
	}
	return false
}

// Add appends a value.
func (s *Section) Add(name, value string) *Section { return s.AddBytes(name, []byte(value)) }

// AddBytes appends a value of octets, which are not copied.
func (s *Section) AddBytes(name string, value []byte) *Section {
	s.Items = append(s.Items, Item{Name: name, Kind: Value, Value: value})
	return s
}

// AddList appends a list.
func (s *Section) AddList(name string, values ...string) *Section {
	list := make([][]byte, len(values))
	for i, v := range values {
		list[i] = []byte(v)
	}
	s.Items = append(s.Items, Item{Name: name, Kind: List, List: list})
	return s
}

// Open appends an empty section and returns it.
func (s *Section) Open(name string) *Section {
	in := new(Section)
	s.Items = append(s.Items, Item{Name: name, Kind: Sub, Section: in})
	return in
}
