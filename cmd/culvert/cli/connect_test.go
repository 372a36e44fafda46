package cli

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/api"
)

// lonelyConf is a client whose gateway does not answer.
const lonelyConf = `
connection "office" {
  local {
    id = "carol@example.org"
  }
  remote {
    address = "127.0.0.1"
    port    = 9
    id      = "gw.example.org"
  }
  virtual_ips = ["0.0.0.0"]
  child "net" {
    remote = ["10.2.0.0/24"]
  }
}
secret "office" {
  ids = ["carol@example.org", "gw.example.org"]
  psk = "correct horse battery staple, and then some"
}
`

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What cannot be meant is refused before anything is done.
func TestConnectUsage(t *testing.T) {
	password, empty := writeFile(t, "password", "secret\n"), writeFile(t, "empty", "\n")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"office"}, "culvert up office brings up"},
		{nil, "culvert up brings up"},
		{[]string{"--rootless", "office", "home"}, `"home" as well`},
		{[]string{"--rootless", "office", "--socks", "0.0.0.0:1080"}, "--user and --password-file"},
		{[]string{"--rootless", "office", "--http", "[2001:db8::1]:3128"}, "can be reached from other hosts"},
		{[]string{"--rootless", "office", "--socks", "1080"}, `"1080" is no address with a port`},
		{[]string{"--rootless", "office", "--user", "carol"}, "belong together"},
		{[]string{"--rootless", "office", "--password-file", password}, "belong together"},
		{[]string{"--rootless", "office", "--user", "carol", "--password-file", "/nowhere"}, "/nowhere"},
		{[]string{"--rootless", "office", "--user", "carol", "--password-file", empty}, "1 to 255 octets"},
		{[]string{"--rootless", "office", "--socks", "off", "--http", "off", "--forward", "80:intranet"}, "is not [ADDRESS:]PORT:HOST:PORT"},
		{[]string{"--rootless", "office", "--socks", "off", "--http", "off", "--address", "intranet"}, "is no IP address"},
		{[]string{"--rootless", "office", "--socks", "off", "--http", "off", "--dns", "intranet"}, "is no IP address"},
	} {
		s := newShell(t)
		s.run(exitUsage, append([]string{"connect"}, tt.args...)...)
		if !strings.Contains(s.err.String(), tt.want) {
			t.Errorf("%v: got %s, want something about %s", tt.args, s.err.String(), tt.want)
		}
	}
}

func TestProxiesMayListenElsewhereWithAPassword(t *testing.T) {
	c := connecting{rootless: true, socks: "0.0.0.0:1080", http: off, user: "carol", password: writeFile(t, "password", "secret\r\nmore\n")}
	if err := c.check(); err != nil {
		t.Error(err)
	}
	account, err := c.account()
	if err != nil || account.User != "carol" || string(account.Password) != "secret" {
		t.Errorf("got %+v, %v", account, err)
	}
}

func TestConnectExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	right := writeFile(t, "office.hcl", lonelyConf)
	for _, tt := range []struct {
		code int
		want string
		args []string
	}{
		{exitConfig, "CONFIG-", []string{"--config", writeFile(t, "wrong.hcl", "connexion \"office\" {}\n")}},
		{exitNotFound, "there is no connection \"home\"; the configuration has office: name one of those", []string{"--config", right, "home"}},
		{exitFailure, "MANAGE-LISTEN", []string{"--config", right, "--socks", taken.Addr().String()}},
		{exitTimeout, "not up within 50ms: the lines above say how far it came", []string{"--config", right, "--timeout", "50ms"}},
	} {
		s := newShell(t)
		s.run(tt.code, append([]string{"connect", "--rootless", "--socks", "off", "--http", "off"}, tt.args...)...)
		if !strings.Contains(s.err.String(), tt.want) {
			t.Errorf("%v: got %s, want something about %s", tt.args, s.err.String(), tt.want)
		}
	}
}

// Single messages are of interest until the tunnel is up.
func TestBoardShowsWhatMatters(t *testing.T) {
	s := newShell(t)
	b := &board{app: &app{Env: s.env}, begun: noon()}
	sent := api.Event{Time: noon().Add(time.Second), Kind: api.EventSent, Text: "sent a request"}
	b.event(sent)
	b.on = true
	b.event(sent)
	b.event(api.Event{Time: noon().Add(2 * time.Second), Kind: api.EventWaiting, Text: "trying again"})
	b.failed("intranet:80", errors.New("no such\x1bhost"))
	if got, want := s.out.String(), "   1.000s  sent a request\n   2.000s  trying again\n   0.000s  intranet:80: no such\uFFFDhost\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.out.Reset()
	b.json = true
	b.event(sent)
	b.failed("intranet:80", errors.New("no such host"))
	if got := s.out.String(); !strings.Contains(got, `"kind":"sent"`) || !strings.Contains(got, `{"target":"intranet:80","problem":"no such host"}`) {
		t.Errorf("got %s", got)
	}
}

func TestJoinedShowsTheWaysIn(t *testing.T) {
	s := newShell(t)
	a := &app{Env: s.env}
	a.out().joined(joined{
		outcome: outcome{Target: "office", Result: "up"}, Addresses: []string{netip.MustParseAddr("10.3.0.1").String()},
		SOCKS: "127.0.0.1:1080", Forward: []string{"127.0.0.1:8080 -> intranet:80"},
	})
	const want = "office is up; our addresses in it: 10.3.0.1\n  SOCKS5 proxy  127.0.0.1:1080\n  forward       127.0.0.1:8080 -> intranet:80\nCtrl-C closes it.\n"
	if got := s.out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
