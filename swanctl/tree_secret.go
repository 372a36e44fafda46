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

// tokenRows are the keys of the sections of private keys in tokens.
func tokenRows() []row[*secretSection] {
	const why = "swanctl.conf names modules by what strongswan.conf calls them, which is not read: write key = pkcs11(\"pkcs11:id=%..?module-path=/usr/lib/x.so\") in culvert.hcl"
	return []row[*secretSection]{
		{Key{"handle", Scalar, Refused, why + ".", ""}, refuseAlways[*secretSection](why)},
		{Key{"slot", Scalar, Refused, "as `handle`.", ""}, refuseAlways[*secretSection](why)},
		{Key{"module", Scalar, Refused, "as `handle`.", ""}, refuseAlways[*secretSection](why)},
		{Key{"pin", Scalar, Refused, "as `handle`.", ""}, refuseAlways[*secretSection](why)},
	}
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
		walk(&t.translation, tokenRows(), s, v.origin, v.item.Section)
		return true
	}
	return false
}

// decoded returns the octets of a secret.
func (t *tree) decoded(v value, s *secretSection) (secret.Bytes, bool) {
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
