package wgconf

import (
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
)

const sample = `[Interface]
# ours
Address = 10.0.0.1/24, fd00::1/64
PrivateKey = secret+key=
ListenPort = 51820
PostUp = iptables -A FORWARD
MTU = 1400

[Peer]
PublicKey = y=
PresharedKey = z=
AllowedIPs = 10.0.0.2/32, 10.9.0.5/16
Endpoint = vpn.example.org:51820
PersistentKeepalive = 25

[Peer]
PublicKey = y2=
AllowedIPs = 10.0.0.3/32
`

// What is written is a configuration, and no key is in it.
func TestTwinLoads(t *testing.T) {
	tunnel, err := Parse(sample)
	if err != nil {
		t.Fatal(err)
	}
	text := tunnel.Twin("wg0")
	for _, leak := range []string{"secret+key", "y=", "z="} {
		if strings.Contains(text, leak) {
			t.Errorf("%q is in it", leak)
		}
	}
	for _, told := range []string{"Keys cannot be carried over", "left out: mtu = 1400", "left out: postup", "51820 is not in use"} {
		if !strings.Contains(text, told) {
			t.Errorf("nobody is told that %q", told)
		}
	}
	files := fstest.MapFS{"wg.hcl": {Data: []byte(text), Mode: 0o600}}
	cfg, found := config.Source{Files: files}.Load("/wg.hcl")
	if cfg == nil {
		t.Fatalf("%v\n%s", found, text)
	}
	first, second := cfg.Connection("wg0-1"), cfg.Connection("wg0-2")
	if first.Remote.Names()[0] != "vpn.example.org" || len(first.Children[0].Remote) != 2 || len(first.Children[0].Local) != 2 || second.Remote.Reachable() {
		t.Errorf("the connections are %+v, %+v", first.Remote, second.Remote)
	}
}

func TestParseTellsTheLine(t *testing.T) {
	for _, tt := range []struct{ text, says string }{
		{"x = 1", "line 1: neither section nor option"},
		{"[Interface]\nAdress = 1", `line 2: "adress" is no option of an interface`},
		{"[Peer]\nAllowedIPs = x", "line 2:"},
		{"[Peer]\nMTU = 1", "line 2:"},
		{"[Interface]\nListenPort = y", "line 2:"},
		{"[Interface]\n", "there is no peer"},
	} {
		if _, err := Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: got %v", tt.text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample, "wg0")
	f.Add("[Peer]\nEndpoint = [::1]:1\nAllowedIPs = ::/0", "x y\"")
	f.Add(sample, "wg0\ndaemon {")
	f.Fuzz(func(t *testing.T, text, name string) {
		tunnel, err := Parse(text)
		if err != nil {
			return
		}
		out := tunnel.Twin(name)
		_, found := config.Source{Files: fstest.MapFS{"x.hcl": {Data: []byte(out), Mode: 0o600}}}.Load("/x.hcl")
		for _, d := range found {
			if d.Code == "CONFIG-SYNTAX" {
				t.Fatalf("%v\n%s", d, out)
			}
		}
	})
}
