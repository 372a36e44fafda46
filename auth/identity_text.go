package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"culvert/auth/dn"
	"culvert/wire"
)

// maxPrinted bounds what String prints of an identity, in octets, so that a peer cannot fill a log with one.
const maxPrinted = 512

// nullText is how ID_NULL is written.
const nullText = "%null"

// An idPrefix is a word that gives the type of the identity behind it, the first word of a type being the one we print.
type idPrefix struct {
	word   string
	idType wire.IDType
}

// idPrefixes are the words of swanctl and a few that read better.
func idPrefixes() []idPrefix {
	return []idPrefix{
		{"fqdn", wire.IDFQDN}, {"dns", wire.IDFQDN},
		{"email", wire.IDRFC822Addr}, {"rfc822", wire.IDRFC822Addr}, {"userfqdn", wire.IDRFC822Addr},
		{"ipv4", wire.IDIPv4Addr}, {"ipv4net", wire.IDIPv4Addr}, {"ipv6", wire.IDIPv6Addr}, {"ipv6net", wire.IDIPv6Addr},
		{"asn1dn", wire.IDDERASN1DN}, {"dn", wire.IDDERASN1DN}, {"asn1gn", wire.IDDERASN1GN}, {"keyid", wire.IDKeyID},
	}
}

// ParseIdentity reads an identity as swanctl writes it:
//
//	%any, *, 0.0.0.0, ::, nothing   any identity
//	%null                           no identity (RFC 7619)
//	192.0.2.1, 2001:db8::1          address; with /24 a pattern for the network
//	gw.example.org, @gw             domain name; *.example.org is a pattern
//	carol@example.org, @@carol      mail address; *@example.org is a pattern
//	C=CH, O=Example, CN=gw          distinguished name; the value * is a pattern
//	@#0102, keyid:text, keyid:0x01  opaque key identifier
//	fqdn:x, email:x, ipv4:x, ...    the type is given; # starts the octets in hexadecimal
//	fqdn:^gw[0-9]+\.example\.org$   a pattern for names of the type, as a regular expression
func ParseIdentity(s string) (Identity, error) {
	s = strings.TrimSpace(s)
	switch s {
	case "", "%any", "%any4", "%any6", "*", "0.0.0.0", "::", "0::0":
		return Identity{}, nil
	case nullText:
		return NullIdentity(), nil
	}
	if word, rest, ok := strings.Cut(s, ":"); ok {
		for _, p := range idPrefixes() {
			if strings.EqualFold(p.word, word) {
				return parseTyped(p.idType, rest)
			}
		}
	}
	switch {
	case strings.HasPrefix(s, "@#"):
		return parseTyped(wire.IDKeyID, s[1:])
	case strings.HasPrefix(s, "@@"):
		return parseTyped(wire.IDRFC822Addr, s[2:])
	case strings.HasPrefix(s, "@"):
		return parseTyped(wire.IDFQDN, s[1:])
	}
	t := guessType(s)
	switch {
	case strings.HasPrefix(s, "#"):
		return Identity{}, fmt.Errorf("%q: octets want their type before them, as in keyid:%s", s, s)
	case t == wire.IDFQDN && strings.Contains(s, ".") && strings.Trim(s, "0123456789.") == "":
		return Identity{}, fmt.Errorf("%q looks like an IPv4 address, but is none (for a domain name write fqdn:%s)", s, s)
	}
	return parseTyped(t, s)
}

// guessType tells the type of an identity by its looks.
func guessType(s string) wire.IDType {
	host, _, _ := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil && addr.Is4():
		return wire.IDIPv4Addr
	case err == nil:
		return wire.IDIPv6Addr
	case strings.Contains(s, "="):
		return wire.IDDERASN1DN
	case strings.Contains(s, "@"):
		return wire.IDRFC822Addr
	}
	return wire.IDFQDN
}

// parseTyped reads an identity of a known type.
func parseTyped(t wire.IDType, s string) (Identity, error) {
	if digits, ok := strings.CutPrefix(s, "#"); ok {
		return parseHex(t, digits)
	}
	if id := (Identity{t, s}); id.IsExpression() {
		return id.checked()
	}
	switch t {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		return parseAddress(t, s)
	case wire.IDDERASN1DN:
		der, err := dn.Parse(s)
		if err != nil {
			return Identity{}, fmt.Errorf("distinguished name %q: %w (for an opaque identifier write keyid:)", s, err)
		}
		return Identity{t, string(der)}, nil
	case wire.IDDERASN1GN:
		return Identity{}, errors.New("asn1gn: a general name is given as # and hexadecimal digits")
	case wire.IDKeyID:
		if digits, ok := strings.CutPrefix(s, "0x"); ok {
			return parseHex(t, digits)
		}
		return Identity{t, s}, nil
	}
	return parseName(t, s)
}

// parseHex reads the octets of an identity.
func parseHex(t wire.IDType, digits string) (Identity, error) {
	data, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if err != nil {
		return Identity{}, fmt.Errorf("%v %q: hexadecimal digits expected", t, digits)
	}
	return Identity{t, string(data)}, nil
}

// parseAddress reads an address, or a network as a pattern.
func parseAddress(t wire.IDType, s string) (Identity, error) {
	if strings.Contains(s, "/") {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			return Identity{}, fmt.Errorf("network %q: %w", s, err)
		}
		id := Identity{t, string(network.Masked().Addr().AsSlice()) + string([]byte{byte(network.Bits())})}
		if !id.IsPattern() {
			return Identity{}, fmt.Errorf("network %q: %v expected", s, t)
		}
		return id, nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return Identity{}, fmt.Errorf("address %q: %w", s, err)
	}
	if addr.Zone() != "" {
		return Identity{}, fmt.Errorf("address %q: an identity has no zone", s)
	}
	id := Identity{t, string(addr.AsSlice())}
	if _, ok := id.Addr(); !ok {
		return Identity{}, fmt.Errorf("address %q: %v expected", s, t)
	}
	return id, nil
}

// parseName reads a domain name or mail address. A domain name is ASCII, a mail address may be UTF-8, and neither has
// terminators (RFC 7296, Section 3.5); what else is in them is not ours to judge.
func parseName(t wire.IDType, s string) (Identity, error) {
	if s == "" {
		return Identity{}, fmt.Errorf("empty %v", t)
	}
	for _, r := range s {
		foreign := t == wire.IDFQDN && (r >= utf8.RuneSelf || strings.ContainsRune(":/", r))
		if r == ' ' || r == utf8.RuneError || !unicode.IsPrint(r) || foreign {
			return Identity{}, fmt.Errorf("%q: character %q is not allowed in %v (for an opaque identifier write keyid:)", s, r, t)
		}
	}
	return Identity{t, s}, nil
}

// String prints an identity for people, in a form that ParseIdentity reads where that is possible. Octets that do not print
// are escaped, and what is overlong is cut.
func (id Identity) String() string {
	switch id {
	case Identity{}:
		return "%any"
	case NullIdentity():
		return nullText
	}
	text := id.plain()
	if id.IsExpression() {
		return id.word() + text
	}
	if parsed, err := ParseIdentity(text); err == nil && parsed.Equal(id) {
		return text
	}
	return id.word() + text
}

// word is the type as it stands in front of an identity.
func (id Identity) word() string {
	for _, p := range idPrefixes() {
		if p.idType == id.Type {
			return p.word + ":"
		}
	}
	return fmt.Sprintf("%v:", id.Type)
}

// plain prints the data without the type, cut to a length that a log line bears; a hash keeps identities apart that begin
// alike.
func (id Identity) plain() string {
	text := id.text()
	if len(text) <= maxPrinted {
		return text
	}
	sum := sha256.Sum256([]byte(id.Data))
	return strings.ToValidUTF8(text[:maxPrinted], "") + fmt.Sprintf("... (%d octets, SHA-256 %x...)", len(id.Data), sum[:8])
}

// text prints all of the data without the type.
func (id Identity) text() string {
	if id.IsExpression() { // whose own escapes have to stay what they are
		return escapeUnprinted(id.Data)
	}
	switch id.Type {
	case wire.IDFQDN, wire.IDRFC822Addr:
		if id.Data != "" && id.Data[0] != '#' {
			return escape(id.Data)
		}
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		if addr, ok := id.Addr(); ok {
			return addr.String()
		}
		if network, ok := id.network(); ok {
			return network.String()
		}
	case wire.IDDERASN1DN:
		if s := dn.Format([]byte(id.Data)); s != "" {
			return s
		}
	case wire.IDKeyID:
		if readable(id.Data) {
			return id.Data
		}
		return "0x" + hex.EncodeToString([]byte(id.Data))
	}
	return "#" + hex.EncodeToString([]byte(id.Data))
}

// readable reports whether a key identifier is text that ParseIdentity takes for itself.
func readable(s string) bool {
	return s != "" && escape(s) == s && strings.TrimSpace(s) == s && !strings.HasPrefix(s, "0x") && !strings.HasPrefix(s, "#")
}

// escape replaces what does not print, and what looks like an escape, with \xNN for each octet.
func escape(s string) string { return escapeUnprinted(strings.ReplaceAll(s, `\x`, `\x5cx`)) }

// escapeUnprinted replaces what does not print with \xNN for each octet.
func escapeUnprinted(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			for _, c := range []byte(s[:n]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
