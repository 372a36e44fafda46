// Package explain holds the stable codes of everything that can go wrong, with what each one means and what to do about it,
// for `culvert explain`.
//
// There is one file per area. A code, once released, keeps its meaning and is never reused.
package explain

import (
	"slices"
	"strings"
)

// A Code names a failure or a warning, for example "AUTH-ID-MISMATCH".
type Code string

// An Entry documents a code.
type Entry struct {
	Code    Code
	Summary string // one line: what happened
	Cause   string // why it happens
	Action  string // what to do next
}

// All returns every entry, ordered by code. The caller owns the slice.
func All() []Entry {
	all := slices.Concat(authEntries(), ikeEntries(), configEntries())
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return all
}

// Lookup returns the entry of a code. Letter case does not matter.
func Lookup(code Code) (Entry, bool) {
	all := All()
	want := strings.ToUpper(string(code))
	i, ok := slices.BinarySearchFunc(all, want, func(e Entry, c string) int { return strings.Compare(string(e.Code), c) })
	if !ok {
		return Entry{}, false
	}
	return all[i], true
}
