package daemon

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"culvert/keystore"
	"culvert/keystore/token"
	"culvert/secret"
	"culvert/swanctl"
	"culvert/swanctl/settings"
)

// A tokenHelper is what culvert-pkcs11 is to a daemon of a test: a shell that has one key, and hangs with the module /hangs.so.
type tokenHelper struct{ dir, id string }

func newTokenHelper(t *testing.T) *tokenHelper {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	h := &tokenHelper{dir: t.TempDir()}
	if h.id, err = swanctl.KeyID(key.Public()); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`#!/bin/sh
while read -r line; do
  case "$line" in
  */hangs.so*) echo $$ >%[1]s/hangs; exec sleep 600 ;;
  *'"op":"find"'*) echo '{"place":{"slot":"3","token":"gw","serial":"1"}}' ;;
  *) echo '{"public":"%[2]s"}' ;;
  esac
done
`, h.dir, base64.StdEncoding.EncodeToString(der))
	if err := os.WriteFile(filepath.Join(h.dir, "culvert-pkcs11"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(h.dir, "hangs"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", h.dir+":"+os.Getenv("PATH"))
	return h
}

// hung waits until a module hangs, and returns the process.
func (h *tokenHelper) hung(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "hangs"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// A client whose token hangs waits alone.
func TestTokensThatHangDelayNobody(t *testing.T) {
	h := newTokenHelper(t)
	west := newNode(t, "west", "10.1.0.0/24")
	west.write("", west.viciBlock()+"pkcs11_module \"soft\" {\n  path       = \"/soft.so\"\n  load_certs = false\n}\npkcs11_module \"stuck\" {\n  path       = \"/hangs.so\"\n  load_certs = false\n}\n")
	west.start()
	waits, c := west.controller(), west.controller()
	ended := make(chan error, 1)
	go func() {
		_, err := waits.Call(t.Context(), "load-token", new(settings.Section).Add("handle", "01").Add("module", "stuck"))
		ended <- err
	}()
	pid := h.hung(t)
	if got := c.load("load-token", new(settings.Section).Add("handle", "01").Add("module", "soft").Add("pin", "1234")).Text("id"); got != h.id {
		t.Errorf("the key is %q, want %q", got, h.id)
	}
	peer := &node{name: "east", addr: "192.0.2.2", network: "10.2.0.0/24"}
	c.load("load-shared", secretMessage("ike-1", "east.example.org"))
	c.load("load-conn", siteMessage(west, peer, func(*settings.Section) {}))
	c.load("reload-settings", nil)
	if got := c.load("get-keys", nil).Texts("keys"); len(got) != 1 || got[0] != h.id {
		t.Errorf("keys are %q", got)
	}
	select {
	case err := <-ended:
		t.Errorf("the module does not hang: %v", err)
	default:
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "loading private key from token failed") || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("the client that waits hears %v", err)
	}
	c.load("unload-key", new(settings.Section).Add("id", h.id))
	if strings.Contains(west.log.String(), "1234") {
		t.Error("the PIN is in the log")
	}
}

// What a token has told is asked once, until somebody wants to know it anew. A PIN that it has refused is not shown again by itself.
func TestTokensAreAskedOnce(t *testing.T) {
	d := newTokenDesk()
	asked := map[string]int{}
	ask := func(v visit, uri string) error {
		_, err := v.get("key", uri, secret.Bytes("1234"), func(keystore.Store) (any, error) {
			asked[uri]++
			switch uri {
			case "wrong":
				return nil, fmt.Errorf("no: %w", &token.Error{Failure: token.Refused, Text: "the PIN is wrong"})
			case "absent":
				return nil, errors.New("there is none")
			}
			return 1, nil
		})
		return err
	}
	all := func(v visit) {
		for _, uri := range []string{"key", "wrong", "absent"} {
			_ = ask(v, uri)
		}
	}
	count := func(what string, key, wrong, absent int) {
		t.Helper()
		if asked["key"] != key || asked["wrong"] != wrong || asked["absent"] != absent {
			t.Errorf("%s: asked %v", what, asked)
		}
	}
	hurried, patient := visit{tokenDesk: d}, visit{tokenDesk: d, waits: true}
	if err := ask(hurried, "key"); !errors.Is(err, errUnread) || !d.lacks() {
		t.Errorf("who cannot wait gets %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	held := &answer{ask: func() (any, error) { return 1, nil }, done: make(chan struct{})}
	held.once.Do(func() {}) // nobody reads it
	if err := readAll(gone, []*answer{held}); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone waits: %v", err)
	}
	if err := readAll(t.Context(), d.take()); err != nil {
		t.Error(err)
	}
	if err := ask(hurried, "key"); err != nil || d.lacks() {
		t.Errorf("what is there is not given: %v", err)
	}
	all(patient)
	all(patient)
	count("again and again", 1, 1, 1)
	d.forget(false)
	all(patient)
	count("when a failure may be over", 1, 1, 2)
	anew := visit{tokenDesk: d, waits: true, anew: map[question]bool{}}
	_ = ask(anew, "wrong")
	_ = ask(anew, "wrong")
	count("when a client loads it", 1, 2, 2)
	d.forget(true)
	all(patient)
	count("after a reload", 2, 3, 3)
}
