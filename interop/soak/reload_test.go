package soak_test

import "testing"

// reload gives both daemons another plan.
func (s *scene) reload(p plan) {
	s.Helper()
	s.moon.Reload(p.conf(s.Lab, true))
	s.sun.Reload(p.conf(s.Lab, false))
}

const another = `
connection "other" {
  remote {
    address = "10.99.0.77"
    id = "other.example.org"
  }
  child "net" {
    local  = ["10.1.9.0/24"]
    remote = ["10.9.0.0/24"]
  }
}
secret "other" {
  psk = "of-another-peer-altogether"
}
`

// Changes that have nothing to do with a connection do not touch its packets, nor do those that have: the SAs that are there
// live on, and what they get next is as the new configuration says.
func TestReloadUnderLoad(t *testing.T) {
	before := carriers[0].plan
	before.child = `esp_proposals = ["aes128gcm16"]`
	unrelated, related := before, before
	unrelated.daemon, unrelated.more = `log_level = "warn"`, another
	related.connection += "\n  dpd_delay = \"5s\"\n  rekey_time = \"2h\"\n  proposals = [\"aes256gcm16-prfsha384-x25519\"]"
	related.child = "esp_proposals = [\"chacha20poly1305\"]\n    rekey_time = \"20m\"\n    replay_window = 4096"
	tests := []struct {
		name string
		plan plan
		want string // what the child has then
	}{
		{"another connection comes", unrelated, "aes128gcm16"},
		{"it goes", before, "aes128gcm16"},
		{"other algorithms, times and windows", related, "chacha20poly1305"},
		{"back again", before, "aes128gcm16"},
	}
	s := newScene(t)
	s.start(before)
	s.load()
	for _, tt := range tests {
		s.after(between)
		s.reload(tt.plan)
		s.Await(tt.want+" as "+tt.name, func() bool { return s.childSuite() == tt.want })
		s.after(between)
		s.moon.Culvert.Must("rekey", "site/net")
	}
	s.after(between)
	s.wholeLoad()
	s.leavesNothing()
}

// childSuite is what the newest child has, or nothing while there is none.
func (s *scene) childSuite() string {
	s.Helper()
	for _, sa := range s.moon.Status().SAs {
		if n := len(sa.Children); n > 0 {
			return sa.Children[n-1].Suite
		}
	}
	return ""
}
