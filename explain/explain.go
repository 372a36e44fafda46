// Package explain is the catalogue of the stable codes that errors and warnings carry: what each one means, what leads to
// it and what to do next. `culvert explain CODE` prints an entry.
//
// A code is an area and a short name, as in "CONFIG-UNKNOWN-KEY". It never changes its meaning; a code that is no longer
// used keeps its entry.
package explain

import (
	"cmp"
	"slices"
	"strings"
)

// A Code names one kind of error or warning.
type Code string

// An Entry explains a code.
type Entry struct {
	Code   Code   `json:"code"`
	Title  string `json:"title"`  // what it says, in one line
	Cause  string `json:"cause"`  // what leads to it, in sentences
	Action string `json:"action"` // what to do next, in sentences
}

// All returns every entry, sorted by code.
func All() []Entry {
	all := slices.Concat(authEntries(), configEntries(), eapEntries(), hookEntries(), hostEntries(), ikeEntries(), kernelEntries(), manageEntries(), radiusEntries(), userEntries())
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

// Lookup returns the entry of a code, written in upper or lower case.
func Lookup(code Code) (Entry, bool) {
	all := All()
	code = Code(strings.ToUpper(string(code)))
	i, ok := slices.BinarySearchFunc(all, code, func(e Entry, c Code) int { return cmp.Compare(e.Code, c) })
	if !ok {
		return Entry{}, false
	}
	return all[i], true
}
