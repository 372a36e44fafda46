package tunnel

import (
	"bytes"
	"io/fs"
	"time"
)

// textName is where a configuration appears that is no file.
const textName = "configuration.hcl"

// An overlay is a file system with one file in front of it, which is private.
type overlay struct {
	fs.FS
	text []byte
}

// Open returns the text or a file below.
func (o overlay) Open(name string) (fs.File, error) {
	if name == textName {
		return &textFile{Reader: bytes.NewReader(o.text), size: int64(len(o.text))}, nil
	}
	return o.FS.Open(name)
}

// textFile is the text as a file, and what is known about it.
type textFile struct {
	*bytes.Reader
	size int64
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *textFile) Close() error               { return nil }
func (f *textFile) Name() string               { return textName }
func (f *textFile) Size() int64                { return f.size }
func (f *textFile) Mode() fs.FileMode          { return 0o400 }
func (f *textFile) ModTime() time.Time         { return time.Time{} }
func (f *textFile) IsDir() bool                { return false }
func (f *textFile) Sys() any                   { return nil }
