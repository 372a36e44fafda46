package swanctl

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"culvert/config"
	"culvert/explain"
	"culvert/secret"
	"culvert/swanctl/settings"
)

// A secretSection is one of the sections of secrets.
type secretSection struct {
	owners []string
	data   value
	file   string
}

// sharedRows are the keys of the sections of what two sides know.
func sharedRows() []row[*secretSection] {
	return []row[*secretSection]{
		{Key{"secret", Scalar, Implemented, "The secret: text, 0x with hexadecimal digits or 0s with base64.", ""}, func(s *secretSection, v value) error { s.data = v; return nil }},
		{Key{"id*", Scalar, Implemented, "Whom the secret is for; without any, everybody.", ""}, func(s *secretSection, v value) error {
			s.owners = append(s.owners, v.text())
			_, err := identity(v.text())
			return err
		}},
	}
}

// passphraseRows are the keys of the sections of what opens private keys.
func passphraseRows() []row[*secretSection] {
	return []row[*secretSection]{
		{Key{"file", Scalar, Implemented, "The file of the folder that the passphrase is for.", ""}, func(s *secretSection, v value) error { s.file = v.text(); return nil }},
		{Key{"secret*", Scalar, Implemented, "The passphrase. The key is kept in memory alone once it is open.", ""}, func(s *secretSection, v value) error { s.data = v; return nil }},
	}
}

// A tokenSecret is the section of a private key in a token.
type tokenSecret struct {
	tokenObject
	value
	pin value
}

// tokenSecretRows are the keys of the sections of private keys in tokens.
func tokenSecretRows() []row[*tokenSecret] {
	return append(tokenRows[*tokenSecret]("private key, or the subject key identifier of its certificate,"),
		row[*tokenSecret]{Key{"pin", Scalar, Implemented, "The PIN. It is shown to the token that has the key, once. Without it swanctl asks for one.", ""},
			func(s *tokenSecret, v value) error { s.pin = v; return nil }})
}

// readTokens opens the private keys in tokens. One that cannot be opened is warned of: until then we cannot authenticate with it.
func (t *tree) readTokens() {
	for _, s := range t.inTokens {
		uri, err := s.uri()
		if err != nil {
			continue // it was told
		}
		key, err := t.setup.tokens().OpenToken(uri, secret.Bytes(s.pin.text()))
		if err == nil {
			var k PrivateKey
			k, err = NewTokenKey(uri, key)
			if s.pin.text() != "" {
				k.Path = "/etc/culvert/" + fileName(s.value.item.Name) + ".pin"
			}
			t.setup.Keys = append(t.setup.Keys, k)
		}
		if err != nil {
			t.warn(s.value.origin, explain.ConfigKeyStore, "loading private key from token failed: "+err.Error(), "see that the token is there: `pkcs11-tool --list-objects`")
		}
	}
}

// fileName makes the name of a file of what somebody has named otherwise.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, s)
}

// sharedTypes are the types of secrets by the prefix of their section.
func sharedTypes() []struct{ prefix, kind string } {
	return []struct{ prefix, kind string }{{"eap", "EAP"}, {"xauth", "EAP"}, {"ntlm", "NTLM"}, {"ike", "IKE"}, {"ppk", "PPK"}}
}

// secrets reads the sections of secrets.
func (t *tree) secrets(v value) {
	for _, i := range v.item.Section.Items {
		at := value{v.in(i), i}
		if i.Kind != settings.Sub || !t.secret(at) {
			t.unknown(at, []Key{{Name: "eap*", Form: Block}, {Name: "xauth*", Form: Block}, {Name: "ntlm*", Form: Block}, {Name: "ike*", Form: Block}, {Name: "ppk*", Form: Block},
				{Name: "private*", Form: Block}, {Name: "rsa*", Form: Block}, {Name: "ecdsa*", Form: Block}, {Name: "pkcs8*", Form: Block}, {Name: "pkcs12*", Form: Block}, {Name: "token*", Form: Block}})
		}
	}
}

// secret reads one section, and tells whether its name says what it is.
func (t *tree) secret(v value) bool {
	name := strings.ToLower(v.item.Name)
	s := new(secretSection)
	for _, kind := range sharedTypes() {
		if strings.HasPrefix(name, kind.prefix) {
			walk(&t.translation, sharedRows(), s, v.origin, v.item.Section)
			if data, ok := t.decoded(v, s); ok {
				t.setup.Secrets = append(t.setup.Secrets, Secret{ID: v.item.Name, Type: kind.kind, Data: data, Owners: s.owners, Place: v.place})
			}
			return true
		}
	}
	for _, kind := range []string{"private", "rsa", "ecdsa", "pkcs8", "pkcs12"} {
		if strings.HasPrefix(name, kind) {
			walk(&t.translation, passphraseRows(), s, v.origin, v.item.Section)
			if data, ok := t.decoded(v, s); ok {
				t.passphrases = append(t.passphrases, passphrase{kind, s.file, data})
			}
			return true
		}
	}
	if strings.HasPrefix(name, "token") {
		inToken := &tokenSecret{value: v}
		walk(&t.translation, tokenSecretRows(), inToken, v.origin, v.item.Section)
		if !inToken.given() {
			t.refuse(v.diagnostic(config.Error, explain.ConfigMissingKey, "handle is missing", "add the CKA_ID of the private key in hexadecimal"))
		}
		t.uncut(inToken.pin)
		t.inTokens = append(t.inTokens, inToken)
		return true
	}
	return false
}

// uncut warns of a secret that a comment cuts off: its owner has meant the # to be part of it. strongSwan cuts it in silence.
func (t *tree) uncut(v value) {
	if v.item.Cut {
		t.warn(v.origin, explain.ConfigComment, "the value ends before the #, which begins a comment",
			"put the value in quotes if the # belongs to it, or a space before the # if it does not; strongSwan reads it in the same way")
	}
}

// decoded returns the octets of a secret.
func (t *tree) decoded(v value, s *secretSection) (secret.Bytes, bool) {
	t.uncut(s.data)
	if s.data.path == "" {
		t.refuse(v.diagnostic(config.Error, explain.ConfigMissingKey, "secret is missing", "add it"))
		return nil, false
	}
	data, err := decodeSecret(s.data.text())
	if err != nil {
		t.invalid(s.data, err)
		return nil, false
	}
	return data, true
}

// decodeSecret reads text, 0x and hexadecimal digits, or 0s and base64. Its errors do not quote it.
func decodeSecret(s string) (secret.Bytes, error) {
	lower := strings.ToLower(s)
	var data []byte
	var err error
	switch {
	case strings.HasPrefix(lower, "0x"):
		data, err = hex.DecodeString(strings.ReplaceAll(s[2:], ":", ""))
	case strings.HasPrefix(lower, "0s"):
		data, err = base64.StdEncoding.DecodeString(s[2:])
		if err != nil {
			data, err = base64.RawStdEncoding.DecodeString(s[2:])
		}
	default:
		data = []byte(s)
	}
	switch {
	case err != nil:
		return nil, &mistake{"what follows 0x or 0s is neither hexadecimal nor base64", "correct it"}
	case len(data) == 0:
		return nil, errors.New("the secret is empty")
	}
	return data, nil
}
