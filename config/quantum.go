package config

import (
	"errors"
	"fmt"
	"strings"

	"culvert/auth"
	"culvert/explain"
	"culvert/ike"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// A PPK is a block of post-quantum preshared keys: one, or a file of several.
type PPK struct {
	Origin
	Name string
	ID   string // what the peer knows the key by; "": the name
	Type wire.PPKIDType
	Key  secret.Bytes
	Path string     // of the file that the key, or the keys, were read from
	Keys []auth.PPK // what the block comes to

	several secret.Bytes // the lines of keys
}

// Label returns the name.
func (p *PPK) Label() string { return p.Name }

func (p *PPK) schema() schema {
	return schema{
		kind: "ppk", label: &p.Name, named: "name", origin: &p.Origin,
		doc: "A post-quantum preshared key, or several of them: a secret beside what peers authenticate with, that keeps what is recorded today from the quantum computers of tomorrow. Connections name it in `ppk`.",
		options: []option{
			{name: "id", slot: one(&p.ID, ppkID()), computed: "the name of the block", rfc: "RFC 8784, Section 5.1", aka: "secrets.ppk.id",
				doc: "What the peer knows the key by; `0x` begins hexadecimal digits."},
			{name: "id_type", slot: one(&p.Type, choice("type of PPK_ID", value("fixed", wire.PPKIDFixed), value("opaque", wire.PPKIDOpaque))), rfc: "RFC 8784, Section 5.1",
				doc: "How the identity is sent: `fixed` is what others use."},
			{name: "key", slot: preSharedFrom(&p.Key, &p.Path, auth.ParseSecret), rfc: "RFC 8784, Section 6", aka: "secrets.ppk.secret",
				doc: "The key: `file(\"x.ppk\")`, `credential(\"x\")` from systemd, or the text itself. `0x` begins hexadecimal digits, `0s` base64. It is read anew by `culvert reload`."},
			{name: "keys", slot: preSharedFrom(&p.several, &p.Path, p.parseLines),
				doc: "Several keys in place of `id` and `key`: a file or credential with a line `identity = key` for each, the preferred one first. Keys are rotated by adding the new one on both sides before the old one goes."},
		},
		finish: p.finish,
	}
}

// ppkID reads the identity of a PPK.
func ppkID() reader[string] {
	return textual("identity of a PPK", `a text such as "office-2026", or "0x..."`, func(s string) (string, error) {
		_, err := ppkIDOctets(s)
		return s, err
	}, func(s string) string { return s })
}

const maxPPKID = 255

func ppkIDOctets(s string) ([]byte, error) {
	b := []byte(s)
	if strings.HasPrefix(s, "0x") {
		octets, err := auth.ParseSecret(s)
		if err != nil {
			return nil, errors.New("the identity starts with 0x but is not hexadecimal")
		}
		b = octets
	}
	if len(b) == 0 || len(b) > maxPPKID {
		return nil, fmt.Errorf("the identity has %d octets, 1 to %d are allowed", len(b), maxPPKID)
	}
	return b, nil
}

// parseLines checks the lines of a file of keys. Its errors do not quote them.
func (p *PPK) parseLines(text string) (secret.Bytes, error) {
	p.Keys = nil
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, key, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d is not of the form identity = key", number)
		}
		if err := p.add(strings.TrimSpace(id), strings.TrimSpace(key)); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if len(p.Keys) == 0 {
		return nil, errors.New("no line has a key")
	}
	return secret.Bytes(text), nil
}

func (p *PPK) add(id, text string) error {
	octets, err := ppkIDOctets(id)
	if err != nil {
		return err
	}
	key, err := auth.ParseSecret(text)
	if err != nil {
		return err
	}
	p.Keys = append(p.Keys, auth.PPK{Name: id, ID: octets, Key: key})
	return nil
}

// finish completes the identities, whose type may be given after the keys.
func (p *PPK) finish(d *decoder) {
	switch {
	case p.Given("key") && p.Given("keys"):
		d.contradiction(&p.Origin, "keys", "key is one key, keys are several: give one of them")
	case p.Given("keys") && p.Given("id"):
		d.contradiction(&p.Origin, "id", "id is for key; keys have their identities in their lines")
	case !p.Given("key") && !p.Given("keys"):
		d.report(explain.ConfigMissingKey, p.block, finding{message: p.title() + " has neither key nor keys", hint: `add key = file("` + p.Name + `.ppk")`})
		return
	}
	if p.Given("key") {
		octets, err := ppkIDOctets(orName(p.ID, p.Name))
		if err != nil {
			d.report(explain.ConfigBadValue, p.block, finding{message: p.title() + ": " + err.Error()})
			return
		}
		p.Keys = []auth.PPK{{Name: p.Name, ID: octets, Key: p.Key}}
	}
	for i := range p.Keys {
		p.Keys[i].ID = auth.PPKID(p.Type, p.Keys[i].ID)
	}
}

func (p *PPK) title() string { return "ppk " + quote(p.Name) }

func orName(id, name string) string {
	if id == "" {
		return name
	}
	return id
}

// quantumOptions are those of a connection that are about quantum computers and the choice of algorithms.
func (c *Connection) quantumOptions() []option {
	return []option{
		{name: "post_quantum", slot: one(&c.PostQuantum, choice("policy", value("prefer", suite.PostQuantumPrefer), value("require", suite.PostQuantumRequire),
			value("off", suite.PostQuantumOff))), rfc: "RFC 9370; draft-ietf-ipsecme-ikev2-mlkem",
			doc: "Key exchanges that withstand quantum computers. `prefer`: ML-KEM-768 beside the usual one where the peer can; `require`: no IKE SA without such a key exchange or a PPK in IKE_INTERMEDIATE; `off`: proposals as they stand."},
		{name: "ppk", slot: many(&c.PPKNames, blockName()), rfc: "RFC 8784; RFC 9867", aka: "ppk_id",
			doc: "Names of the `ppk` blocks whose keys are for this peer, the preferred one first."},
		{name: "ppk_required", slot: one(&c.PPKRequired, boolean()), rfc: "RFC 8784, Section 3", aka: "ppk_required",
			doc: "Refuse a peer that has none of the keys. Leave it off while peers are being upgraded."},
		{name: "ppk_exchange", slot: one(&c.PPKExchange, choice("exchange", value("auto", ike.PPKAny), value("intermediate", ike.PPKIntermediate), value("auth", ike.PPKAuth))), rfc: "RFC 9867; RFC 8784",
			doc: "Where the key is used. `intermediate`: in IKE_INTERMEDIATE, which protects the IKE SA too; `auth`: in IKE_AUTH, which older peers know, and which protects the children; `auto`: the first that both sides can."},
		{name: "downgrade_prevention", slot: one(&c.DowngradePrevention, boolean()), rfc: "draft-ietf-ipsecme-ikev2-downgrade-prevention",
			doc: "Have AUTH cover the first messages of both sides with peers that can, so that nobody between can choose weaker algorithms."},
	}
}

// PPKsOf returns the post-quantum preshared keys of a connection, in order.
func (c *Config) PPKsOf(conn *Connection) []auth.PPK {
	var list []auth.PPK
	for _, name := range conn.PPKNames {
		if p := named(c.PPKs, name); p != nil {
			list = append(list, p.Keys...)
		}
	}
	return list
}
