package swanctl

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"culvert/auth"
	"culvert/config"
	"culvert/explain"
	"culvert/secret"
	"culvert/wire"
)

// credentialLoader is the file that secrets stand in.
const credentialLoader = "credentials"

// accounts is the block of users that the secrets eap make.
const accounts = "swanctl-secrets"

// A ppk is a secret ppk with one of its identities, and the block that has it.
type ppk struct {
	name string
	id   auth.Identity
}

// fits tells whether a wish, which may be a pattern, is for the identity.
func (p ppk) fits(wish string) bool {
	pattern, err := auth.ParseIdentity(wish)
	return err == nil && pattern.Match(p.id) != auth.MatchNone
}

// secrets writes what two sides know, and the accounts of users.
func (t *translation) secrets() {
	for i := range t.setup.Secrets {
		s := &t.setup.Secrets[i]
		at := s.origin()
		owners, ok := t.owners(s, at)
		switch {
		case !ok:
		case s.Type == "IKE":
			t.preshared(s, at, owners)
		case s.Type == "PPK":
			t.quantum(s, at)
		default:
			t.account(s, at, owners)
		}
	}
}

func (s *Secret) origin() origin {
	name := s.ID
	if name == "" {
		name = strings.ToLower(s.Type)
	}
	return origin{"secrets." + name, s.Place}
}

// owners reads the identities that a secret is for. None, or any among them, is everybody.
func (t *translation) owners(s *Secret, at origin) (ids []auth.Identity, ok bool) {
	for _, text := range s.Owners {
		id, err := identity(text)
		if err != nil {
			t.refuse(at.diagnostic(config.Error, explain.ConfigBadValue, err.Error(), ""))
			return nil, false
		}
		if id.IsAny() {
			return nil, true
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, true
}

// preshared writes a secret of IKE. It is for those who share it, and for each owner alone as well: strongSwan takes a secret
// whose owners one side is among.
func (t *translation) preshared(s *Secret, at origin, owners []auth.Identity) {
	value := t.where.preshared(s.Data)
	write := func(ids ...string) {
		b := t.text(credentialLoader).open(at, "secret", t.name("secret", at.path[len("secrets."):]))
		b.set(at, "ids", list(ids...))
		b.set(at, "psk", value)
	}
	texts := make([]string, len(owners))
	for i, id := range owners {
		texts[i] = id.String()
	}
	if len(texts) == 0 {
		texts = []string{"%any"}
	}
	write(texts...)
	if _, faithful := t.where.(*memory); faithful && len(texts) > 1 {
		for _, text := range texts {
			write(text)
		}
	}
}

// quantum writes a post-quantum preshared key, once for each of its identities.
func (t *translation) quantum(s *Secret, at origin) {
	for _, text := range s.Owners {
		id, err := identity(text)
		if err != nil || id.IsAny() || id.IsPattern() {
			t.warn(at, explain.ConfigUnused, fmt.Sprintf("%q is no identity by which a peer could name the key", text), "give it one that is no pattern")
			continue
		}
		name := t.name("ppk", at.path[len("secrets."):])
		b := t.text(credentialLoader).open(at, "ppk", name)
		b.set(at, "id", quote(ppkText(id)))
		b.set(at, "key", t.where.preshared(s.Data))
		t.keys = append(t.keys, ppk{name, id})
	}
}

// ppkText writes the octets of an identity, which are the PPK_ID.
func ppkText(id auth.Identity) string {
	if isText([]byte(id.Data)) && !strings.HasPrefix(id.Data, "0x") {
		return id.Data
	}
	return "0x" + hex.EncodeToString([]byte(id.Data))
}

func (t *translation) ppks() []ppk { return t.keys }

// account writes the accounts that a secret eap or ntlm is for.
func (t *translation) account(s *Secret, at origin, owners []auth.Identity) {
	for _, id := range owners {
		if id.IsPattern() {
			continue
		}
		name := plainName(id.String())
		if t.taken["user "+name] {
			t.warn(at, explain.ConfigDuplicate, fmt.Sprintf("there is a password for %q already, which counts", name), "leave out one of them")
			continue
		}
		t.taken["user "+name] = true
		user := t.users(at).open(at, "user", name)
		if s.Type == "NTLM" {
			user.set(at, "nt_hash", quote(hex.EncodeToString(s.Data)))
			continue
		}
		user.set(at, "cleartext", t.where.password(s.Data))
	}
}

// users returns the block with the accounts, which may be none yet. It is there once somebody uses it.
func (t *translation) users(at origin) *block {
	if t.people == nil {
		t.people = &block{origin: at, kind: "users", label: accounts}
	}
	return t.people
}

// useAccounts has the accounts be there, and tells whether there are any.
func (t *translation) useAccounts(at origin) bool {
	b, text := t.users(at), t.text(credentialLoader)
	if !slices.Contains(text.blocks, b) {
		text.blocks = append(text.blocks, b)
	}
	return len(b.blocks) > 0
}

// password finds the password of a user, ourselves: one that is for the name before one that is for everybody.
func (t *translation) password(name string) (secret.Bytes, bool) {
	best, found := auth.MatchNone, -1
	own, err := identity(name)
	if err != nil {
		own = auth.Identity{Type: wire.IDKeyID, Data: name}
	}
	for i := range t.setup.Secrets {
		s := &t.setup.Secrets[i]
		if s.Type != "EAP" {
			continue
		}
		if m := s.match(own, name); m > best {
			best, found = m, i
		}
	}
	if found < 0 {
		return nil, false
	}
	return t.setup.Secrets[found].Data, true
}

// match tells how well the owners of a secret fit a user.
func (s *Secret) match(own auth.Identity, name string) auth.Match {
	if len(s.Owners) == 0 {
		return auth.MatchAny
	}
	best := auth.MatchNone
	for _, text := range s.Owners {
		id, err := identity(text)
		switch {
		case err != nil:
		case plainName(id.String()) == name:
			return auth.MatchExact
		default:
			best = max(best, id.Match(own))
		}
	}
	return best
}

// plainName is how EAP has an identity: without what tells its type.
func plainName(s string) string {
	id, err := auth.ParseIdentity(s)
	if err == nil && (id.Type == wire.IDFQDN || id.Type == wire.IDRFC822Addr || id.Type == wire.IDKeyID) && isText([]byte(id.Data)) {
		return id.Data
	}
	return s
}
