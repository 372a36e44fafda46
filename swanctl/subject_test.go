package swanctl

import "testing"

// The subject of its certificate is the identity of a side that authenticates with EAP and says no other.
func TestSubjectIsTheIdentityOfEAP(t *testing.T) {
	for _, c := range []struct{ id, want string }{{"", "CN=moon.example.org"}, {"id = %any", "CN=moon.example.org"}, {"id = moon.example.org", "moon.example.org"}} {
		f, _, _, _ := gateway(t, "local {\n auth = eap-tls\n certs = moon.pem\n "+c.id+"\n }\n remote {\n auth = eap-tls\n id = sun.example.org\n }")
		if got := only(t, f.good(t)).Local.ID.String(); got != c.want {
			t.Errorf("%q: %s, want %s", c.id, got, c.want)
		}
	}
}
