package ipsecconf

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"culvert/swanctl/settings"
)

// secrets reads ipsec.secrets and what it includes. Without the file there are none.
func (c *converter) secrets(name string) error {
	text, err := settings.ReadFile(c.files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case c.depth == deepestInclude:
		return fmt.Errorf("%s: files include each other too deeply", name)
	}
	c.depth++
	defer func() { c.depth-- }()
	for n, line := range strings.Split(string(text), "\n") {
		at := settings.Place{File: name, Line: n + 1}
		if err := c.count(at); err != nil {
			return err
		}
		if err := c.secret(at, withoutComment(line)); err != nil {
			return err
		}
	}
	return nil
}

// secret reads a line as: identities : TYPE "secret".
func (c *converter) secret(at settings.Place, line string) error {
	words := fields(line)
	if len(words) == 0 {
		return nil
	}
	if words[0] == "include" && len(words) == 2 {
		names, err := matching(c.files, at.File, words[1])
		for _, name := range names {
			if err := c.secrets(name); err != nil {
				return err
			}
		}
		return err
	}
	var owners []string
	for len(words) > 0 && words[0] != ":" {
		owners, words = append(owners, words[0]), words[1:]
	}
	if len(words) < 3 {
		return &settings.SyntaxError{Place: at, Message: `a secret is written as: identities : PSK "secret"`}
	}
	c.write(at, owners, strings.ToUpper(words[1]), words[2:])
	return nil
}

// write adds a section of secrets.
func (c *converter) write(at settings.Place, owners []string, kind string, values []string) {
	prefix := map[string]string{"PSK": "ike", "EAP": "eap", "XAUTH": "xauth", "NTLM": "ntlm"}[kind]
	if prefix == "" {
		c.key(at, kind, values)
		return
	}
	s := c.shared.Open(fmt.Sprintf("%s-%d", prefix, len(c.shared.Items)+1))
	for i, id := range owners {
		s.Add(fmt.Sprintf("id-%d", i+1), id)
	}
	s.Add("secret", values[0])
}

// key writes the passphrase of a private key, if it has one. The keys themselves are found in their folder.
func (c *converter) key(at settings.Place, kind string, values []string) {
	folder := map[string]string{"RSA": "rsa", "ECDSA": "ecdsa", "PKCS8": "pkcs8", "P12": "pkcs12"}[kind]
	if folder == "" {
		c.note(at, "secrets of type %s have no counterpart and are left out", kind)
		return
	}
	if len(values) > 1 && !strings.HasPrefix(values[1], "%") {
		s := c.shared.Open(fmt.Sprintf("%s-%d", folder, len(c.shared.Items)+1))
		s.Add("file", c.path("private", values[0])).Add("secret", values[1])
	}
}

// fields splits a line into words, quoted texts and colons that stand alone or behind an identity.
func fields(line string) (words []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if q := line[0]; q == '"' || q == '\'' {
			end := strings.IndexByte(line[1:], q)
			if end < 0 {
				return append(words, line[1:])
			}
			words, line = append(words, line[1:1+end]), line[2+end:]
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if tab := strings.IndexByte(word, '\t'); tab >= 0 {
			word, rest = line[:tab], line[tab+1:]
		}
		if before, ok := strings.CutSuffix(word, ":"); ok && before != "" && !strings.Contains(before, ":") {
			words, word = append(words, before), ":"
		}
		words, line = append(words, word), rest
	}
	return words
}
