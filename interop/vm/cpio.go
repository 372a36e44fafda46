package vm

import (
	"fmt"
	"io"
)

// An archive writes the format that Linux unpacks as its first file system: cpio with headers in ASCII, "newc"
// (Documentation/driver-api/early-userspace/buffer-format.rst).
//
//	| "070701" | 13 fields of 8 hexadecimal digits | name, 0, to a multiple of 4 | content, to a multiple of 4 |
type archive struct {
	w     io.Writer
	inode int
	err   error
}

// The types of files, as in stat(2).
const (
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeSymlink = 0o120000
	modeDevice  = 0o020000
)

func (a *archive) dir(name string)            { a.entry(name, modeDir|0o755, 0, 0, nil) }
func (a *archive) file(name string, b []byte) { a.entry(name, modeRegular|0o755, 0, 0, b) }
func (a *archive) symlink(name, target string) {
	a.entry(name, modeSymlink|0o777, 0, 0, []byte(target))
}
func (a *archive) device(name string, major, minor int) {
	a.entry(name, modeDevice|0o600, major, minor, nil)
}

func (a *archive) entry(name string, mode, major, minor int, content []byte) {
	a.inode++
	links, uid, gid, mtime, checksum := 1, 0, 0, 0, 0
	header := "070701"
	for _, field := range []int{a.inode, mode, uid, gid, links, mtime, len(content), 0, 0, major, minor, len(name) + 1, checksum} {
		header += fmt.Sprintf("%08X", field)
	}
	a.padded([]byte(header + name + "\x00"))
	a.padded(content)
}

// padded writes octets and zeros up to a multiple of 4. The header's length is none, its name's padding makes up for it.
func (a *archive) padded(b []byte) {
	for _, part := range [][]byte{b, make([]byte, -len(b)&3)} {
		if a.err == nil {
			_, a.err = a.w.Write(part)
		}
	}
}

// close ends the archive and returns the first error that occurred.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.err
}
