package cli

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
	"culvert/secret"
)

func typing(t *testing.T, password string, err error) *shell {
	s := newShell(t)
	s.env.NewPassword = func(string) (secret.Bytes, error) { return secret.Bytes(password), err }
	return s
}

// What the command writes is what the configuration reads, and its hashes are those of the password.
func TestEntryOfAUserIsReadByTheConfiguration(t *testing.T) {
	s := typing(t, "pässword", nil)
	s.run(exitOK, "user", "hash", "--nt", `carol "the" ${boss}@example.org`)
	files := fstest.MapFS{
		"c.hcl":       {Data: []byte("users \"staff\" { file = \"staff.users\" }\n"), Mode: 0o600},
		"staff.users": {Data: s.out.Bytes(), Mode: 0o600},
	}
	c, found := config.Source{Files: files}.Load("/c.hcl")
	if c == nil {
		t.Fatalf("%s\n%s", s.out.String(), found)
	}
	account, err := c.UsersOf("staff").Table(noon, nil).Account(t.Context(), `carol "the" ${boss}@example.org`)
	if err != nil {
		t.Fatal(err)
	}
	// Of OpenSSL: printf pässword | iconv -t UTF-16LE | openssl dgst -md4 -provider legacy
	if !account.Verify(secret.Bytes("pässword")) || !account.NTHash.Equal([]byte("\xf1\xb0\x94\xf2\x5b\xbd\xcb\x6f\xdb\xaa\x6c\xc8\xb4\x3f\x0c\x44")) {
		t.Error("the hashes are not those of the password")
	}
}

func TestEntryWithoutNTHashUnlessAskedFor(t *testing.T) {
	s := typing(t, "secret", nil)
	s.run(exitOK, "user", "hash", "carol")
	if out := s.out.String(); strings.Contains(out, "nt_hash") || strings.Contains(out, "secret") || !strings.Contains(out, "$argon2id$") {
		t.Errorf("got\n%s", out)
	}
	s.run(exitOK, "user", "hash", "carol", "--json")
	if out := s.out.String(); !strings.HasPrefix(out, `{"name":"carol","password":"$argon2id$`) {
		t.Errorf("got %s", out)
	}
}

func TestUserHashNeedsNameAndPassword(t *testing.T) {
	typing(t, "secret", nil).run(exitUsage, "user", "hash")
	typing(t, "secret", nil).run(exitUsage, "user", "hahs")
	typing(t, "", nil).run(exitUsage, "user", "hash", "carol")
	typing(t, "", errors.New("the two passwords differ")).run(exitUsage, "user", "hash", "carol")
}
