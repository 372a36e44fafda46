// Package ipsecconf reads ipsec.conf and ipsec.secrets, as strongSwan's starter did, into the terms of swanctl.
package ipsecconf

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"culvert/swanctl/settings"
)

// The limits of files.
const (
	deepestInclude = 10
	mostLines      = 100_000
	mostSections   = 10_000
	mostTaken      = 1_000_000 // options that sections take over from each other
)

// A section is one of config, conn or ca.
type section struct {
	kind, name string
	place      settings.Place
	options    []option
}

// An option is a line of a section.
type option struct {
	name, value string
	place       settings.Place
}

// get returns the last value of an option.
func (s *section) get(name string) string {
	for i := len(s.options) - 1; i >= 0; i-- {
		if s.options[i].name == name {
			return s.options[i].value
		}
	}
	return ""
}

// A reader reads one file after the other.
type reader struct {
	files    fs.FS
	sections []*section
	depth    int
	lines    int
	taken    int // options that sections have taken over
}

// file reads a file and what it includes.
func (r *reader) file(name string) error {
	if r.depth == deepestInclude {
		return fmt.Errorf("%s: files include each other too deeply", name)
	}
	r.depth++
	defer func() { r.depth-- }()
	text, err := settings.ReadFile(r.files, name)
	if err != nil {
		return err
	}
	var current *section
	for n, line := range strings.Split(string(text), "\n") {
		at := settings.Place{File: name, Line: n + 1}
		if err := r.count(at); err != nil {
			return err
		}
		if current, err = r.line(at, line, current); err != nil {
			return err
		}
	}
	return nil
}

// count takes note of a line: of all files together, each as often as it is included, there are only so many.
func (r *reader) count(at settings.Place) error {
	if r.lines++; r.lines > mostLines {
		return &settings.SyntaxError{Place: at, Message: fmt.Sprintf("there are more than %d lines", mostLines)}
	}
	return nil
}

// line reads one line: what begins in its first column opens a section, the others are options of it.
func (r *reader) line(at settings.Place, line string, current *section) (*section, error) {
	line = strings.TrimRight(withoutComment(line), " \t\r")
	words := strings.Fields(line)
	switch {
	case len(words) == 0:
		return current, nil
	case line[0] != ' ' && line[0] != '\t':
		return r.head(at, words)
	case current == nil:
		return nil, &settings.SyntaxError{Place: at, Message: "an option stands outside of all sections"}
	}
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		return nil, &settings.SyntaxError{Place: at, Message: "an option has no value"}
	}
	value = strings.Trim(strings.TrimSpace(value), `"`)
	current.options = append(current.options, option{strings.TrimSpace(name), value, at})
	return current, nil
}

// head reads the line that opens a section, or an include.
func (r *reader) head(at settings.Place, words []string) (*section, error) {
	switch {
	case words[0] == "version":
		return nil, nil
	case len(words) != 2:
		return nil, &settings.SyntaxError{Place: at, Message: "a section begins with config, conn or ca and a name"}
	case words[0] == "include":
		return nil, r.include(at, words[1])
	case words[0] == "config", words[0] == "conn", words[0] == "ca":
		if len(r.sections) == mostSections {
			return nil, &settings.SyntaxError{Place: at, Message: fmt.Sprintf("there are more than %d sections", mostSections)}
		}
		s := &section{kind: words[0], name: words[1], place: at}
		r.sections = append(r.sections, s)
		return s, nil
	}
	return nil, &settings.SyntaxError{Place: at, Message: words[0] + " begins no section"}
}

func (r *reader) include(at settings.Place, pattern string) error {
	names, err := matching(r.files, at.File, pattern)
	if err != nil {
		return &settings.SyntaxError{Place: at, Message: pattern + " is no pattern"}
	}
	for _, name := range names {
		if err := r.file(name); err != nil {
			return err
		}
	}
	return nil
}

// matching lists the files that a pattern, relative to a file, fits.
func matching(files fs.FS, from, pattern string) ([]string, error) {
	if !path.IsAbs(pattern) {
		pattern = path.Join(path.Dir(from), pattern)
	}
	names, err := fs.Glob(files, strings.TrimPrefix(pattern, "/"))
	for i := range names {
		names[i] = "/" + names[i]
	}
	return names, err
}

// withoutComment cuts a line where a comment begins, which a quoted text may not.
func withoutComment(line string) string {
	quoted := false
	for i, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '#' && !quoted && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i]
		}
	}
	return line
}

// resolved returns a section with what it takes over: first from the section %default, then from those that also names, then its
// own.
func (r *reader) resolved(s *section, within []string) (*section, error) {
	out := &section{kind: s.kind, name: s.name, place: s.place}
	if len(within) == 0 {
		for _, d := range r.sections {
			if d.kind == s.kind && d.name == "%default" {
				out.options = append(out.options, d.options...)
			}
		}
	}
	for _, o := range s.options {
		if o.name != "also" {
			continue
		}
		other := r.find(s.kind, o.value)
		if other == nil || len(within) == deepestInclude {
			return nil, &settings.SyntaxError{Place: o.place, Message: "there is no " + s.kind + " " + o.value + " to take over, or it takes over itself"}
		}
		more, err := r.resolved(other, append(within, s.name))
		if err != nil {
			return nil, err
		}
		out.options = append(out.options, more.options...)
	}
	for _, o := range s.options {
		if o.name != "also" {
			out.options = append(out.options, o)
		}
	}
	if r.taken += 1 + len(out.options); r.taken > mostTaken {
		return nil, &settings.SyntaxError{Place: s.place, Message: "sections take over too much from each other"}
	}
	return out, nil
}

func (r *reader) find(kind, name string) *section {
	for _, s := range r.sections {
		if s.kind == kind && s.name == name {
			return s
		}
	}
	return nil
}
