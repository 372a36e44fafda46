// Package users keeps the accounts of a gateway that authenticates people by itself: hashed passwords, what each user may have, and
// until when. A Table is what one user file says; the configuration reads the file.
package users

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"culvert/eap"
	"culvert/eap/mschapv2"
	"culvert/explain"
	"culvert/secret"
)

// A User is one account. Of the proofs there may be any that the methods in use need.
type User struct {
	Name           string
	Password       *Hash          // for GTC, PAP and other methods that send the password
	NTHash         secret.Bytes   // for MSCHAPv2, which cannot do with less
	Cleartext      secret.Bytes   // for EAP-MD5, which cannot do with less; the others can be made of it
	Subscriber     eap.Subscriber // for AKA and AKA'
	Groups         []string
	Addresses      []netip.Addr // one of each family at most
	DNS            []netip.Addr
	Sessions       int       // at a time; 0 is no limit
	ValidUntil     time.Time // zero: for ever
	Disabled       bool
	SessionTimeout time.Duration // 0: none
	IdleTimeout    time.Duration // 0: none
}

// A Table is the users of one file. It is immutable and safe for concurrent use.
type Table struct {
	users  map[string]*User
	now    func() time.Time
	places chan struct{} // for computing hashes, which take memory
}

// maxHashing bounds how many passwords are hashed at a time: each takes up to 256 MiB.
const maxHashing = 2

// NewTable returns a table of users, whose names differ.
func NewTable(now func() time.Time, list ...*User) *Table {
	t := &Table{users: make(map[string]*User, len(list)), now: now, places: make(chan struct{}, maxHashing)}
	for _, u := range list {
		t.users[u.Name] = u
	}
	return t
}

// find looks a name up as it is, and then without the domain that Windows puts in front: HOST\user.
func (t *Table) find(name string) *User {
	if u := t.users[name]; u != nil {
		return u
	}
	return t.users[name[strings.LastIndexByte(name, '\\')+1:]]
}

// Account returns the account of an identity. It implements eap.Accounts.
func (t *Table) Account(_ context.Context, identity string) (*eap.Account, error) {
	u := t.find(identity)
	switch {
	case u == nil:
		return nil, failure(explain.EAPUserUnknown, "there is no user %+q", "add the user to the file and run culvert reload, or correct the name on the client", clipped(identity))
	case u.Disabled:
		return nil, failure(explain.UserDisabled, "user %q is disabled", "remove disabled from the user and run culvert reload", u.Name)
	case !u.ValidUntil.IsZero() && !t.now().Before(u.ValidUntil):
		return nil, failure(explain.UserExpired, "user %q was valid until %s", "set a later valid_until and run culvert reload", u.Name, u.ValidUntil.Format(time.RFC3339))
	}
	a := &eap.Account{User: u.Name, NTHash: u.NTHash, Cleartext: u.Cleartext, Subscriber: u.Subscriber, Grant: u.grant()}
	if u.Cleartext != nil {
		a.Verify = func(password secret.Bytes) bool { return u.Cleartext.Equal(password) }
	}
	if u.Cleartext != nil && u.NTHash == nil {
		a.NTHash = mschapv2.NTHash(u.Cleartext)
	}
	if u.Password != nil {
		a.Verify = func(password secret.Bytes) bool {
			t.places <- struct{}{}
			defer func() { <-t.places }()
			return u.Password.Verify(password)
		}
	}
	return a, nil
}

// clipped shortens a name that a client made up.
func clipped(s string) string { return s[:min(len(s), 128)] }

func failure(code explain.Code, cause, action string, values ...any) *eap.Failure {
	return &eap.Failure{Code: code, Cause: fmt.Sprintf(cause, values...), Action: action}
}

func (u *User) grant() *eap.Grant {
	g := &eap.Grant{
		User: u.Name, Groups: slices.Clone(u.Groups), DNS: slices.Clone(u.DNS), MaxSessions: u.Sessions, ValidUntil: u.ValidUntil,
		SessionTimeout: u.SessionTimeout, IdleTimeout: u.IdleTimeout,
	}
	for _, a := range u.Addresses {
		if a.Is4() {
			g.IPv4 = a
		} else {
			g.IPv6 = a
		}
	}
	return g
}
