package config

import (
	"context"
	"strings"
	"testing"
	"time"

	"culvert/eap"
	"culvert/eap/usim"
	"culvert/explain"
)

const subscribers = `connection "clients" {
  local {
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    eap {
      users   = "staff"
      methods = ["aka_prime"]
    }
  }
}
users "staff" {
  user "232010000000000" {
    ENTRY
  }
}
`

// keysOnly is an authentication centre that remembers its keys.
type keysOnly struct{ usim.Keys }

func (keysOnly) Vector(context.Context, bool) (eap.Vector, error) { return eap.Vector{}, nil }

func (keysOnly) Resynchronise(context.Context, [16]byte, [14]byte) error { return nil }

func TestUsersWithASIMAreSubscribers(t *testing.T) {
	c, found := newShelf(t).load("culvert.hcl", strings.Replace(subscribers, "ENTRY", `sim = file("carol.sim")`, 1))
	if c == nil || has(found, explain.ConfigUnused, 9) {
		t.Fatal(found)
	}
	table := c.UsersOf("staff").Table(time.Now, func(k usim.Keys) eap.Subscriber { return keysOnly{k} })
	account, err := table.Account(t.Context(), "232010000000000")
	if err != nil {
		t.Fatal(err)
	}
	if centre, ok := account.Subscriber.(keysOnly); !ok || string(centre.Text()) != "k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63cb71954a9f4e48a5994e37a02baf" {
		t.Errorf("the centre has other keys: %T", account.Subscriber)
	}
}

func TestMethodsThatNobodyCanUseAreToldOf(t *testing.T) {
	_, found := newShelf(t).load("culvert.hcl", strings.Replace(subscribers, "ENTRY", `cleartext = "a password"`, 1))
	if found.Errors() || !has(found, explain.ConfigUnused, 9) || !strings.Contains(found.String(), "culvert user sim") {
		t.Errorf("got\n%s", found)
	}
}

func TestKeysOfASIMAreNotShown(t *testing.T) {
	const digits = "465b5ce8b199b49faa5f0a2ee238a6bc"
	for _, entry := range []string{`sim = "k=` + digits + ` opc=` + digits + `00"`, "sim = <<END\nk=" + digits + "\nOP=" + digits + "1\nEND", "sim = \"k=" + digits + ` opc="`, `sim = k` + digits} {
		_, found := newShelf(t).load("culvert.hcl", strings.Replace(subscribers, "ENTRY", entry, 1))
		if !found.Errors() || strings.Contains(found.String(), digits) {
			t.Errorf("got\n%s", found)
		}
	}
}

func TestPPKsAreNotShown(t *testing.T) {
	_, found := load("ppk \"a\" {\n  key = \"0x" + precious + "\"\n}\n")
	if checkSecrecy(t, found); !found.Errors() {
		t.Error("it is no key")
	}
}
