//go:build !amd64 || purego

package prefetch

import "unsafe"

// Lines asks for the lines in which the n octets from p on lie, at least one, as Object does.
func Lines(p unsafe.Pointer, n uintptr) {}
