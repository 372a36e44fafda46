package config

import (
	"fmt"
	"net/netip"
	"time"

	"culvert/eap"
	"culvert/eap/usim"
	"culvert/explain"
	"culvert/secret"
	"culvert/users"
)

// Users are the accounts that a gateway authenticates by itself: those of a file, and those that stand in the block.
type Users struct {
	Origin
	Name string
	File UsersFile
	List []*User // of the file and the block
}

// A UsersFile holds `user` blocks and nothing else.
type UsersFile struct{ File }

// Label returns the name.
func (u *Users) Label() string { return u.Name }

func (u *Users) schema() schema {
	return schema{
		kind: "users", label: &u.Name, named: "name", origin: &u.Origin,
		doc: "People who authenticate by EAP with this gateway. docs/users.md tells how to make the file; `culvert reload` reads it again.",
		options: []option{
			{name: "file", slot: &usersFile{u},
				doc: "File with `user` blocks, as `culvert user hash` writes them. It needs to be read by the daemon alone."},
		},
		blocks: []nested{{kind: "user", many: true, open: u.openUser}},
		finish: u.finish,
	}
}

func (u *Users) openUser() schema { return add(&u.List, new(User)).schema() }

// A User is one account.
type User struct {
	Origin
	Name           string
	Password       *users.Hash
	NTHash         secret.Bytes
	Cleartext      secret.Bytes
	SIM            *usim.Keys
	Groups         []string
	Addresses      []netip.Addr
	DNS            []netip.Addr
	Sessions       int
	ValidUntil     time.Time
	Disabled       bool
	SessionTimeout time.Duration
	IdleTimeout    time.Duration
}

// Label returns the name.
func (u *User) Label() string { return u.Name }

func (u *User) schema() schema {
	const year = 365 * 24 * time.Hour
	return schema{
		kind: "user", label: &u.Name, named: "user name", free: true, origin: &u.Origin,
		doc: "One account, by the name that the client gives to EAP. A domain in front, as Windows sends it in `HOST\\user`, is left off when the whole is no user.",
		options: []option{
			{name: "password", slot: &sealed[*users.Hash]{&u.Password, "hash of a password", users.ParseHash}, rfc: "RFC 9106; RFC 7914",
				doc: "Hash of the password for methods that send it (GTC, PAP in TTLS or PEAP): `$argon2id$...` or `$scrypt$...`, of `culvert user hash`."},
			{name: "nt_hash", slot: &sealed[secret.Bytes]{&u.NTHash, "32 hexadecimal digits", parseNTHash}, rfc: "RFC 2759, Section 8.3",
				doc: "NT hash of the password, which MSCHAPv2 needs, of `culvert user hash --nt`. Who has it can log in as the user."},
			{name: "cleartext", slot: &presharedKey[secret.Bytes]{&u.Cleartext, new(string), plainText},
				doc: "The password itself, which EAP-MD5 needs and nothing else should, though every method can do with it."},
			{name: "sim", slot: simKeys(&u.SIM), rfc: "RFC 4187; RFC 9048",
				doc: "Keys of the user's SIM, which AKA and AKA' need, of `culvert user sim`. The name of the user is the IMSI, with 15 digits, or the whole identity."},
			{name: "groups", slot: many(&u.Groups, groupName()),
				doc: "Groups of the user, which `remote.groups` asks for."},
			{name: "address", slot: many(&u.Addresses, address()), rfc: "RFC 7296, Section 3.15.1",
				doc: "Addresses that are the user's alone, one of each family at most. Without, `pools` of the connection give some."},
			{name: "dns", slot: many(&u.DNS, address()),
				doc: "DNS servers instead of those of the pool."},
			{name: "sessions", slot: one(&u.Sessions, number[int](1, 10000)), computed: "no limit",
				doc: "IKE SAs that the user may have at a time. A session that authenticates anew is not counted twice."},
			{name: "valid_until", slot: one(&u.ValidUntil, moment()),
				doc: "Last day, in UTC, or the very time. Then sessions end."},
			{name: "disabled", slot: one(&u.Disabled, boolean()), doc: "The user may not log in. Sessions stay: end them with `culvert down`."},
			{name: "session_timeout", slot: one(&u.SessionTimeout, duration(0, year)), doc: "Longest time that a session lasts. `0s`: no limit."},
			{name: "idle_timeout", slot: one(&u.IdleTimeout, duration(0, year)), doc: "Time without a packet from or to the user after which a session ends. `0s`: no limit."},
		},
		finish: u.finish,
	}
}

func (u *User) finish(d *decoder) {
	if u.Password == nil && u.NTHash == nil && u.Cleartext == nil && u.SIM == nil {
		d.missing(&u.Origin, "user "+quote(u.Name), "password, nt_hash or sim", "nobody can log in without: `culvert user` makes them")
	}
	for i, a := range u.Addresses {
		for _, other := range u.Addresses[:i] {
			if a.Is4() == other.Is4() {
				d.report(explain.ConfigContradiction, u.span(element("address", i)), finding{message: fmt.Sprintf("%s is a second address of its family", a)})
			}
		}
	}
}

// finish refuses what only one user can have.
func (u *Users) finish(d *decoder) {
	if len(u.List) == 0 {
		d.lacks(&u.Origin, u.title(), "file", "there is no user: name a file, or put user blocks here")
	}
	names, owners := map[string]*User{}, map[netip.Addr]*User{}
	for _, user := range u.List {
		if first := names[user.Name]; first != nil {
			d.report(explain.ConfigDuplicate, user.block, finding{message: fmt.Sprintf("there are two users %s", quote(user.Name)), hint: "the first one is at " + placeOf(first.block).String()})
		}
		names[user.Name] = user
		for i, a := range user.Addresses {
			if first := owners[a]; first != nil {
				d.report(explain.ConfigOverlap, user.span(element("address", i)), finding{message: fmt.Sprintf("%s belongs to user %s already", a, quote(first.Name))})
			}
			owners[a] = user
		}
	}
}

func (u *Users) title() string { return "users " + quote(u.Name) }

// Table returns the accounts as EAP asks for them. The authentication centre of a user with a SIM is made of its keys.
func (u *Users) Table(now func() time.Time, centre func(usim.Keys) eap.Subscriber) *users.Table {
	list := make([]*users.User, len(u.List))
	for i, user := range u.List {
		list[i] = &users.User{
			Name: user.Name, Password: user.Password, NTHash: user.NTHash, Cleartext: user.Cleartext, Groups: user.Groups, Addresses: user.Addresses,
			DNS: user.DNS, Sessions: user.Sessions, ValidUntil: user.ValidUntil, Disabled: user.Disabled,
			SessionTimeout: user.SessionTimeout, IdleTimeout: user.IdleTimeout,
		}
		if user.SIM != nil {
			list[i].Subscriber = centre(*user.SIM)
		}
	}
	return users.NewTable(now, list...)
}
