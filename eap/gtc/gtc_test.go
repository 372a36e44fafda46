package gtc_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/eap/gtc"
	"culvert/explain"
	"culvert/secret"
)

var accounts = eaptest.Accounts{
	"carol": {User: "carol", Verify: func(p secret.Bytes) bool { return p.Equal([]byte("123456")) }, Grant: &eap.Grant{User: "carol"}},
	"old":   {User: "old", Verify: func(secret.Bytes) bool { return true }, Expired: true},
	"card":  {User: "card"},
}

func run(t *testing.T, identity, password string) eaptest.Outcome {
	t.Helper()
	client := &eap.Peer{Methods: []eap.Method{gtc.Client{Password: eap.Stored([]byte(password)), Bare: true}}}
	server := &eap.Authenticator{Methods: []eap.Method{gtc.Server{Accounts: accounts, Bare: true}}}
	return eaptest.Run(t, client, server, eaptest.Session(identity))
}

func TestThePasswordIsChecked(t *testing.T) {
	out := run(t, "carol", "123456")
	if out.Client.State != eap.Succeeded || out.Server.State != eap.Succeeded || out.Server.Identity != "carol" || out.Server.Grant == nil {
		t.Errorf("got %+v, %+v", out.Client, out.Server)
	}
	if out.Server.MSK != nil || out.Client.EAPOnly {
		t.Error("the method claims keys")
	}
	for _, tt := range []struct {
		identity, password string
		want               explain.Code
	}{
		{"carol", "654321", explain.EAPPassword}, {"nobody", "123456", explain.EAPUserUnknown}, {"old", "x", explain.EAPExpired},
		{"card", "x", explain.EAPCredential}, {"old", strings.Repeat("x", 2000), explain.EAPPassword},
	} {
		out := run(t, tt.identity, tt.password)
		if got := eaptest.Code(out.Server); got != tt.want {
			t.Errorf("%s: server: got %s, want %s", tt.identity, got, tt.want)
		}
		if got := eaptest.Code(out.Client); got != explain.EAPRejected {
			t.Errorf("%s: client: got %s", tt.identity, got)
		}
	}
}

func TestThePasswordStaysInsideTunnels(t *testing.T) {
	s := eaptest.Session("carol")
	for _, m := range []eap.Method{gtc.Client{}, gtc.Server{}} {
		if _, err := (&eap.Peer{Methods: []eap.Method{m}}).Begin(s); err == nil {
			t.Errorf("%T may be used outside a tunnel", m)
		}
	}
	s.Tunnelled = true
	if _, err := (&eap.Peer{Methods: []eap.Method{gtc.Client{}}}).Begin(s); err != nil {
		t.Error(err)
	}
}

func TestThePromptReachesThePersonWhoMayGiveUp(t *testing.T) {
	var prompt string
	gone := errors.New("nobody there")
	client := gtc.Client{Bare: true, Password: func(_ context.Context, p string) (secret.Bytes, error) { prompt = p; return nil, gone }}
	server := gtc.Server{Accounts: accounts, Bare: true, Prompt: "Token\a:"}
	out := eaptest.Run(t, &eap.Peer{Methods: []eap.Method{client}}, &eap.Authenticator{Methods: []eap.Method{server}}, eaptest.Session("carol"))
	if prompt != "Token :" {
		t.Errorf("got %q", prompt)
	}
	if !errors.Is(out.Client.Err, gone) || out.Client.Packet != nil {
		t.Errorf("got %+v", out.Client)
	}
}

func TestPromptsAreBounded(t *testing.T) {
	x, _ := gtc.Client{Password: eap.Stored([]byte("x"))}.Begin(eaptest.Session("carol"), "carol")
	for range 8 {
		if s := x.Step(t.Context(), eap.Input{Packet: &eap.Packet{}}); s.State != eap.Succeeded || string(s.Data) != "x" {
			t.Fatalf("got %+v", s)
		}
	}
	if s := x.Step(t.Context(), eap.Input{Packet: &eap.Packet{}}); s.State != eap.Failed {
		t.Errorf("got %+v", s)
	}
}
