// Package bugreport gathers what somebody needs who is to help, in one file without secrets: a tar archive with a manifest of what is
// in it and why something is not.
//
// Sources give no secrets to begin with: configurations are shown with secrets out, SAs without keys. What they give is searched for
// the secrets of the configuration all the same, as they are and in hexadecimal and base64, since a log line or the name of a
// file may have one. The daemon searches it for those that it alone knows.
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
	Name    string `json:"name"`
	About   string `json:"about"`
	Octets  int    `json:"octets"`
	Removed int    `json:"removed,omitempty" doc:"Secrets that were found in it and taken out"`
	Cut     bool   `json:"cut,omitempty" doc:"Only the end is there"`
	Problem string `json:"problem,omitempty" doc:"Why it is not there"`

	Unsearched string `json:"unsearched,omitempty" doc:"Why the daemon has not searched it for the secrets that it has loaded"`

	contents []byte
}

// Bounds of each source.
const (
	patience = 20 * time.Second
	largest  = 4 << 20  // octets; of more, the end
	margin   = 64 << 10 // before that end: a secret that is cut there does not reach beyond it
)

// A Cleaner takes out secrets.
type Cleaner struct {
	*Scrubber // knows those that whoever gathers can read

	// Daemon knows those that are loaded. It answers with the text without them and the number of places. nil: nobody can be asked.
	Daemon func(context.Context, []byte) ([]byte, int, error)
}

// Write collects from all sources, takes the secrets out and writes the archive. A source that fails is told in the manifest.
func Write(ctx context.Context, w io.Writer, sources []Source, s *Cleaner, now time.Time) ([]Entry, error) {
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
func collect(ctx context.Context, src Source, s *Cleaner) Entry {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := Entry{Name: src.Name, About: src.About}
	b, err := src.Collect(ctx)
	if err != nil {
		text, _, _ := s.clean(ctx, []byte(err.Error())) // its own error is told of the contents
		e.Problem = string(text)
	}
	if len(b) > largest+margin {
		b, e.Cut = b[len(b)-largest-margin:], true
	}
	b, e.Removed, err = s.clean(ctx, b)
	if err != nil {
		e.Unsearched = err.Error()
	}
	if e.Cut {
		b = b[min(margin, len(b)):] // where a part of a secret may be
	}
	if len(b) > largest {
		b, e.Cut = b[len(b)-largest:], true
	}
	e.contents, e.Octets = b, len(b)
	return e
}

// clean takes out what is known here, then what the daemon knows. With an error the daemon has not looked.
func (s *Cleaner) clean(ctx context.Context, b []byte) ([]byte, int, error) {
	b, removed := s.Scrub(b)
	if s.Daemon == nil || len(b) == 0 {
		return b, removed, nil
	}
	cleaner, more, err := s.Daemon(ctx, b)
	if err != nil {
		return b, removed, err
	}
	return cleaner, removed + more, nil
}

func archive(w io.Writer, entries []Entry, s *Cleaner, now time.Time) error {
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
func manifest(entries []Entry, s *Cleaner, now time.Time) []byte {
	var b bytes.Buffer
	daemon := "So did the daemon for those that it has loaded."
	if s.Daemon == nil {
		daemon = "No daemon could be asked to search for those that it may have loaded from elsewhere."
	}
	fmt.Fprintf(&b, "# What is in this archive\n\nMade %s. Secrets, keys and passwords are not in it: %d of the configuration were searched for,\nas they are and in hexadecimal and base64. %s\n"+
		"Addresses, names and identities are. Look through it before you give it away.\n\n| file | what | octets | note |\n|---|---|---|---|\n", now.UTC().Format(time.RFC3339), s.Secrets(), daemon)
	for _, e := range entries {
		var notes []string
		if e.Problem != "" {
			notes = append(notes, "problem: "+cellText(e.Problem))
		}
		if e.Unsearched != "" {
			notes = append(notes, "not searched by the daemon: "+cellText(e.Unsearched))
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

// cellText is text for a cell of a table.
func cellText(s string) string { return strings.NewReplacer("\n", " ", "|", "/").Replace(s) }
