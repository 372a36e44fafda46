package wire

import (
	"cmp"
	"slices"
	"strconv"
)

// number is any code point of a registry: one octet or two.
type number interface{ ~uint8 | ~uint16 }

// named is one row of a registry. Tables of rows are sorted by number and never written to.
type named[N number] struct {
	number N
	name   string
}

// nameOf finds the name of n in a sorted table, or makes one such as NOTIFY(40000). It allocates for unknown numbers only.
func nameOf[N number](table []named[N], registry string, n N) string {
	i, found := slices.BinarySearchFunc(table, n, func(row named[N], n N) int { return cmp.Compare(row.number, n) })
	if found {
		return table[i].name
	}
	return registry + "(" + strconv.FormatUint(uint64(n), 10) + ")"
}
