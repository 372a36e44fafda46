package settings

import (
	"fmt"
	"strings"
)

// A lexer reads the text of one file.
type lexer struct {
	text string
	at   int
	line int
	file string
}

// A SyntaxError is a mistake in a file.
type SyntaxError struct {
	Place
	Message string
	Hint    string // what to do, if that is known
}

// Error says where the mistake is, and what.
func (e *SyntaxError) Error() string { return e.Place.String() + ": " + e.Message }

func (l *lexer) fail(format string, args ...any) error {
	return &SyntaxError{Place: l.place(), Message: fmt.Sprintf(format, args...)}
}

func (l *lexer) place() Place { return Place{l.file, l.line} }

// peek returns the next octet, 0 at the end.
func (l *lexer) peek() byte {
	if l.at == len(l.text) {
		return 0
	}
	return l.text[l.at]
}

func (l *lexer) next() byte {
	c := l.peek()
	if l.at < len(l.text) {
		l.at++
	}
	if c == '\n' {
		l.line++
	}
	return c
}

// blank skips spaces, newlines and comments.
func (l *lexer) blank() {
	for l.at < len(l.text) {
		switch c := l.peek(); {
		case c == '#':
			l.comment()
		case isBlank(c) || c == '\n':
			l.next()
		default:
			return
		}
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// comment skips what follows on the line.
func (l *lexer) comment() {
	for l.at < len(l.text) && l.peek() != '\n' {
		l.at++
	}
}

// name reads the name of a section or key; it is "" where none stands.
func (l *lexer) name() string {
	return l.while(func(c byte) bool { return !strings.ContainsRune("#{}:.,=\"\r\n\t ", rune(c)) })
}

// while reads octets as long as they belong.
func (l *lexer) while(belongs func(byte) bool) string {
	start := l.at
	for l.at < len(l.text) && belongs(l.text[l.at]) {
		l.at++
	}
	return l.text[start:l.at]
}

// value reads what stands behind "=": words and strings with a space between them, up to the end of the line, a comment or a
// brace. given is false when nothing stands there.
func (l *lexer) value() (value string, given bool, err error) {
	var parts []string
	for {
		l.while(isBlank)
		switch c := l.peek(); {
		case l.at == len(l.text) || c == '\n' || c == '#' || c == '}':
			return strings.Join(parts, " "), len(parts) > 0, nil
		case c == '"':
			s, err := l.quoted()
			if err != nil {
				return "", false, err
			}
			parts = append(parts, s)
		default:
			parts = append(parts, l.while(func(c byte) bool { return !strings.ContainsRune("#}\"\r\n\t ", rune(c)) }))
		}
	}
}

// quoted reads a string, whose lines a backslash at their end joins.
func (l *lexer) quoted() (string, error) {
	begin := l.place()
	l.next()
	var b strings.Builder
	for l.at < len(l.text) {
		switch c := l.next(); c {
		case '"':
			return b.String(), nil
		case '\r':
		case '\\':
			if l.at == len(l.text) {
				return "", &SyntaxError{begin, "the string does not end", "add the closing quote"}
			}
			l.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	return "", &SyntaxError{begin, "the string does not end", "add the closing quote"}
}

// escape reads what stands behind a backslash.
func (l *lexer) escape(b *strings.Builder) {
	if strings.HasPrefix(l.text[l.at:], "\r\n") {
		l.next()
	}
	switch c := l.next(); c {
	case '\n':
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	default:
		b.WriteByte(c)
	}
}

// pattern reads the pattern of an include, in quotes or without; a backslash takes a character for itself.
func (l *lexer) pattern() (string, error) {
	l.while(isBlank)
	if l.peek() == '"' {
		return l.quoted()
	}
	var b strings.Builder
	for l.at < len(l.text) && !strings.ContainsRune("#}\n\t\r ", rune(l.peek())) {
		c := l.next()
		if c == '\\' && l.at < len(l.text) && strings.ContainsRune(`"#} `, rune(l.peek())) {
			c = l.next()
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}
