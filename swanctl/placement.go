package swanctl

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"culvert/secret"
)

// A placement is where a translation leaves certificates, keys and secrets. Its methods return what the configuration says of
// them, as a file has it.
type placement interface {
	certificate(c Certificate) string
	key(k PrivateKey) string
	// preshared is a secret that is read as 0x..., 0s... or text; password one that is text alone.
	preshared(s secret.Bytes) string
	password(s secret.Bytes) string
}

// Folder is where files in memory are.
const Folder = "/run/culvert/loaded/"

// memory leaves everything in files of an overlay.
type memory struct {
	files map[string][]byte
	keys  map[string]crypto.Signer // in tokens, by their URI
}

// leave makes a file whose name is told by its contents, so that one that does not change keeps its name. Names of secrets have
// nothing of their contents but a digest that no one outside of the process sees.
func (m *memory) leave(kind string, data []byte) string {
	sum := sha256.Sum256(data)
	name := Folder + kind + "/" + hex.EncodeToString(sum[:16])
	m.files[name] = data
	return name
}

func (m *memory) certificate(c Certificate) string {
	return quote(m.leave(string(c.Kind), c.DER))
}

func (m *memory) key(k PrivateKey) string {
	if k.Token != "" {
		m.keys[k.Token] = k.Signer
		return "pkcs11(" + quote(k.Token) + ")"
	}
	return quote(m.leave("private", bytes.Clone(k.Data)))
}

func (m *memory) preshared(s secret.Bytes) string {
	return "file(" + quote(m.leave("secret", []byte("0s"+base64.StdEncoding.EncodeToString(s)))) + ")"
}

func (m *memory) password(s secret.Bytes) string {
	return "file(" + quote(m.leave("password", append(bytes.Clone(s), '\n'))) + ")"
}

// onDisk names the files that things come from, and has secrets stand in the configuration.
type onDisk struct{}

func (onDisk) certificate(c Certificate) string {
	if c.Token != "" {
		return "pkcs11(" + quote(c.Token) + ")"
	}
	return quote(c.Path)
}

func (onDisk) key(k PrivateKey) string {
	if k.Token != "" {
		return "pkcs11(" + quote(k.withPIN()) + ")"
	}
	return quote(k.Path)
}

// withPIN is the URI of a key in a token that says where its PIN is to be.
func (k *PrivateKey) withPIN() string {
	if k.Path == "" {
		return k.Token
	}
	if strings.Contains(k.Token, "?") {
		return k.Token + "&pin-source=file:" + k.Path
	}
	return k.Token + "?pin-source=file:" + k.Path
}

func (onDisk) preshared(s secret.Bytes) string {
	if isText(s) && !bytes.HasPrefix(s, []byte("0x")) && !bytes.HasPrefix(s, []byte("0s")) {
		return quote(string(s))
	}
	return quote(fmt.Sprintf("0x%x", []byte(s)))
}

func (onDisk) password(s secret.Bytes) string { return quote(string(s)) }

// isText tells whether octets can be written as text.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	return !bytes.ContainsFunc(b, func(r rune) bool { return !unicode.IsPrint(r) })
}
