// Package bugreport gathers what somebody needs who is to help, in one file without secrets: a tar archive with a manifest of what is
// in it and why something is not.
//
// Sources give no secrets to begin with: configurations are shown with secrets out, SAs without keys. What they give is searched for
// the secrets of the configuration all the same, as they are and in hexadecimal and base64, since a log line or the name of a
// file may have one.
package bugreport

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Source gives one file.
type Source struct {
	Name    string // of the file
	About   string // what is in it, in a few words
	Collect func(context.Context) ([]byte, error)
}

// An Entry is a file of the archive, or why it is not there.
type Entry struct {
	Name     string `json:"name"`
	About    string `json:"about"`
	Octets   int    `json:"octets"`
	Removed  int    `json:"removed,omitempty" doc:"Secrets that were found in it and taken out"`
	Cut      bool   `json:"cut,omitempty" doc:"Only the end is there"`
	Problem  string `json:"problem,omitempty" doc:"Why it is not there"`
	contents []byte
}

// Bounds of each source.
const (
	patience = 20 * time.Second
	largest  = 4 << 20 // octets; of more, the end
)

// Write collects from all sources, takes the secrets out and writes the archive. A source that fails is told in the manifest.
func Write(ctx context.Context, w io.Writer, sources []Source, s *Scrubber, now time.Time) ([]Entry, error) {
	var entries []Entry
	for _, src := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries = append(entries, collect(ctx, src, s))
	}
	return entries, archive(w, entries, s, now)
}

// collect asks one source.
func collect(ctx context.Context, src Source, s *Scrubber) Entry {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := Entry{Name: src.Name, About: src.About}
	b, err := src.Collect(ctx)
	if err != nil {
		text, _ := s.Scrub([]byte(err.Error()))
		e.Problem = string(text)
	}
	b, e.Removed = s.Scrub(b) // before it is cut, which might leave a part of a secret
	if len(b) > largest {
		b, e.Cut = b[len(b)-largest:], true
	}
	e.contents, e.Octets = b, len(b)
	return e
}

func archive(w io.Writer, entries []Entry, s *Scrubber, now time.Time) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	folder := "culvert-bugreport-" + now.UTC().Format("20060102T150405Z") + "/"
	add := func(name string, b []byte) error {
		h := &tar.Header{Name: folder + name, Mode: 0o600, Size: int64(len(b)), ModTime: now, Typeflag: tar.TypeReg}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err := t.Write(b)
		return err
	}
	if err := add("MANIFEST.md", manifest(entries, s, now)); err != nil {
		return err
	}
	for _, e := range entries {
		if len(e.contents) == 0 {
			continue
		}
		if err := add(e.Name, e.contents); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

// manifest says what is in the archive.
func manifest(entries []Entry, s *Scrubber, now time.Time) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# What is in this archive\n\nMade %s. Secrets, keys and passwords are not in it: %d of the configuration were searched for,\nas they are and in hexadecimal and base64. "+
		"Addresses, names and identities are. Look through it before you give it away.\n\n| file | what | octets | note |\n|---|---|---|---|\n", now.UTC().Format(time.RFC3339), s.Secrets())
	for _, e := range entries {
		var notes []string
		if e.Problem != "" {
			notes = append(notes, "problem: "+strings.ReplaceAll(strings.ReplaceAll(e.Problem, "\n", " "), "|", "/"))
		}
		if e.Removed > 0 {
			notes = append(notes, fmt.Sprintf("%d secrets taken out", e.Removed))
		}
		if e.Cut {
			notes = append(notes, "only the end is here")
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", e.Name, e.About, e.Octets, strings.Join(notes, "; "))
	}
	return b.Bytes()
}
