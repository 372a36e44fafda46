package config

import (
	"culvert/auth"
	"culvert/secret"
)

// A Secret is a pre-shared key and whom it is for: the identities of IDs, or the one connection that has its name.
type Secret struct {
	Origin
	Name string
	IDs  []auth.Identity // empty: for the connection of the same name
	PSK  secret.Bytes
	Path string // file that PSK was read from, "" when it stands in the configuration
}

// Label returns the name.
func (s *Secret) Label() string { return s.Name }

func (s *Secret) schema() schema {
	return schema{
		kind: "secret", label: &s.Name, named: "name", origin: &s.Origin,
		doc: "A pre-shared key. Without `ids` it is for the connection that has its name.",
		options: []option{
			{name: "ids", slot: many(&s.IDs, identity()), aka: "secrets.ike.id",
				doc: "Identities of the peers that the key is for, ours may be among them. The secret that fits both sides best is used."},
			{name: "psk", slot: preShared(s), required: true, rfc: "RFC 7296, Section 2.15", aka: "secrets.ike.secret",
				doc: "The key: `file(\"office.psk\")`, `credential(\"office\")` from systemd, or the text itself. `0x` begins hexadecimal digits, `0s` base64. A newline that ends a file is not part of the key."},
		},
	}
}
