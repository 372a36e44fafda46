package config

import (
	"testing"

	"culvert/auth"
	"culvert/eap"
	"culvert/explain"
)

// rounds is a connection with two blocks, and everything that they may name.
func rounds(local, remote, more string) string {
	return "connection \"a\" {\nlocal {\n" + local + "\n}\nremote {\naddress = \"192.0.2.9\"\n" + remote + "\n}\n" + more + "\n}\n" +
		"users \"staff\" {\nuser \"carol\" { cleartext = \"a password\" }\n}\nsecret \"a\" { psk = \"0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029\" }\n"
}

func TestRoundsFitEachOther(t *testing.T) {
	const client = "eap {\nidentity = \"carol\"\npassword = \"a password\"\n}"
	const server = "eap { users = \"staff\" }"
	for name, tt := range map[string]struct {
		local, remote, more string
		severity            Severity
		code                explain.Code
	}{
		"a client":                              {client, "auth = \"psk\"", "", Error, ""},
		"EAP alone as client":                   {client, "auth = \"eap\"", "", Error, ""},
		"EAP alone as gateway":                  {"auth = \"eap\"", server, "", Error, ""},
		"a gateway with a secret":               {"", server, "", Warning, explain.ConfigContradiction},
		"EAP in the second round":               {"second {\n" + client + "\n}", "second { auth = \"psk\" }", "", Error, ""},
		"no proof of ours for EAP":              {"auth = \"null\"", server, "", Error, explain.ConfigContradiction},
		"EAP for one who proves nothing":        {client, "auth = \"null\"", "", Error, explain.ConfigContradiction},
		"EAP without credentials":               {"auth = \"eap\"", "", "", Error, explain.ConfigMissingKey},
		"EAP without credentials, second":       {"second { auth = \"eap\" }", server, "", Error, explain.ConfigMissingKey},
		"users that are not there":              {"", "eap { users = \"stuff\" }", "", Error, explain.ConfigReference},
		"nothing, twice":                        {"", "auth = \"null\"\nsecond { auth = \"psk\" }", "", Error, explain.ConfigContradiction},
		"nothing of ours, twice":                {"auth = \"null\"\nsecond { auth = \"psk\" }", "", "", Error, explain.ConfigContradiction},
		"anybody at the addresses of others":    {"", "auth = \"null\"", "child \"c\" { remote = \"10.0.0.0/8\" }", Error, explain.ConfigContradiction},
		"anybody at their own address":          {"", "auth = \"null\"", "child \"c\" { local = \"10.0.0.0/8\" }", Error, ""},
		"EAP-only for initiators without":       {"eap_only = true", "", "", Error, explain.ConfigContradiction},
		"EAP-only of the responder without EAP": {"", "eap_only = true", "", Error, explain.ConfigContradiction},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.code != "" {
				finds(t, rounds(tt.local, tt.remote, tt.more), tt.severity, tt.code, "")
			} else if _, found := load(rounds(tt.local, tt.remote, tt.more)); found.Errors() {
				t.Error(found)
			}
		})
	}
}

func TestEAPBlocksAreRead(t *testing.T) {
	c := mustLoad(t, rounds("eap {\nidentity = \"carol\"\npassword = \"a password\"\nmethods = [\"md5\", \"mschapv2\"]\n}", "auth = \"psk\"\nsecond {\neap {\nusers = \"staff\"\nidentity = \"*@example.org\"\n}\n}", "")).Connection("a")
	l, r := c.Local, c.Remote
	if l.Auth != auth.MethodEAP || l.EAP.Identity != "carol" || !l.EAP.Password.Equal([]byte("a password")) || !l.EAP.Keyless || len(l.EAP.Methods) != 2 || len(l.Rounds()) != 1 {
		t.Errorf("local: %+v", l)
	}
	if len(r.Rounds()) != 2 || r.Second.Auth != auth.MethodEAP || r.Second.EAP.Users != "staff" || r.Second.EAP.Keyless || !r.Second.EAP.AskIdentity ||
		r.Second.EAP.Identity.String() != "*@example.org" || r.Second.EAP.Methods[0] != eap.TypeMSCHAPv2 {
		t.Errorf("remote: %+v", r.Second)
	}
}
