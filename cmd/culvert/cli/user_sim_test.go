package cli

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
	"culvert/eap/usim"
)

// simOf returns the keys that the configuration reads in what the command wrote.
func simOf(t *testing.T, s *shell) usim.Keys {
	t.Helper()
	files := fstest.MapFS{
		"c.hcl":       {Data: []byte("users \"staff\" { file = \"staff.users\" }\n"), Mode: 0o600},
		"staff.users": {Data: s.out.Bytes(), Mode: 0o600},
	}
	c, found := config.Source{Files: files}.Load("/c.hcl")
	if c == nil {
		t.Fatalf("%s\n%s", s.out.String(), found)
	}
	return *c.UsersOf("staff").List[0].SIM
}

func TestFreshSIMIsReadByTheConfiguration(t *testing.T) {
	first, second := newShell(t), newShell(t)
	first.run(exitOK, "user", "sim", "232010000000000")
	second.run(exitOK, "user", "sim", "232010000000000")
	a, b := simOf(t, first), simOf(t, second)
	if len(a.K) != 16 || len(a.OPc) != 16 || a.K.Equal(b.K) || a.OPc.Equal(b.OPc) {
		t.Error("the keys are not fresh")
	}
}

// 3GPP TS 35.208, test set 1.
func TestSIMOfACardHasOPcInsteadOfOP(t *testing.T) {
	s := typing(t, "op=cdc202d5123e20f62b6d676ac72cb318 k=465b5ce8b199b49faa5f0a2ee238a6bc", nil)
	s.run(exitOK, "user", "sim", "--keys", "232010000000000")
	const want = "k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63cb71954a9f4e48a5994e37a02baf"
	if keys := simOf(t, s); string(keys.Text()) != want || strings.Contains(s.out.String(), "cdc2") {
		t.Errorf("got\n%s", s.out.String())
	}
	s.run(exitOK, "user", "sim", "--keys", "carol", "--json")
	if got := strings.TrimSpace(s.out.String()); got != `{"name":"carol","sim":"`+want+`"}` {
		t.Errorf("got %s", got)
	}
}

func TestUserSIMNeedsNameAndKeys(t *testing.T) {
	newShell(t).run(exitUsage, "user", "sim")
	typing(t, "swordfish", nil).run(exitUsage, "user", "sim", "--keys", "carol")
	typing(t, "", errors.New("the two passwords differ")).run(exitUsage, "user", "sim", "--keys", "carol")
	s := typing(t, "k=465b5ce8b199b49faa5f0a2ee238a6bc", nil)
	s.run(exitUsage, "user", "sim", "--keys", "carol")
	if strings.Contains(s.out.String()+s.err.String(), "465b") {
		t.Error("the keys are shown")
	}
}
