package config

import (
	"bytes"
	"io/fs"
	"path"
	"time"
)

// An Overlay is a file system with files in memory in front of those of another one. The files in memory belong to their owner
// alone and are found by their names, not by patterns.
type Overlay struct {
	Below fs.FS             // nil: there is nothing else
	Files map[string][]byte // by absolute path; not changed while the Overlay is in use
}

// Open opens a file.
func (o Overlay) Open(name string) (fs.File, error) {
	if data, ok := o.Files["/"+name]; ok {
		return &memoryFile{Reader: *bytes.NewReader(data), info: memoryInfo{path.Base(name), int64(len(data))}}, nil
	}
	if o.Below == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return o.Below.Open(name)
}

// Stat describes a file without opening it.
func (o Overlay) Stat(name string) (fs.FileInfo, error) {
	if data, ok := o.Files["/"+name]; ok {
		return memoryInfo{path.Base(name), int64(len(data))}, nil
	}
	if o.Below == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return fs.Stat(o.Below, name)
}

type memoryFile struct {
	bytes.Reader
	info memoryInfo
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memoryFile) Close() error               { return nil }

type memoryInfo struct {
	name string
	size int64
}

func (i memoryInfo) Name() string       { return i.name }
func (i memoryInfo) Size() int64        { return i.size }
func (i memoryInfo) Mode() fs.FileMode  { return 0o600 }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return false }
func (i memoryInfo) Sys() any           { return nil }
