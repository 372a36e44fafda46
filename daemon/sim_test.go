package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/eap/usim"
	"culvert/explain"
	"culvert/secret"
)

const (
	imsi    = "232010000000000"
	simText = "k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63cb71954a9f4e48a5994e37a02baf"
)

func simKeys(t *testing.T) usim.Keys {
	t.Helper()
	keys, err := usim.ParseKeys(simText)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func openSIMs(t *testing.T, dir string) *sims {
	t.Helper()
	s := newSIMs(dir)
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// simNetwork is a configuration of both sides of EAP-AKA.
func simNetwork(methods string) string {
	hash := strings.Repeat("00", 16)
	return strings.NewReplacer("METHODS", methods, "HASH", hash, "NAME", imsi, "PROOF", `sim = "`+simText+`"`, "SIM", `sim = "`+simText+`"`).Replace(clientAndGateway)
}

// What is configured on two sides makes SIM and home network that understand each other, and go on behind a restart of both.
func TestSIMsAreTranslated(t *testing.T) {
	for _, tt := range []struct {
		name, methods string
		want          eap.Type
	}{{"aka", `["aka"]`, eap.TypeAKA}, {"aka_prime", `["aka_prime"]`, eap.TypeAKAPrime}, {"both", `["aka_prime", "aka"]`, eap.TypeAKAPrime}} {
		t.Run(tt.name, func(t *testing.T) {
			client, gateway := t.TempDir(), t.TempDir()
			var keys []secret.Bytes
			for range 2 {
				mine, theirs := newSIMs(client), newSIMs(gateway)
				out := eaptest.Run(t, simSide(t, tt.methods, mine).LocalEAP, simSide(t, tt.methods, theirs).RemoteEAP, eaptest.Session("laptop"))
				if out.Client.State != eap.Succeeded || out.Server.Identity != imsi || out.Server.Method != tt.want || out.Server.Grant.Groups[0] != "board" || !out.Client.EAPOnly {
					t.Fatalf("client %+v, server %+v", out.Client, out.Server)
				}
				keys = append(keys, out.Client.MSK)
				if err := errors.Join(mine.close(), theirs.close()); err != nil {
					t.Fatal(err)
				}
			}
			if keys[0].Equal(keys[1]) {
				t.Error("two runs have the same keys")
			}
		})
	}
}

// A simEnd is what a configuration makes of its two connections.
type simEnd struct {
	LocalEAP  eap.Client
	RemoteEAP eap.Server
}

func simSide(t *testing.T, methods string, s *sims) simEnd {
	t.Helper()
	list := (&translator{config: loaded(t, simNetwork(methods)), port: 500, sims: s}).connections()
	local, remote := list[0].LocalAuth[0], list[1].RemoteAuth[0]
	if local.Method != auth.MethodEAP || local.EAPKeyless || remote.EAPKeyless {
		t.Fatalf("client %+v, server %+v", local, remote)
	}
	return simEnd{local.EAP, remote.EAP}
}

// A challenge that a SIM has seen is refused by every later one with its keys, in the same process and after a restart.
func TestChallengesAreNeverAnsweredTwice(t *testing.T) {
	dir, keys := t.TempDir(), simKeys(t)
	first := newSIMs(dir)
	v, err := first.centre(keys).Vector(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(s *sims) error {
		card, err := s.card(keys)
		if err != nil {
			t.Fatal(err)
		}
		_, err = card.Authenticate(t.Context(), v.RAND, v.AUTN)
		return err
	}
	if err := answer(first); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*sims{first, openSIMs(t, dir)} {
		if err := answer(s); !isStale(err) {
			t.Errorf("got %v", err)
		}
		if s == first {
			_ = first.close()
		}
	}
}

func isStale(err error) bool {
	_, ok := errors.AsType[*usim.SynchronisationError](err)
	return ok
}

func TestNumbersAreTakenOnce(t *testing.T) {
	s := openSIMs(t, t.TempDir())
	number := simNumber{s, []byte("x")}
	seen := make(chan uint64, 40)
	var wg sync.WaitGroup
	for range cap(seen) {
		wg.Go(func() {
			if err := number.Update(func(last uint64) (uint64, error) { seen <- last; return last + 1, nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(seen)
	once := map[uint64]bool{}
	for n := range seen {
		if once[n] {
			t.Errorf("%d was taken twice", n)
		}
		once[n] = true
	}
}

// A number that cannot be kept is not used, and the failure says where to look.
func TestSIMsWithoutAFileFail(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sims.db"), []byte(strings.Repeat("no database ", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := openSIMs(t, t.TempDir())
	db, err := damaged.open()
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(numbersBucket))
		if err != nil {
			return err
		}
		return b.Put(numberName("centre", simKeys(t)), []byte("short"))
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*sims{"no directory": openSIMs(t, "/dev/null/x"), "no database": openSIMs(t, dir), "no number": damaged} {
		out := eaptest.Run(t, simSide(t, `"aka"`, openSIMs(t, t.TempDir())).LocalEAP, simSide(t, `"aka"`, s).RemoteEAP, eaptest.Session("laptop"))
		if got := eaptest.Code(out.Server); got != explain.EAPSIMStore {
			t.Errorf("%s: got %s: %v", name, got, out.Server.Err)
		}
	}
}
