package users

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
)

func noon() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

func testTable() *Table {
	return NewTable(noon,
		&User{Name: "carol", Password: testHash(), Groups: []string{"staff"}, Sessions: 2,
			Addresses: []netip.Addr{netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("10.9.0.7")}, SessionTimeout: time.Hour},
		&User{Name: "dave", NTHash: make(secret.Bytes, 16), ValidUntil: noon()},
		&User{Name: "erin", Disabled: true},
		&User{Name: "frank", ValidUntil: noon().Add(time.Second)},
	)
}

func TestAccountHasWhatTheUserMayHave(t *testing.T) {
	a, err := testTable().Account(t.Context(), "carol")
	if err != nil {
		t.Fatal(err)
	}
	if !a.Verify(secret.Bytes("correct horse")) || a.Verify(secret.Bytes("Correct horse")) || a.NTHash != nil || a.Cleartext != nil {
		t.Error("the proofs of the account are not those of the user")
	}
	g := a.Grant
	if g.User != "carol" || !slices.Equal(g.Groups, []string{"staff"}) || g.IPv4.String() != "10.9.0.7" || g.IPv6.String() != "2001:db8::7" ||
		g.MaxSessions != 2 || g.SessionTimeout != time.Hour {
		t.Errorf("grant %+v", g)
	}
	g.Groups[0] = "admins"
	if again, _ := testTable().Account(t.Context(), "carol"); again.Grant.Groups[0] != "staff" {
		t.Error("a caller can change the table")
	}
}

func TestDomainOfWindowsIsNoPartOfTheName(t *testing.T) {
	if a, err := testTable().Account(t.Context(), `OFFICE\carol`); err != nil || a.User != "carol" {
		t.Errorf("got %v, %v", a, err)
	}
	if _, err := testTable().Account(t.Context(), `carol\OFFICE`); err == nil {
		t.Error("the domain is looked up")
	}
}

func TestWhoMayNotIsToldApart(t *testing.T) {
	for name, code := range map[string]explain.Code{
		"mallory": explain.EAPUserUnknown, "": explain.EAPUserUnknown, "Carol": explain.EAPUserUnknown,
		"dave": explain.UserExpired, "erin": explain.UserDisabled,
	} {
		_, err := testTable().Account(t.Context(), name)
		if f, ok := errors.AsType[*eap.Failure](err); !ok || f.Code != code || f.Action == "" {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := testTable().Account(t.Context(), "frank"); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
}

func testHash() *Hash {
	h, err := ParseHash(argon2Vector)
	if err != nil {
		panic(err)
	}
	return h
}
