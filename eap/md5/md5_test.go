package md5

import (
	"context"
	"errors"
	"testing"

	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/explain"
	"culvert/secret"
)

var accounts = eaptest.Accounts{
	"carol": {User: "carol", Cleartext: []byte("EapSecretPassword"), Grant: &eap.Grant{User: "carol"}},
	"old":   {User: "old", Cleartext: []byte("EapSecretPassword"), Expired: true},
	"hash":  {User: "hash", NTHash: make([]byte, 16)},
}

func run(t *testing.T, identity string, password eap.Password) eaptest.Outcome {
	t.Helper()
	client := &eap.Peer{Methods: []eap.Method{Client{Password: password}}}
	return eaptest.Run(t, client, &eap.Authenticator{Methods: []eap.Method{Server{Accounts: accounts}}}, eaptest.Session(identity))
}

func TestThePasswordIsChecked(t *testing.T) {
	right := eap.Stored([]byte("EapSecretPassword"))
	out := run(t, "carol", right)
	if out.Client.State != eap.Succeeded || out.Server.State != eap.Succeeded || out.Server.Identity != "carol" || out.Server.Grant == nil {
		t.Errorf("got %+v, %+v", out.Client, out.Server)
	}
	for _, tt := range []struct {
		identity string
		password eap.Password
		want     explain.Code
	}{
		{"carol", eap.Stored([]byte("eapSecretPassword")), explain.EAPPassword}, {"nobody", right, explain.EAPUserUnknown},
		{"old", right, explain.EAPExpired}, {"hash", right, explain.EAPCredential},
	} {
		out := run(t, tt.identity, tt.password)
		if got := eaptest.Code(out.Server); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.identity, got, tt.want)
		}
		if got := eaptest.Code(out.Client); got != explain.EAPRejected {
			t.Errorf("%s: client: got %s", tt.identity, got)
		}
	}
}

func TestAPersonMayGiveUp(t *testing.T) {
	gone := errors.New("nobody there")
	out := run(t, "carol", func(context.Context, string) (secret.Bytes, error) { return nil, gone })
	if !errors.Is(out.Client.Err, gone) {
		t.Errorf("got %v", out.Client.Err)
	}
}

func TestMalformedValuesAreRefused(t *testing.T) {
	for name, b := range map[string][]byte{"empty": {}, "no value": {0, 'a'}, "short": {3, 1, 2}} {
		in := eap.Input{Packet: &eap.Packet{Data: b}}
		c, _ := Client{Password: eap.Stored([]byte("x"))}.Begin(eaptest.Session("carol"), "carol")
		s, _ := Server{Accounts: accounts}.Begin(eaptest.Session("carol"), "carol")
		for _, x := range []eap.Exchange{c, s} {
			f, ok := errors.AsType[*eap.Failure](x.Step(t.Context(), in).Err)
			if !ok || f.Code != explain.EAPMalformed {
				t.Errorf("%s: %T: got %v", name, x, f)
			}
		}
	}
}

func TestLongValuesAreRead(t *testing.T) {
	for n := 1; n <= 255; n++ {
		value, name, err := parse(encode(make([]byte, n), "carol"))
		if err != nil || len(value) != n || string(name) != "carol" {
			t.Errorf("%d octets: got %d, %q, %v", n, len(value), name, err)
		}
	}
}

func FuzzMD5(f *testing.F) {
	f.Add([]byte("\x10abcdefghijklmnopcarol"))
	f.Add([]byte("\xffabc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := eap.Input{Packet: &eap.Packet{Data: b}}
		c, _ := Client{Password: eap.Stored([]byte("x"))}.Begin(eaptest.Session("carol"), "carol")
		s, _ := Server{Accounts: accounts}.Begin(eaptest.Session("carol"), "carol")
		c.Step(t.Context(), in)
		if s.Step(t.Context(), in).State == eap.Succeeded {
			t.Error("a response to an unknown challenge was right")
		}
	})
}
