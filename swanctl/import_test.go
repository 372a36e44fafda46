package swanctl

import (
	"strings"
	"testing"

	"culvert/config"
)

// What an import writes loads by itself, and means the same as the tree.
func TestImportLoads(t *testing.T) {
	f, _, _, _ := gateway(t, "remote_addrs = 192.0.2.9\nlocal {\n certs = moon.pem\n }\n remote {\n auth = eap-mschapv2\n eap_id = %any\n }")
	want := only(t, f.good(t))
	text, found := Import(fstestFS(f), "/etc/swanctl")
	if found.Errors() {
		t.Fatal(found)
	}
	f.put("culvert.hcl", []byte(text))
	cfg, found := config.Source{Files: fstestFS(f)}.Load("/etc/swanctl/culvert.hcl")
	if cfg == nil {
		t.Fatalf("%v\n%s", found, text)
	}
	got := only(t, cfg)
	if got.Source != config.LoadedByFile || got.Local.Key == nil || len(got.Local.Certificates) != len(want.Local.Certificates) || got.DPDDelay != 0 || got.Children[0].Block {
		t.Errorf("the connection is %+v", got)
	}
	if d := config.Diff(cfg, f.good(t)); len(d.Children.Changed) > 0 {
		t.Errorf("children differ: %v", d.Children)
	}
}

// Operators keep a connection for what stays out of tunnels. In a file it would be one without keys, which does not load.
func TestImportWritesPoliciesWithoutTheirConnection(t *testing.T) {
	f := newFolder("connections {\n shunts {\n remote_addrs = 127.0.0.1\n children {\n" +
		"lan {\n local_ts = 192.168.0.0/24\n remote_ts = 192.168.0.0/24\n mode = pass\n start_action = trap\n }\n" +
		"leak {\n remote_ts = 198.51.100.0/24\n mode = drop\n start_action = trap\n }\n }\n }\n}\n")
	text, found := Import(fstestFS(f), "/etc/swanctl")
	if len(found) != 0 {
		t.Fatal(found)
	}
	f.put("culvert.hcl", []byte(text))
	cfg, found := config.Source{Files: fstestFS(f)}.Load("/etc/swanctl/culvert.hcl")
	if cfg == nil || len(cfg.Connections) != 0 || len(cfg.Policies) != 2 {
		t.Errorf("%v\n%s", found, text)
	}
	if c := only(t, f.good(t)); c.Name != "shunts" {
		t.Errorf("a daemon has %s", c.Name) // for swanctl --list-conns
	}
}

// What is left out stands above the block that lacks it, with the reason.
func TestImportTellsWhatIsLeftOut(t *testing.T) {
	f := newFolder(conf("dpd_timeout = 3s", "ah_proposals = sha256\nipcomp = yes"))
	text, found := Import(fstestFS(f), "/etc/swanctl/swanctl.conf")
	if !found.Errors() || !strings.Contains(text, "# left out: children.net.ah_proposals: AH is not there") || !strings.Contains(text, "# left out: children.net.ipcomp: IPComp is not there") {
		t.Errorf("%v\n%s", found, text)
	}
}

func TestImportIPsecLoads(t *testing.T) {
	f := folder{}
	f.put("ipsec.conf", []byte("conn a\n\tleft=192.0.2.1\n\tleftid=@moon\n\tright=192.0.2.2\n\trightid=@sun\n\tauthby=secret\n\tauto=start\n\todd=1\n"))
	f.put("ipsec.secrets", []byte("@moon @sun : PSK \"a secret of many words\"\n"))
	text, found := ImportIPsec(fstestFS(f), "/etc/swanctl/ipsec.conf")
	if found.Errors() || !strings.Contains(found.String(), "odd has no counterpart") {
		t.Fatal(found)
	}
	f.put("culvert.hcl", []byte(text))
	cfg, found := config.Source{Files: fstestFS(f)}.Load("/etc/swanctl/culvert.hcl")
	if cfg == nil {
		t.Fatalf("%v\n%s", found, text)
	}
	if c := only(t, cfg); c.ReauthTime == 0 || c.Children[0].Start == 0 {
		t.Errorf("the connection is %+v", c)
	}
}
