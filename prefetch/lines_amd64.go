//go:build !purego

package prefetch

import "unsafe"

// Lines asks for the lines in which the n octets from p on lie, at least one, as Object does.
//
//go:noescape
func Lines(p unsafe.Pointer, n uintptr)
