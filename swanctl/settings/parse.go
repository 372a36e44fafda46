package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// The limits of files.
const (
	deepestInclude = 10
	mostFiles      = 10_000
	largestFile    = 16 << 20
	mostOctets     = 64 << 20 // of all files, each as often as it is included
	deepestSection = 32
)

// A node is a section as it stands in the files, before it inherits.
type node struct {
	name   string
	place  Place
	items  []*leaf
	subs   map[string]*node // the sections of items
	values map[string]int   // where the others are in items
	refs   []reference
	parent *node
}

// A leaf is a value or a section of a node.
type leaf struct {
	name  string
	place Place
	value string
	given bool // false: the value is cleared
	cut   bool // a comment begins right behind the value
	sub   *node
}

// A reference names a section to inherit from, by its path from the outermost level.
type reference struct {
	path  string
	place Place
}

// A parser reads one file after the other into a tree.
type parser struct {
	files  fs.FS
	read   int // files
	octets int // of these
	depth  int // of includes
}

// Read reads a file, by its absolute path in files, and what it includes. Sections have what they inherit. The error is a
// *SyntaxError where a line is to blame.
func Read(files fs.FS, name string) (*Section, error) {
	p := &parser{files: files}
	root := new(node)
	if err := p.file(path.Clean(name), root); err != nil {
		return nil, err
	}
	return inherit(root)
}

func (p *parser) file(name string, into *node) error {
	data, err := ReadFile(p.files, name)
	if err != nil {
		return err
	}
	p.read++
	if p.octets += len(data); p.octets > mostOctets {
		return &SyntaxError{Place: Place{name, 1}, Message: "the files are too large together"}
	}
	return p.text(name, string(data), into)
}

// ReadFile reads a regular file, by its absolute path in files, of at most 16 MiB.
func ReadFile(files fs.FS, name string) ([]byte, error) {
	name = strings.TrimPrefix(name, "/")
	info, err := fs.Stat(files, name)
	switch {
	case err != nil:
		return nil, rooted(name, err)
	case !info.Mode().IsRegular() || info.Size() > largestFile:
		return nil, &fs.PathError{Op: "read", Path: "/" + name, Err: fmt.Errorf("it is no regular file of at most %d MiB", largestFile>>20)}
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestFile)) // some files of the kernel's have more than they say
}

// rooted names a file in an error as its reader does.
func rooted(name string, err error) error {
	var wrong *fs.PathError
	if errors.As(err, &wrong) {
		return &fs.PathError{Op: "read", Path: "/" + name, Err: wrong.Err}
	}
	return err
}

func (p *parser) text(name, text string, into *node) error {
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return &SyntaxError{Place{name, 1}, "the file is in UTF-16", "save it as UTF-8, or: iconv -f UTF-16 -t UTF-8 " + name}
	}
	l := &lexer{text: strings.TrimPrefix(text, "\ufeff"), line: 1, file: name}
	if err := p.statements(l, into, 0); err != nil {
		return err
	}
	if l.peek() == '}' {
		return &SyntaxError{l.place(), "a brace closes what nothing has opened", "remove it, or look for one too many above, or for a section that is written with ="}
	}
	return nil
}

// statements reads sections, values and includes up to a closing brace or the end of the file.
func (p *parser) statements(l *lexer, into *node, depth int) error {
	if depth > deepestSection {
		return l.fail("sections are nested more than %d deep", deepestSection)
	}
	for {
		l.blank()
		if l.at == len(l.text) || l.peek() == '}' {
			return nil
		}
		if err := p.statement(l, into, depth); err != nil {
			return err
		}
	}
}

func (p *parser) statement(l *lexer, into *node, depth int) error {
	at := l.place()
	name := l.name()
	if name == "" {
		return l.fail("a name was expected, not %q", l.peek())
	}
	if name == "include" && isBlank(l.peek()) && !followsAssignment(l) {
		return p.include(l, into)
	}
	l.blank()
	switch l.peek() {
	case '=':
		l.next()
		value, given, err := l.value()
		cut := given && l.peek() == '#' && !strings.ContainsRune(" \t\r\"", rune(l.text[l.at-1]))
		into.assign(&leaf{name: name, place: at, value: value, given: given, cut: cut})
		return err
	case '{', ':':
		return p.section(l, into.section(name, at), depth)
	}
	return &SyntaxError{l.place(), fmt.Sprintf(`%q is followed neither by "=" nor by "{"`, name), otherFormat(name)}
}

// otherFormat says what to do about a file that begins as another program's does, or how lines are written.
func otherFormat(word string) string {
	switch word {
	case "conn", "config", "ca":
		return "this looks like ipsec.conf: `culvert import ipsec.conf` turns it into culvert.hcl"
	case "connection", "secret":
		return "this looks like culvert.hcl: read it with --config"
	}
	return "write key = value, or name { ... }"
}

func followsAssignment(l *lexer) bool {
	return strings.HasPrefix(strings.TrimLeft(l.text[l.at:], " \t\r"), "=")
}

// section reads what a section inherits from and holds.
func (p *parser) section(l *lexer, n *node, depth int) error {
	if l.peek() == ':' {
		l.next()
		if err := l.references(n); err != nil {
			return err
		}
	}
	begin := l.place()
	l.next()
	if err := p.statements(l, n, depth+1); err != nil {
		return err
	}
	if l.next() != '}' {
		return &SyntaxError{begin, "the section " + n.name + " is not closed", "add its closing brace, or look for one that is missing in it"}
	}
	return nil
}

// references reads paths with commas between them, up to a brace.
func (l *lexer) references(n *node) error {
	for {
		l.blank()
		at := l.place()
		ref := l.while(func(c byte) bool { return !strings.ContainsRune("#{}:,=\"\r\n\t ", rune(c)) })
		if ref == "" || strings.HasPrefix(ref, ".") || strings.HasSuffix(ref, ".") || strings.Contains(ref, "..") {
			return l.fail("the path of a section to inherit from was expected")
		}
		n.refs = append(n.refs, reference{ref, at})
		l.blank()
		switch l.peek() {
		case ',':
			l.next()
		case '{':
			return nil
		default:
			return l.fail(`%q is followed neither by "," nor by "{"`, ref)
		}
	}
}

// include reads the files that a pattern names as if they stood here. A pattern may find nothing.
func (p *parser) include(l *lexer, into *node) error {
	at := l.place()
	pattern, err := l.pattern()
	switch {
	case err != nil:
		return err
	case pattern == "" || p.files == nil:
		return &SyntaxError{Place: at, Message: "there is nothing to include"}
	case p.depth == deepestInclude:
		return &SyntaxError{at, "files include each other too deeply", "look for a file that includes itself"}
	}
	if !path.IsAbs(pattern) {
		pattern = path.Join(path.Dir(l.file), pattern)
	}
	names, err := matching(p.files, pattern)
	if err != nil {
		return &SyntaxError{Place: at, Message: pattern + " is no pattern"}
	}
	p.depth++
	defer func() { p.depth-- }()
	for _, name := range names {
		if p.read == mostFiles {
			return &SyntaxError{Place: at, Message: "there are too many files"}
		}
		if err := p.file(name, into); err != nil {
			if _, inside := err.(*SyntaxError); inside {
				return err
			}
			return &SyntaxError{Place: at, Message: err.Error()}
		}
	}
	return nil
}

// matching lists the absolute paths that an absolute pattern fits; one without wildcards is itself.
func matching(files fs.FS, pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, `*?[\`) {
		return []string{pattern}, nil
	}
	names, err := fs.Glob(files, strings.TrimPrefix(path.Clean(pattern), "/"))
	for i := range names {
		names[i] = "/" + names[i]
	}
	return names, err
}

// section returns the section of a name, which later ones of that name extend.
func (n *node) section(name string, at Place) *node {
	if sub := n.subs[name]; sub != nil {
		return sub
	}
	sub := &node{name: name, place: at, parent: n}
	n.items = append(n.items, &leaf{name: name, place: at, sub: sub})
	if n.subs == nil {
		n.subs = make(map[string]*node)
	}
	n.subs[name] = sub
	return sub
}

// assign puts a value, in the place of an earlier one.
func (n *node) assign(v *leaf) {
	if i, there := n.values[v.name]; there {
		n.items[i] = v
		return
	}
	if n.values == nil {
		n.values = make(map[string]int)
	}
	n.values[v.name] = len(n.items)
	n.items = append(n.items, v)
}
