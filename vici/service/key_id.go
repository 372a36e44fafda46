package service

import (
	"crypto/sha1"
	"fmt"
	"strings"

	"culvert/auth"
	"culvert/wire"
)

// printed is an identity as charon prints it: key identifiers without a word in front, in octets with colons between them where
// they are no text, or as long as the hash of a key.
func printed(id auth.Identity) string {
	if id.Type != wire.IDKeyID || id.IsPattern() {
		return id.String()
	}
	text := func(r rune) bool { return r < ' ' || r > '~' }
	if len(id.Data) != sha1.Size && id.Data != "" && !strings.ContainsFunc(id.Data, text) {
		return id.Data
	}
	return strings.ReplaceAll(fmt.Sprintf("% x", id.Data), " ", ":")
}

// printedText is printed of an identity that is text already.
func printedText(s string) string {
	if id, err := auth.ParseIdentity(s); err == nil && strings.HasPrefix(s, "keyid:") {
		return printed(id)
	}
	return s
}
