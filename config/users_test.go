package config

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"culvert/explain"
	"culvert/secret"
)

func TestUsersOfTheFileAndTheBlockAreOneTable(t *testing.T) {
	c, found := newShelf(t).load("culvert.hcl", `users "staff" {
  file = "staff.users"
  user "dave@example.org" {
    nt_hash     = "8846f7eaee8fb117ad06bdd830b7586c"
    valid_until = "2027-01-31"
  }
}
`)
	if c == nil {
		t.Fatal(found)
	}
	now := time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC)
	table := c.UsersOf("staff").Table(func() time.Time { return now }, nil)
	carol, err := table.Account(t.Context(), "carol")
	if err != nil || !carol.Verify(secret.Bytes("correct horse")) {
		t.Errorf("carol: %v", err)
	}
	if _, err := table.Account(t.Context(), "dave@example.org"); err != nil {
		t.Errorf("on the last day: %v", err)
	}
	now = now.Add(time.Second)
	if _, err := table.Account(t.Context(), "dave@example.org"); err == nil {
		t.Error("the last day does not end")
	}
}

func TestMistakesInAUsersFileAreShownThere(t *testing.T) {
	_, found := newShelf(t).load("culvert.hcl", "users \"staff\" { file = \"bad.users\" }\n")
	if text := found.String(); !strings.Contains(text, "bad.users:2:3") || !strings.Contains(text, `did you mean "password"?`) {
		t.Errorf("got\n%s", text)
	}
}

func TestOpenUsersFileIsWarnedOfOnce(t *testing.T) {
	const user = "user \"%s\" {\n nt_hash = \"8846f7eaee8fb117ad06bdd830b7586c\"\n}\n"
	files := fstest.MapFS{
		"c/culvert.hcl": {Data: []byte("# a line\n\nusers \"staff\" { file = \"staff.users\" }\nconnection \"a\" {\n}\n"), Mode: 0o600},
		"c/staff.users": {Data: fmt.Appendf(nil, user+user, "carol", "dave"), Mode: 0o644},
	}
	_, found := Source{Files: files}.Load("/c/culvert.hcl")
	count := 0
	for _, d := range found {
		if d.Code == explain.ConfigPermissions {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d times:\n%s", count, found)
	}
}

func TestMistakesAreShownFileByFile(t *testing.T) {
	files := fstest.MapFS{
		"c/culvert.hcl": {Data: []byte("users \"staff\" { file = \"staff.users\" }\n\nconection \"a\" {\n}\n"), Mode: 0o600},
		"c/staff.users": {Data: []byte("usr \"a\" {\n}\nuser \"b\" {\n x = 1\n}\n"), Mode: 0o600},
	}
	_, found := Source{Files: files}.Load("/c/culvert.hcl")
	var places []string
	for _, d := range found {
		places = append(places, d.Place.String())
	}
	if got := strings.Join(places, " "); got != "/c/culvert.hcl:3:1 /c/staff.users:1:1 /c/staff.users:4:2" {
		t.Errorf("got %s\n%s", got, found)
	}
	if _, found := (Source{Files: files}).Load("/c/nothere.hcl"); !strings.HasPrefix(found.String(), "/c/nothere.hcl: error: ") {
		t.Errorf("got %s", found)
	}
}

func TestUsersDoNotShareNamesOrAddresses(t *testing.T) {
	const user = "  user \"%\" {\n    nt_hash = \"8846f7eaee8fb117ad06bdd830b7586c\"\n    address = \"10.9.0.7\"\n  }\n"
	block := func(names ...string) string {
		text := "users \"staff\" {\n"
		for _, n := range names {
			text += strings.ReplaceAll(user, "%", n)
		}
		return text + "}\n"
	}
	if _, found := load(block("carol", "dave")); !has(found, explain.ConfigOverlap, 0) {
		t.Errorf("one address for two: %s", found)
	}
	files := newShelf(t)
	if _, found := files.load("culvert.hcl", strings.Replace(block("carol"), "{\n", "{\nfile = \"staff.users\"\n", 1)); !has(found, explain.ConfigDuplicate, 0) {
		t.Errorf("two of one name: %s", found)
	}
	if _, found := load(block("car\\tol")); !has(found, explain.ConfigBadName, 0) {
		t.Errorf("a tab in a name: %s", found)
	}
}

// What a user file has is not in messages about it.
func TestHashesAreNotShown(t *testing.T) {
	const hash = "8846f7eaee8fb117ad06bdd830b7586c"
	files := newShelf(t)
	files["bad.users"] = "user \"carol\" {\n  nt_hash = \"" + hash + "00\"\n  cleartext = \"" + precious + "\" x\n  password = \"" + precious + "\"\n}\n"
	_, found := files.load("culvert.hcl", "users \"staff\" { file = \"bad.users\" }\n")
	if checkSecrecy(t, found); strings.Contains(found.String(), hash) {
		t.Errorf("the hash is in\n%s", found)
	}
}

func TestSameTellsWhetherServersAreTheSame(t *testing.T) {
	group := func(servers ...string) *RADIUS {
		text := "radius \"corp\" {\n"
		for _, s := range servers {
			text += "server \"" + s + "\" {\naddress = \"192.0.2.9\"\nsecret = \"swordfish\"\n}\n"
		}
		return mustLoad(t, text+"}\n").RADIUSGroup("corp")
	}
	if !group("a", "b").Same(group("a", "b")) {
		t.Error("the same text differs")
	}
	for name, other := range map[string]*RADIUS{"order": group("b", "a"), "one is missing": group("a"), "another name": group("a", "c")} {
		if group("a", "b").Same(other) {
			t.Errorf("%s: no difference", name)
		}
	}
}
