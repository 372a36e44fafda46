package swanctl

import (
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
)

// site is a swanctl.conf in which a mistake is made.
const site = `connections {
  office {
    remote_addrs = 192.0.2.9
    local {
      auth = psk
    }
    remote {
      auth = psk
    }
    children {
      net {
        local_ts = 10.1.0.0/16
        remote_ts = 10.2.0.0/16
        esp_proposals = aes256gcm16-x25519
        start_action = start
      }
    }
  }
}
secrets {
  ike-office {
    secret = 0x9b1c6f2d8e3a4750c1b2a3948576f0e1
  }
}
`

// loadSite reads a tree that is one file.
func loadSite(text string) config.Diagnostics {
	files := fstest.MapFS{"etc/swanctl/swanctl.conf": {Data: []byte(text), Mode: 0o600}}
	_, found := LoadTree(config.Source{Files: files}, "", "/etc/swanctl")
	return found
}

func TestTheSiteHasNoMistake(t *testing.T) {
	for name, text := range map[string]string{"as it is": site, "with a mark of order": "\ufeff" + site, "with CRLF": strings.ReplaceAll(site, "\n", "\r\n")} {
		if found := loadSite(text); len(found) != 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// What people get wrong is told with its line and what to do about it, in the words of the file.
func TestFrequentMistakesSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		name, old, instead string
		line               int
		says               string
	}{
		{"misspelt", "remote_ts", "remots_ts", 13, "did you mean remote_ts?"},
		{"section", "children {", "childs {", 10, "there are local*, remote*, children"},
		{"action", "start\n", "auto\n", 15, "write none, trap, start or trap|start"},
		{"yes", "local {", "mobike = maybe\n local {", 4, "write yes or no"},
		{"brackets", "192.0.2.9", "[2001:db8::1]", 3, "write 2001:db8::1, without brackets"},
		{"port", "192.0.2.9", "192.0.2.9:500", 3, "write 192.0.2.9; ports are keys of their own"},
		{"addresses without commas", "192.0.2.9", "192.0.2.9 192.0.2.10", 3, "put commas between several"},
		{"mask", "10.1.0.0/16", "10.1.0.0/255.255.0.0", 12, "write 10.1.0.0/16"},
		{"prefixes without commas", "10.1.0.0/16", "10.1.0.0/16 10.3.0.0/16", 12, "put commas between prefixes"},
		{"algorithm", "gcm16-x25519", "gcm16-modp9999", 14, `esp_proposals: "modp9999": no such algorithm`},
		{"no secret", "ike-office", "eap-office", 2, "add a section ike-... with secret = ... to secrets"},
		{"no value", "= start\n", "\n", 16, "write key = value, or name { ... }"},
		{"assigned section", "connections {", "connections = {", 19, "a section that is written with ="},
		{"open section", "secrets {", "secrets { a {", 20, "add its closing brace"},
		{"open string", "0x9b", `"0x9b`, 22, "add the closing quote"},
		{"no file", "secrets {", "include nothere.conf\nsecrets {", 20, "read /etc/swanctl/nothere.conf: file does not exist"},
		{"secret with #", "0x9b1c", "pa#ss", 22, "the value ends before the #, which begins a comment"},
		{"UTF-16", site, "\xff\xfec\x00o\x00", 1, "save it as UTF-8"},
		{"culvert.hcl", site, "connection \"office\" {\n}\n", 1, "read it with --config"},
		{"ipsec.conf", site, "conn office\n  left=192.0.2.1\n", 1, "culvert import ipsec.conf"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, d := range loadSite(strings.Replace(site, tt.old, tt.instead, 1)) {
				if d.Line == tt.line && strings.Contains(d.String(), tt.says) {
					return
				}
			}
			t.Error(loadSite(strings.Replace(site, tt.old, tt.instead, 1)))
		})
	}
}

func TestAFolderWithoutConfigurationSaysWhatToName(t *testing.T) {
	_, found := LoadTree(config.Source{Files: fstest.MapFS{"etc/swanctl/x509/a": {}}}, "", "/etc/swanctl")
	if s := found.String(); !strings.Contains(s, "read /etc/swanctl/swanctl.conf: ") || !strings.Contains(s, "name a folder that has a swanctl.conf") {
		t.Error(s)
	}
}
