package swanctl

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"culvert/config"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/suite"
)

// What is not given is as strongSwan documents it.
func TestDefaultsAreThoseOfStrongSwan(t *testing.T) {
	c := only(t, newFolder(conf("", "")).good(t))
	child := c.Children[0]
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"dpd_delay", c.DPDDelay, time.Duration(0)},
		{"rekey_time", c.RekeyTime, 4 * time.Hour},
		{"reauth_time", c.ReauthTime, time.Duration(0)},
		{"over_time", c.OverTime, 24 * time.Minute},
		{"rand_time", c.RandTime, 24 * time.Minute},
		{"unique", c.Unique, ike.UniqueNo},
		{"keyingtries", c.Tries, 1},
		{"keep_up", c.KeepUp, false},
		{"childless", c.Childless, ike.ChildlessAllow},
		{"proposals", c.PostQuantum, suite.PostQuantumOff},
		{"life_time", child.LifeTime, 66 * time.Minute},
		{"child rekey_time", child.RekeyTime, time.Hour},
		{"start_action", child.Start, ike.StartNone},
		{"dpd_action", child.DPDAction, ike.StartNone},
		{"mode", child.Mode, esp.Tunnel},
		{"clear text without a trap", child.Block, false},
		{"source", c.Source, LoadedByTree},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s is %v, not %v", tt.name, tt.got, tt.want)
		}
	}
}

// Each key of a connection makes the difference that it is there for.
func TestKeysOfConnections(t *testing.T) {
	for _, tt := range []struct {
		line string
		got  func(c *config.Connection) any
		want any
	}{
		{"version = 2", func(c *config.Connection) any { return c.Name }, "a"},
		{"dscp = 101110", func(c *config.Connection) any { return int(c.DSCP) }, 46},
		{"ocsp = both", func(c *config.Connection) any { return c.Name }, "a"},
		{"local_addrs = 192.0.2.1, 198.51.100.0/24", func(c *config.Connection) any { return fmt.Sprint(c.Local.Addresses) }, "[192.0.2.1/32 198.51.100.0/24]"},
		{"local_addrs = %any", func(c *config.Connection) any { return len(c.Local.Addresses) }, 0},
		{"local_port = 4500", func(c *config.Connection) any { return c.Local.Port }, uint16(4500)},
		{"remote_port = 4500", func(c *config.Connection) any { return c.Remote.Port }, uint16(4500)},
		{"proposals = aes256gcm16-prfsha384-x25519-ke1_mlkem768, AES128-SHA256-MODP2048", func(c *config.Connection) any { return len(c.Proposals) }, 2},
		{"encap = yes", func(c *config.Connection) any { return c.ForceEncap }, true},
		{"mobike = no", func(c *config.Connection) any { return c.AlwaysNATPort }, false},
		{"", func(c *config.Connection) any { return c.AlwaysNATPort }, true},
		{"dpd_delay = 30", func(c *config.Connection) any { return c.DPDDelay }, 30 * time.Second},
		{"fragmentation = force", func(c *config.Connection) any { return c.Fragmentation }, ike.FragmentYes},
		{"fragmentation = no", func(c *config.Connection) any { return c.Fragmentation }, ike.FragmentNo},
		{"childless = prefer", func(c *config.Connection) any { return c.Childless }, ike.ChildlessPrefer},
		{"send_certreq = no", func(c *config.Connection) any { return c.SendCertReq }, false},
		{"keyingtries = 3", func(c *config.Connection) any { return c.Tries }, 3},
		{"keyingtries = 0", func(c *config.Connection) any { return c.Tries }, 0},
		{"keyingtries = %forever", func(c *config.Connection) any { return c.Tries }, 0},
		{"keyingtries = 4000", func(c *config.Connection) any { return c.Tries }, 1000},
		{"unique = replace", func(c *config.Connection) any { return c.Unique }, ike.UniqueReplace},
		{"unique = never", func(c *config.Connection) any { return c.InitialContact }, false},
		{"reauth_time = 2h", func(c *config.Connection) any { return c.RekeyTime }, time.Duration(0)},
		{"reauth_time = 2h\nrekey_time = 1h", func(c *config.Connection) any { return c.OverTime }, 12 * time.Minute},
		{"reauth_time = 2h", func(c *config.Connection) any { return c.AuthLifetime + c.AuthGrace }, 132 * time.Minute},
		{"reauth_time = 2h\nrekey_time = 4h", func(c *config.Connection) any { return c.AuthLifetime + c.AuthGrace }, 144 * time.Minute},
		{"reauth_time = 30s\nover_time = 10s", func(c *config.Connection) any { return []time.Duration{c.AuthLifetime, c.AuthGrace} }, []time.Duration{30 * time.Second, 10 * time.Second}},
		{"reauth_time = 0", func(c *config.Connection) any { return c.AuthLifetime }, time.Duration(0)},
		{"over_time = 5m", func(c *config.Connection) any { return c.OverTime }, 5 * time.Minute},
		{"rand_time = 5m", func(c *config.Connection) any { return c.RandTime }, 5 * time.Minute},
		{"vips = 0.0.0.0, ::", func(c *config.Connection) any { return len(c.VirtualIPs) }, 2},
		{"dpd_timeout = 60s\naggressive = yes\npull = no", func(c *config.Connection) any { return c.Name }, "a"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			c := only(t, newFolder(conf(tt.line, "")).good(t))
			if got := tt.got(c); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// Each key of a child likewise.
func TestKeysOfChildren(t *testing.T) {
	for _, tt := range []struct {
		line string
		got  func(c *config.Child) any
		want any
	}{
		{"esp_proposals = aes128gcm16-esn, default", func(c *config.Child) any { return len(c.Proposals) > 1 }, true},
		{"local_ts = 10.1.2.3/16[tcp/https], dynamic[udp/500-600]", func(c *config.Child) any { return fmt.Sprint(c.Local[0]) }, "10.1.0.0/16[tcp/443]"},
		{"remote_ts = dynamic", func(c *config.Child) any { return c.Remote[0].Start.IsValid() }, false},
		{"mode = transport\ncopy_df = no", func(c *config.Child) any { return c.Mode }, esp.Transport},
		{"mode = iptfs", func(c *config.Child) any { return c.IPTFS.Mode }, config.IPTFSAsNeeded},
		{"start_action = start", func(c *config.Child) any { return c.Start }, ike.StartUp},
		{"start_action = trap|start", func(c *config.Child) any { return c.Start }, ike.StartTrapUp},
		{"updown = /usr/lib/ipsec/_updown iptables\nhostaccess = yes", func(c *config.Child) any { return c.Updown + fmt.Sprint(c.HostAccess) }, "/usr/lib/ipsec/_updown iptablestrue"},
		{"inactivity = 10m", func(c *config.Child) any { return c.Inactivity }, 10 * time.Minute},
		{"reqid = 7", func(c *config.Child) any { return c.ReqID }, uint32(7)},
		{"policies = no\npolicies_fwd_out = yes", func(c *config.Child) any { return c.Kernel.NoPolicies && c.Kernel.ForwardOut }, true},
		{"copy_ecn = no", func(c *config.Child) any { return c.CopyECN }, false},
		{"icmp = yes", func(c *config.Child) any { return c.Kernel.ICMP }, true},
		{"start_action = trap", func(c *config.Child) any { return c.Block }, true},
		{"start_action = route", func(c *config.Child) any { return c.Start }, ike.StartTrap},
		{"close_action = trap", func(c *config.Child) any { return c.OnClose }, ike.StartTrap},
		{"dpd_action = restart", func(c *config.Child) any { return c.DPDAction }, ike.StartUp},
		{"dpd_action = start", func(c *config.Child) any { return c.DPDAction }, ike.StartUp},
		{"life_time = 1100s", func(c *config.Child) any { return c.RekeyTime }, 1000 * time.Second},
		{"rekey_time = 2h\nlife_time = 3h\nrand_time = 1m", func(c *config.Child) any { return c.RandTime }, time.Minute},
		{"life_bytes = 110m", func(c *config.Child) any { return c.Bytes.Rekey }, uint64(100 << 20)},
		{"rekey_packets = 1000", func(c *config.Child) any { return c.Packets.Life }, uint64(1100)},
		{"tfc_padding = mtu", func(c *config.Child) any { return c.TFC }, -1},
		{"replay_window = 32", func(c *config.Child) any { return c.ReplayWindow }, 64},
		{"replay_window = 0", func(c *config.Child) any { return c.ReplayWindow }, 0},
		{"priority = 100", func(c *config.Child) any { return c.Priority }, 399_900},
		{"mark_in = 0x11/0xff\nmark_out = 42", func(c *config.Child) any { return c.Kernel.MarkIn.Value + c.Kernel.MarkOut.Value }, uint32(0x11 + 42)},
		{"set_mark_in = 0\nset_mark_out = 7", func(c *config.Child) any { return c.Kernel.SetMarkOut.Value }, uint32(7)},
		{"if_id_in = 7\nif_id_out = 8", func(c *config.Child) any { return c.Kernel.IfIDIn.Number*10 + c.Kernel.IfIDOut.Number }, uint32(78)},
		{"mark_in = %unique/0xff", func(c *config.Child) any { return c.Kernel.MarkIn }, dataplane.Mark{Mask: 0xff, Choice: dataplane.Unique}},
		{"mark_out = %UNIQUE-dir", func(c *config.Child) any { return c.Kernel.MarkOut }, dataplane.Mark{Mask: 1<<32 - 1, Choice: dataplane.PerDirection}},
		{"set_mark_in = %same", func(c *config.Child) any { return c.Kernel.SetMarkIn }, dataplane.Mark{Mask: 1<<32 - 1, Choice: dataplane.Same}},
		{"set_mark_out = %same/0xf0", func(c *config.Child) any { return c.Kernel.SetMarkOut }, dataplane.Mark{Mask: 0xf0, Choice: dataplane.Same}},
		{"mark_in = 5\nmark_in_sa = yes", func(c *config.Child) any { return c.Kernel.MarkInSA }, true},
		{"if_id_in = %unique-dir", func(c *config.Child) any { return c.Kernel.IfIDIn.Choice }, dataplane.PerDirection},
		{"interface = eth0", func(c *config.Child) any { return c.Kernel.Device }, "eth0"},
		{"copy_dscp = no", func(c *config.Child) any { return c.CopyDSCP }, ike.DSCPCopying(0)},
		{"copy_dscp = out", func(c *config.Child) any { return c.CopyDSCP }, ike.DSCPOut},
		{"copy_dscp = in", func(c *config.Child) any { return c.CopyDSCP }, ike.DSCPIn},
		{"copy_dscp = yes", func(c *config.Child) any { return c.CopyDSCP }, ike.DSCPBoth},
		{"per_cpu_sas = yes", func(c *config.Child) any { return c.PerCPU }, true},
		{"sha256_96 = yes", func(c *config.Child) any { return c.DraftSHA256 }, true},
		{"ipcomp = no\nlabel_mode = system\nmark_in_sa = yes", func(c *config.Child) any { return c.Name }, "net"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			c := only(t, newFolder(conf("", tt.line)).good(t)).Children[0]
			if got := tt.got(c); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// strongSwan takes hostaccess without a command, whom nobody tells then.
func TestHostAccessIsForACommand(t *testing.T) {
	for child, warned := range map[string]bool{"hostaccess = yes": true, "hostaccess = no": false, "hostaccess = yes\nupdown = true": false} {
		cfg, found := newFolder(conf("", child)).load()
		if cfg == nil || strings.Contains(found.String(), "connections.a.children.net.hostaccess: it is for the command of updown") != warned {
			t.Errorf("%q: %v", child, found)
		}
	}
}

// What cannot be used is refused by its name, at its place, with the reason.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct{ line, child, says string }{
		{"version = 1", "", "connections.a.version: IKEv1 is obsolete"},
		{"dpd_dealy = 3s", "", "connections.a.dpd_dealy: there is no such key"},
		{"dpd_delay = soon", "", "connections.a.dpd_delay: \"soon\" is no time"},
		{"mediation = yes", "", "connections.a.mediation: the mediation extension is not there"},
		{"mobike = maybe", "", "connections.a.mobike: \"maybe\" is neither yes nor no"},
		{"local_addrs = gw.example.org", "", "connections.a.local_addrs"},
		{"local3 {\nround = 3\nauth = psk\n}\nlocal4 {\nauth = psk\n}", "", "two rounds"},
		{"remote2 {\nauth = xauth\n}", "", "connections.a.remote2.auth: XAuth is of IKEv1"},
		{"remote2 {\nauth = eap-aka\n}", "", "the keys of SIMs"},
		{"remote2 {\nauth = pubkey-sha1\n}", "", "signatures with SHA1"},
		{"remote2 {\nauth = rsa-sha256-2048\n}", "", "no way to authenticate"},
		{"remote2 {\nauth = pubkey-2048\n}", "", "no way to authenticate"},
		{"remote2 {\nid = \"fqdn:^vpn[0-9$\"\n}", "", "regular expression"},
		{"remote2 {\ncacerts = none.pem\n}", "", "none.pem"},
		{"if_id_in = %same", "", "connections.a.if_id_in"},
		{"ppk_required = yes", "", "ppk_required needs a ppk_id"},
		{"proposals = 3des-sha1-modp1024s160", "", "connections.a.proposals"},
		{"", "ah_proposals = sha256", "connections.a.children.net.ah_proposals: AH is not there"},
		{"", "ipcomp = yes", "connections.a.children.net.ipcomp: IPComp is not there"},
		{"", "esp_proposals = aes256gcm17", "connections.a.children.net.esp_proposals"},
		{"", "mode = beet", "connections.a.children.net.mode: beet is not there"},
		{"", "local_ts = 10.0.0.0/33", "connections.a.children.net.local_ts"},
		{"", "local_ts = 10.0.0.0/8[tcp/nonsense]", "no service"},
		{"", "start_action = hold", "connections.a.children.net.start_action"},
		{"", "label = system_u:object_r:ipsec_spd_t:s0", "labels are not negotiated"},
		{"", "mark_in = %same", "connections.a.children.net.mark_in"},
		{"", "mark_in = %unique/0xff00", "connections.a.children.net.mark_in"},
		{"", "mark_out = %uniq", "connections.a.children.net.mark_out"},
		{"", "if_id_in = %unique/0xff", "connections.a.children.net.if_id_in"},
		{"", "interface = a-name-that-is-too-long", "connections.a.children.net.interface"},
		{"", "per_cpu_sas = encap", "connections.a.children.net.per_cpu_sas"},
		{"", "copy_dscp = maybe", "connections.a.children.net.copy_dscp"},
		{"", "rekey_time = 3h\nlife_time = 1h", "connections.a.children.net"},
		{"", "set_mark_in = %unique", "connections.a.children.net.set_mark_in"},
	} {
		t.Run(tt.line+tt.child, func(t *testing.T) {
			cfg, found := newFolder(conf(tt.line, tt.child)).load()
			if cfg != nil || !strings.Contains(found.String(), tt.says) || !strings.Contains(found.String(), "/etc/swanctl/swanctl.conf:") {
				t.Errorf("got %v", found)
			}
		})
	}
}
