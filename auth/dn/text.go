package dn

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	stdasn1 "encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Format prints a name for people, "C=CH, O=Example, CN=gw", in the order of its encoding, with the escapes of RFC 4514,
// Section 2.4. Control octets and invisible characters are escaped. What does not decode is printed whole as # and
// hexadecimal digits.
func Format(der []byte) string {
	n, err := decode(der)
	if err != nil {
		return "#" + hex.EncodeToString(der)
	}
	var b strings.Builder
	for i, rdn := range n {
		for j, a := range rdn {
			switch {
			case j > 0:
				b.WriteString(" + ")
			case i > 0:
				b.WriteString(", ")
			}
			if !a.format(&b) {
				return "#" + hex.EncodeToString(der)
			}
		}
	}
	return b.String()
}

// format prints type=value. It reports false if the type is no number that can be printed.
func (a attribute) format(b *strings.Builder) bool {
	dotted, ok := decodeOID(a.oid)
	if !ok {
		return false
	}
	if t := typeByOID(dotted); len(t.names) > 0 {
		dotted = t.names[0]
	}
	b.WriteString(dotted + "=")
	if s, ok := a.text(); ok {
		escape(b, s)
		return true
	}
	var v cryptobyte.Builder
	v.AddASN1(a.tag, func(v *cryptobyte.Builder) { v.AddBytes(a.value) })
	b.WriteString("#" + hex.EncodeToString(v.BytesOrPanic()))
	return true
}

// escape prints a value (RFC 4514, Section 2.4).
func escape(b *strings.Builder, s string) {
	for i, r := range s {
		last := i+utf8.RuneLen(r) == len(s)
		switch {
		case strings.ContainsRune(`,+"\<>;`, r), r == '#' && i == 0, r == ' ' && (i == 0 || last):
			b.WriteByte('\\')
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(b, `\%02X`, c)
			}
		default:
			b.WriteRune(r)
		}
	}
}

// Parse reads a name as swanctl writes it: "C=CH, O=Example, CN=gw", relative distinguished names from first to last as they
// are encoded, or "/C=CH/O=Example/CN=gw". A value may have the escapes of RFC 4514, stand in double quotes, or be # and
// the hexadecimal digits of its encoding.
func Parse(s string) ([]byte, error) {
	separators := ",;"
	if strings.HasPrefix(s, "/") {
		s, separators = s[1:], "/"
	}
	p := &parser{rest: s, separators: separators}
	var n name
	for {
		a, err := p.attribute()
		if err != nil {
			return nil, err
		}
		if p.sameRDN {
			n[len(n)-1] = append(n[len(n)-1], a)
		} else {
			n = append(n, []attribute{a})
		}
		if !p.next() {
			return n.encode(), nil
		}
	}
}

// A parser reads attributes off rest.
type parser struct {
	rest       string
	separators string // of relative distinguished names
	sameRDN    bool   // the next attribute belongs to the name that was read last
}

// next reads a separator and reports whether there was one. attribute leaves nothing else.
func (p *parser) next() bool {
	if p.rest == "" {
		return false
	}
	p.sameRDN = p.rest[0] == '+'
	p.rest = p.rest[1:]
	return true
}

// attribute reads type=value.
func (p *parser) attribute() (attribute, error) {
	word, rest, ok := strings.Cut(p.rest, "=")
	word = strings.TrimSpace(word)
	if !ok {
		return attribute{}, fmt.Errorf("%q: type=value expected", strings.TrimSpace(p.rest))
	}
	t, ok := typeByName(word)
	if !ok {
		return attribute{}, fmt.Errorf("%q is no attribute type; known are C, ST, L, O, OU, CN, E, DC, UID, serialNumber and dotted numbers", word)
	}
	p.rest = strings.TrimLeft(rest, " ")
	if strings.HasPrefix(p.rest, "#") {
		return p.hexValue(t)
	}
	value, err := p.value()
	if err != nil {
		return attribute{}, fmt.Errorf("%s=: %w", word, err)
	}
	return t.attribute(value), nil
}

// hexValue reads # and the digits of an encoded value.
func (p *parser) hexValue(t attributeType) (attribute, error) {
	end := strings.IndexAny(p.rest, p.separators+"+")
	if end < 0 {
		end = len(p.rest)
	}
	der, err := hex.DecodeString(strings.TrimSpace(p.rest[1:end]))
	p.rest = p.rest[end:]
	if err != nil {
		return attribute{}, err
	}
	a := t.attribute("")
	input, value := cryptobyte.String(der), cryptobyte.String(nil)
	if !input.ReadAnyASN1(&value, &a.tag) || !input.Empty() {
		return attribute{}, fmt.Errorf("#%x: no DER value", der)
	}
	a.value = value
	return a, nil
}

// value reads up to a separator, or a quoted string and the space behind it.
func (p *parser) value() (string, error) {
	quoted := strings.HasPrefix(p.rest, `"`)
	if quoted {
		p.rest = p.rest[1:]
	}
	var v []byte
	kept := 0 // length of v without the trailing space that is not escaped
	for p.rest != "" {
		c := p.rest[0]
		switch {
		case quoted && c == '"':
			p.rest = strings.TrimLeft(p.rest[1:], " ")
			if p.rest != "" && !p.atSeparator() {
				return "", fmt.Errorf("%q after the closing quote", p.rest)
			}
			return checkText(v)
		case !quoted && p.atSeparator():
			return checkText(v[:kept])
		case c == '\\':
			c, err := p.unescape()
			if err != nil {
				return "", err
			}
			v = append(v, c)
			kept = len(v)
			continue
		}
		p.rest = p.rest[1:]
		v = append(v, c)
		if c != ' ' {
			kept = len(v)
		}
	}
	if quoted {
		return "", fmt.Errorf("closing quote expected")
	}
	return checkText(v[:kept])
}

// atSeparator reports whether rest starts with a separator. A plus sign separates only where an attribute follows it.
func (p *parser) atSeparator() bool {
	if strings.IndexByte(p.separators, p.rest[0]) >= 0 {
		return true
	}
	if p.rest[0] != '+' {
		return false
	}
	word, _, ok := strings.Cut(p.rest[1:], "=")
	_, known := typeByName(strings.TrimSpace(word))
	return ok && known
}

// unescape reads a backslash and a character or two hexadecimal digits.
func (p *parser) unescape() (byte, error) {
	if len(p.rest) >= 3 {
		if c, err := strconv.ParseUint(p.rest[1:3], 16, 8); err == nil {
			p.rest = p.rest[3:]
			return byte(c), nil
		}
	}
	if len(p.rest) < 2 {
		return 0, fmt.Errorf("backslash at the end")
	}
	c := p.rest[1]
	p.rest = p.rest[2:]
	return c, nil
}

// checkText refuses what no string type can hold.
func checkText(v []byte) (string, error) {
	if !utf8.Valid(v) {
		return "", fmt.Errorf("%q is not UTF-8", v)
	}
	return string(v), nil
}

// attribute gives a value the string type that certificates have for it: IA5String where RFC 5280 says so, PrintableString
// where the characters allow it, otherwise UTF8String.
func (t attributeType) attribute(value string) attribute {
	oid, _ := encodeOID(t.oid)
	tag := asn1.UTF8String
	switch {
	case t.ia5 && ascii(value):
		tag = asn1.IA5String
	case printable(value):
		tag = asn1.PrintableString
	}
	return attribute{oid, tag, []byte(value)}
}

// parseOID reads a dotted number.
func parseOID(s string) (stdasn1.ObjectIdentifier, bool) {
	words := strings.Split(s, ".")
	if len(words) < 2 || len(words) > 128 {
		return nil, false
	}
	oid := make(stdasn1.ObjectIdentifier, len(words))
	for i, w := range words {
		n, err := strconv.ParseUint(w, 10, 31)
		if err != nil {
			return nil, false
		}
		oid[i] = int(n)
	}
	return oid, true
}
