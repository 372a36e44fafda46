package mschapv2

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/explain"
	"culvert/secret"
)

var accounts = eaptest.Accounts{
	"carol":             {User: "carol", NTHash: NTHash([]byte("clientPass")), Grant: &eap.Grant{User: "carol"}},
	"carol@example.org": {User: "carol2", NTHash: NTHash([]byte("clientPass"))},
	"old":               {User: "old", NTHash: NTHash([]byte("clientPass")), Expired: true},
	"hashed":            {User: "hashed", Verify: func(secret.Bytes) bool { return true }},
}

func run(t *testing.T, identity string, client Client) eaptest.Outcome {
	t.Helper()
	return eaptest.Run(t, &eap.Peer{Methods: []eap.Method{client}},
		&eap.Authenticator{Methods: []eap.Method{Server{Accounts: accounts}}}, eaptest.Session(identity))
}

func right() Client { return Client{Password: eap.Stored([]byte("clientPass"))} }

func TestBothSidesProveThePassword(t *testing.T) {
	for name, client := range map[string]Client{"password": right(), "hash": {NTHash: NTHash([]byte("clientPass"))}} {
		t.Run(name, func(t *testing.T) {
			out := run(t, "carol", client)
			if out.Client.State != eap.Succeeded || out.Server.State != eap.Succeeded {
				t.Fatalf("got %v, %v", out.Client.Err, out.Server.Err)
			}
			if len(out.Client.MSK) != 64 || !out.Client.MSK.Equal(out.Server.MSK) {
				t.Error("the keys differ")
			}
			if out.Server.Identity != "carol" || out.Server.Grant == nil || out.Client.EAPOnly || out.Client.Method != eap.TypeMSCHAPv2 {
				t.Errorf("got %+v", out.Server)
			}
		})
	}
}

func TestNamesLeadToAccountsAsWindowsSendsThem(t *testing.T) {
	for name, want := range map[string]string{`HOST\carol`: "carol", "carol@example.org": "carol2", `EX\carol@example.org`: "carol2"} {
		out := run(t, name, right())
		if out.Server.State != eap.Succeeded || out.Client.State != eap.Succeeded || out.Server.Identity != want {
			t.Errorf("%s: got %q, %v", name, out.Server.Identity, out.Server.Err)
		}
	}
}

func TestFailuresAreToldToBothSides(t *testing.T) {
	for _, tt := range []struct {
		name, identity, password string
		server, client           explain.Code
		message                  string
	}{
		{"wrong password", "carol", "x", explain.EAPPassword, explain.EAPPassword, "E=691 R=0 C="},
		{"unknown user", "mallory", "clientPass", explain.EAPUserUnknown, explain.EAPPassword, "E=691 R=0 C="},
		{"no NT hash", "hashed", "clientPass", explain.EAPCredential, explain.EAPPassword, "E=691 R=0 C="},
		{"expired", "old", "clientPass", explain.EAPExpired, explain.EAPExpired, "E=648 R=0 C="},
		{"expired, and wrong", "old", "x", explain.EAPPassword, explain.EAPPassword, "E=691 R=0 C="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := run(t, tt.identity, Client{Password: eap.Stored([]byte(tt.password))})
			if got := eaptest.Code(out.Server); got != tt.server {
				t.Errorf("server: got %s, want %s", got, tt.server)
			}
			if got := eaptest.Code(out.Client); got != tt.client {
				t.Errorf("client: got %s, want %s", got, tt.client)
			}
			if !bytes.Contains(bytes.Join(out.Packets, nil), []byte(tt.message)) {
				t.Errorf("%q was not sent", tt.message)
			}
		})
	}
}

// start begins an exchange of the client and has it answer a challenge.
func start(t testing.TB) eap.Exchange {
	t.Helper()
	x, err := right().Begin(eaptest.Session("carol"), "carol")
	if err != nil {
		t.Fatal(err)
	}
	s := step(t, x, packet{opChallenge, 5, encodeValue(make([]byte, 16), "server")}.encode())
	if s.State != eap.Continuing || len(s.Data) != headerLen+1+responseLen+len("carol") || s.Data[1] != 5 {
		t.Fatalf("got %+v", s)
	}
	return x
}

func step(t testing.TB, x eap.Exchange, data []byte) eap.Step {
	t.Helper()
	return x.Step(t.Context(), eap.Input{Packet: &eap.Packet{Data: data}})
}

func code(s eap.Step) explain.Code {
	f, _ := errors.AsType[*eap.Failure](s.Err)
	if s.State != eap.Failed || f == nil {
		return ""
	}
	return f.Code
}

func TestClientDemandsTheServersProof(t *testing.T) {
	for _, message := range []string{"", "S=", "S=00", "S=" + strings.Repeat("0", 40), "M=OK", "S=" + strings.Repeat("z", 40)} {
		s := step(t, start(t), packet{opSuccess, 5, []byte(message)}.encode())
		if got := code(s); got != explain.EAPServerUnknown || s.Data != nil || s.MSK != nil {
			t.Errorf("%q: got %s", message, got)
		}
	}
	if got := code(step(t, start(t), short(opSuccess))); got != explain.EAPServerUnknown {
		t.Errorf("without a message: got %s", got)
	}
}

func TestClientReadsFailuresOfAnyShape(t *testing.T) {
	for message, want := range map[string]explain.Code{
		"E=691 R=1 C=00 V=3 M=wrong": explain.EAPPassword, "E=648": explain.EAPExpired, "E=647 R=0": explain.EAPRejected,
		"E=646": explain.EAPRejected, "E=649": explain.EAPRejected, "E=": explain.EAPRejected, "": explain.EAPRejected, "R=0 E=691": explain.EAPRejected,
		"E=99999999999999999999 M=x": explain.EAPRejected,
	} {
		s := step(t, start(t), packet{opFailure, 5, []byte(message)}.encode())
		if got := code(s); got != want || !bytes.Equal(s.Data, []byte{4}) || !strings.Contains(s.Err.Error(), "the server refuses \"") {
			t.Errorf("%q: got %s %x %v, want %s", message, got, s.Data, s.Err, want)
		}
	}
	// A header that is cut off or claims less than itself must not be read beyond (CVE-2025-62291).
	for _, b := range [][]byte{{4}, {4, 5}, {4, 5, 0}, {4, 5, 0, 0}, {4, 5, 0, 3}, {4, 5, 0xff, 0xff}} {
		if s := step(t, start(t), b); s.State != eap.Failed {
			t.Errorf("%x: got %+v", b, s)
		}
	}
}

func TestClientKeepsTheOrder(t *testing.T) {
	begin := func() eap.Exchange {
		x, _ := right().Begin(eaptest.Session("carol"), "carol")
		return x
	}
	challenge := packet{opChallenge, 5, encodeValue(make([]byte, 16), "server")}.encode()
	for name, tt := range map[string]struct {
		x    eap.Exchange
		data []byte
	}{
		"success first": {begin(), packet{opSuccess, 5, []byte("S=")}.encode()}, "failure first": {begin(), short(opFailure)},
		"a second challenge": {start(t), challenge}, "a response": {begin(), packet{op: opResponse}.encode()}, "an unknown op code": {begin(), packet{op: 9}.encode()},
	} {
		if got := code(step(t, tt.x, tt.data)); got != explain.EAPProtocol {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestMalformedPacketsAreRefused(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty": {}, "header only": {1, 5, 0, 4}, "size of the value": {1, 5, 0, 5, 17}, "short value": append([]byte{1, 5, 0, 20, 16}, make([]byte, 15)...),
		"long name": packet{opChallenge, 5, append(encodeValue(make([]byte, 16), ""), make([]byte, 257)...)}.encode(),
	} {
		x, _ := right().Begin(eaptest.Session("carol"), "carol")
		if got := code(step(t, x, b)); got != explain.EAPMalformed {
			t.Errorf("client, %s: got %q", name, got)
		}
		if len(b) > 0 {
			b[0] = byte(opResponse)
		}
		if got := code(step(t, challenged(t), b)); got != explain.EAPMalformed {
			t.Errorf("server, %s: got %q", name, got)
		}
	}
}

// challenged begins an exchange of the server.
func challenged(t testing.TB) eap.Exchange {
	t.Helper()
	x, err := Server{Accounts: accounts}.Begin(eaptest.Session("carol"), "carol")
	if err != nil {
		t.Fatal(err)
	}
	if s := x.Step(t.Context(), eap.Input{Identifier: 9}); s.Data[1] != 9 || !bytes.HasSuffix(s.Data, []byte("culvert")) {
		t.Fatalf("got %x", s.Data)
	}
	return x
}

func TestServerKeepsTheOrder(t *testing.T) {
	for name, b := range map[string][]byte{
		"success": short(opSuccess), "failure": short(opFailure), "change of the password": packet{opChangePassword, 9, make([]byte, 582)}.encode(),
		"a challenge": packet{opChallenge, 9, nil}.encode(),
	} {
		if got := code(step(t, challenged(t), b)); got != explain.EAPProtocol {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestChangeOfAnExpiredPasswordIsRefused(t *testing.T) {
	x, _ := Server{Accounts: accounts}.Begin(eaptest.Session("old"), "old")
	challenge := x.Step(t.Context(), eap.Input{Identifier: 1})
	c, _ := right().Begin(eaptest.Session("old"), "old")
	if s := step(t, x, step(t, c, challenge.Data).Data); s.State != eap.Continuing || s.Data[0] != byte(opFailure) {
		t.Fatalf("got %+v", s)
	}
	if got := code(step(t, x, packet{opChangePassword, 2, make([]byte, 582)}.encode())); got != explain.EAPExpired {
		t.Errorf("got %q", got)
	}
}

func TestAPersonMayGiveUp(t *testing.T) {
	gone := errors.New("nobody there")
	out := run(t, "carol", Client{Password: func(context.Context, string) (secret.Bytes, error) { return nil, gone }})
	if !errors.Is(out.Client.Err, gone) {
		t.Errorf("got %v", out.Client.Err)
	}
}

func FuzzMSCHAPv2(f *testing.F) {
	f.Add(packet{opChallenge, 5, encodeValue(make([]byte, 16), "server")}.encode(), packet{opSuccess, 5, []byte("S=00")}.encode())
	f.Add(packet{opResponse, 5, encodeValue(make([]byte, 49), "carol")}.encode(), packet{opFailure, 5, []byte("E=691")}.encode())
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x, _ := right().Begin(eaptest.Session("carol"), "carol")
		s := challenged(t)
		for _, data := range [][]byte{a, b} {
			if step(t, x, data).State == eap.Succeeded || step(t, s, data).State == eap.Succeeded {
				t.Error("success without the password")
			}
		}
	})
}
