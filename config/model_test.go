package config

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
)

func TestDefaultsAreThoseOfTheReference(t *testing.T) {
	c := mustLoad(t, office+officeSecret)
	conn := c.Connection("office")
	child := conn.Child("net")
	for name, ok := range map[string]bool{
		"listen on 500 and 4500":       c.Daemon.Port == 500 && c.Daemon.NATPort == 4500 && len(c.Daemon.Listen) == 0,
		"log level info":               c.Daemon.LogLevel == slog.LevelInfo,
		"rekey after 4h":               conn.RekeyTime == 4*time.Hour && conn.OverTime == 24*time.Minute && conn.RandTime == 24*time.Minute,
		"no reauthentication":          conn.ReauthTime == 0,
		"child rekeyed after 1h":       child.RekeyTime == time.Hour && child.LifeTime == 66*time.Minute && child.RandTime == 6*time.Minute,
		"no volume limits":             child.Bytes == Volume{} && child.Packets == Volume{},
		"both sides with a secret":     conn.Local.Auth == auth.MethodPSK && conn.Remote.Auth == auth.MethodPSK,
		"any identity":                 conn.Local.ID.IsAny() && conn.Remote.ID.IsAny(),
		"peer's port 500":              conn.Remote.Port == 500 && conn.Local.Port == 0,
		"default proposals":            len(conn.Proposals) == len(suite.DefaultIKE()) && len(child.Proposals) == len(suite.DefaultESP()),
		"kept up for ever":             conn.KeepUp && conn.Tries == 0,
		"tunnel mode, clear text kept": child.Mode == esp.Tunnel && child.Block,
		"no DNS without virtual IPs":   !conn.RequestDNS,
	} {
		if !ok {
			t.Errorf("%s: not so in %+v", name, conn)
		}
	}
}

func TestComputedDefaultsFollowWhatIsGiven(t *testing.T) {
	c := mustLoad(t, `connection "a" {
  remote { address = "192.0.2.1" }
  virtual_ips = ["0.0.0.0"]
  rekey_time  = "0s"
  reauth_time = "10h"
  child "c" {
    rekey_time  = "0s"
    rekey_bytes = "1000MB"
    life_packets = 5000
  }
}
secret "a" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`).Connection("a")
	child := c.Child("c")
	if c.OverTime != time.Hour || c.RandTime != time.Hour || !c.RequestDNS || c.KeepUp || c.Tries != 1 {
		t.Errorf("connection: %+v", c)
	}
	if child.LifeTime != 0 || child.RandTime != 0 || child.Bytes != (Volume{1_000_000_000, 1_100_000_000, 100_000_000}) || child.Packets != (Volume{0, 5000, 0}) {
		t.Errorf("child: %+v", child)
	}
}

func TestEveryOptionReachesTheModel(t *testing.T) {
	c := mustLoad(t, everyOption)
	d, a := c.Daemon, c.Connection("a")
	child, transport, b := a.Child("c"), a.Child("t"), c.Connection("b").Child("c")
	p, ssh, s := c.Pool("p"), named(c.Policies, "ssh"), named(c.Secrets, "s")
	anywhere := spd.Prefix(netip.MustParsePrefix("0.0.0.0/0"))
	for name, ok := range map[string]bool{
		"listen":       len(d.Listen) == 2 && d.Port == 501 && d.NATPort == 4501,
		"files":        d.Socket == "/tmp/s" && d.SocketGroup == "vpn" && d.StateDir == "/tmp/state" && d.KeyLog == "/tmp/keys",
		"log":          d.LogLevel == slog.LevelDebug && d.LogFormat == LogJSON && d.Workers == 3,
		"half_open":    d.HalfOpen.Limit == 100 && d.HalfOpen.PerPrefix == 5 && d.HalfOpen.CookieThreshold == 0 && d.HalfOpen.Timeout == 10*time.Second,
		"retransmit":   d.Retransmit.Tries == 3 && d.Retransmit.Timeout == time.Second && d.Retransmit.Base == 2 && d.Retransmit.Max == 8*time.Second && d.Retransmit.Jitter == 0,
		"dataplane":    d.Dataplane.Backend == BackendFake && d.Dataplane.Device == "tun7" && d.Dataplane.MTU == 1300,
		"metrics":      len(c.Metrics.Listen) == 1 && c.Metrics.Listen[0].Port() == 9500 && c.Metrics.Peers == 7,
		"vici":         c.VICI.Socket == "/run/charon.vici" && c.VICI.Group == "vpn",
		"telemetry":    c.Telemetry.Endpoint == "https://otlp.example.org" && c.Telemetry.Headers[0].Name == "X-Token" && string(c.Telemetry.Headers[0].Value) == "abc" && c.Telemetry.Service == "edge" && c.Telemetry.Sample == 0.5 && c.Telemetry.Timeout == 3*time.Second,
		"local":        len(a.Local.Addresses) == 2 && a.Local.Addresses[1] == netip.MustParsePrefix("2001:db8::1/128") && a.Local.Port == 4501 && a.Local.ID.String() == "gw.example.org",
		"remote":       slices.Equal(a.Remote.Prefixes(), []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}) && a.Remote.Port == 4500 && a.Remote.ID.IsPattern() && !a.Remote.Reachable(),
		"proposals":    len(a.Proposals) == 1+len(suite.DefaultIKE()) && a.Proposals[1].Number == 2,
		"messages":     a.Fragmentation == ike.FragmentForce && a.FragmentSize == 1000 && a.Childless == ike.ChildlessPrefer && a.WindowSize == 4,
		"path":         a.ForceEncap && a.AlwaysNATPort && a.Keepalive == 30*time.Second && a.DPDDelay == 0,
		"identity":     a.AuthLifetime == 8*time.Hour && a.Unique == ike.UniqueReplace && !a.InitialContact && !a.SendCertReq && a.MaxChildren == 3,
		"retry":        !a.KeepUp && a.Tries == 5 && a.RetryDelay == time.Second && a.RetryMaxDelay == 2*time.Second,
		"selectors":    len(child.Local) == 3 && child.Local[0].StartPort == 443 && child.Remote[0].Protocol == 17 && isDynamic(child.Remote[0]) && child.Remote[0].StartPort == 1701,
		"actions":      b.Start == ike.StartNone && b.OnClose == ike.StartTrap && b.DPDAction == ike.StartUp && b.Block && !child.Block && child.Priority == -7,
		"packets":      child.SinglePair && child.PerCPU && child.NonFirstFragments && child.ReplayWindow == 64 && child.TFC == -1 && child.DF == dataplane.DFClear && child.CopyDSCP == 0,
		"esp":          suite.FormatProposal(child.Proposals[0]) == "aes256gcm16-esn" && transport.Mode == esp.Transport,
		"secret":       len(s.IDs) == 2 && len(s.PSK) == 32 && s.PSK[0] == 0x9b,
		"pool":         p.Size().String() == "18446744073709551625" && len(p.DNS) == 2 && p.Static["carol"] == netip.MustParseAddr("10.9.0.2") && len(p.Static) == 2,
		"policy":       ssh.Action == spd.Bypass && ssh.Local[0].StartPort == 22 && ssh.Remote[0] == anywhere && ssh.Priority == 5,
		"names absent": c.Connection("x") == nil && a.Child("x") == nil && c.Pool("x") == nil && named(c.Secrets, "x") == nil && named(c.Policies, "x") == nil,
	} {
		if !ok {
			t.Errorf("%s did not arrive: daemon %+v, connection %+v, child %+v, pool %+v", name, d, a, child, p)
		}
	}
}

func TestPlacesAreKnown(t *testing.T) {
	c := mustLoad(t, office+officeSecret)
	conn := c.Connection("office")
	for got, want := range map[Place]string{
		conn.Place("rekey_time"):                "/etc/culvert/culvert.hcl:1:1",
		conn.Remote.Place("address"):            "/etc/culvert/culvert.hcl:2:22",
		conn.Child("net").Place("remote[0]"):    "/etc/culvert/culvert.hcl:5:15",
		named(c.Secrets, "office").Place("psk"): "/etc/culvert/culvert.hcl:9:25",
	} {
		if got.String() != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if !conn.Child("net").Given("start") || conn.Child("net").Given("mode") {
		t.Error("Given is wrong")
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	connection := func(inner string) string {
		return "connection \"a\" {\n  remote { address = \"192.0.2.1\" }\n" + inner + "\n}\n"
	}
	child := func(inner string) string { return connection("child \"c\" {\n" + inner + "\n}") }
	tests := []struct{ name, text, says string }{
		{"keep up and tries", connection("keep_up = true\ntries = 3"), "keep_up connects for ever"},
		{"DNS without address", connection("request_dns = true"), "request_dns needs virtual_ips"},
		{"client and gateway", connection("virtual_ips = \"::\"\npools = \"p\""), "client or gateway"},
		{"fragment size without fragments", connection("fragmentation = \"no\"\nfragment_size = 1000"), "has no effect"},
		{"rand over rekey", connection("rekey_time = \"1h\"\nrand_time = \"2h\""), "it could come at once"},
		{"retry delays", connection("retry_delay = \"1h\"\nretry_max_delay = \"1m\""), "less than retry_delay"},
		{"life before rekey", child("rekey_time = \"2h\"\nlife_time = \"1h\""), "would end before it is rekeyed"},
		{"life bytes before rekey", child("rekey_bytes = \"2GiB\"\nlife_bytes = \"1GiB\""), "rekey_bytes is 2GiB, not below life_bytes, which is 1GiB"},
		{"rand packets", child("rekey_packets = 100\nrand_packets = 100"), "rekeying could come at once"},
		{"trap and clear", child("start = \"trap\"\nwhen_down = \"clear\""), "a trap holds the first packet back"},
		{"no selectors", child("remote = []"), "at least one selector"},
		{"families", child("local = \"10.0.0.0/8\"\nremote = \"2001:db8::/32\""), "share no address family"},
		{"transport with TFC", child("mode = \"transport\"\ntfc = 100"), "needs tunnel mode"},
		{"transport with DF", child("mode = \"transport\"\ndf = \"set\""), "no outer header"},
		{"secret with ca", "connection \"a\" {\n remote {\n auth = \"psk\"\n eku = \"strict\"\n }\n}\n", "the peer authenticates with a secret"},
		{"pubkey without trust", "connection \"a\" {\n remote { auth = \"pubkey\" }\n}\n", "remote lacks ca"},
		{"pubkey without key", "connection \"a\" {\n local { auth = \"pubkey\" }\n}\n", "local lacks key"},
		{"psk with SHA-1", "connection \"a\" {\n local {\n auth = \"psk\"\n allow_sha1 = true\n }\n}\n", "has no use for it"},
		{"%any among others", "connection \"a\" {\n remote { address = [\"192.0.2.1\", \"%any\"] }\n}\n", "the others beside it have no effect"},
		{"ports", "daemon { nat_port = 500 }\n", "port and nat_port are both 500"},
		{"per prefix over limit", "daemon {\n half_open {\n limit = 5\n per_prefix = 6\n }\n}\n", "it would never be reached"},
		{"retransmit max", "daemon {\n retransmit { max = \"1s\" }\n}\n", "less than timeout"},
		{"static outside", "pool \"p\" {\n addresses = \"10.0.0.0/24\"\n static = { a = \"10.0.1.1\" }\n}\n", "outside of the pool's addresses"},
		{"DNS inside", "pool \"p\" {\n addresses = \"10.0.0.0/24\"\n dns = \"10.0.0.53\"\n}\n", "would be handed to a client too"},
		{"empty pool", "pool \"p\" {\n addresses = \"10.0.0.1\"\n exclude = \"10.0.0.0/24\"\n}\n", "has no address to hand out"},
		{"dynamic policy", "policy \"p\" {\n action = \"bypass\"\n local = \"dynamic\"\n remote = \"10.0.0.1\"\n}\n", "a policy has none"},
		{"policy of two families", "policy \"p\" {\n action = \"bypass\"\n local = \"::1\"\n remote = \"10.0.0.1\"\n}\n", "share no address family"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, found := load(tt.text)
			if c != nil || !strings.Contains(found.String(), tt.says) {
				t.Error(found)
			}
		})
	}
}

func TestSecretOfAConnectionIsItsOwnBeforeSharedOnes(t *testing.T) {
	c := mustLoad(t, office+officeSecret+"secret \"all\" {\n ids = [\"%any\"]\n psk = \"0x00112233\"\n}\nconnection \"b\" {\n remote { address = \"192.0.2.7\" }\n}\n")
	for name, want := range map[string]string{"office": "office", "b": "all"} {
		if got, ok := c.PSKs(c.Connection(name)).Lookup(auth.Identity{}, auth.Identity{}); !ok || got.Name != want {
			t.Errorf("%s uses %q, want %q", name, got.Name, want)
		}
	}
}

func TestSecretsComeFromFilesAndCredentials(t *testing.T) {
	s := source(map[string]string{
		"culvert.hcl": "connection \"a\" {}\nsecret \"a\" { psk = file(\"sub/a.psk\") }\nconnection \"b\" {}\nsecret \"b\" { psk = credential(\"b\") }\n",
		"sub/a.psk":   "\xff\x00binary \r\n",
		"creds/b":     "text\n\n",
	})
	s.Credentials = dir + "creds"
	c, found := s.Load(dir + "culvert.hcl")
	if found.Errors() {
		t.Fatal(found)
	}
	for name, want := range map[string]string{"a": "\xff\x00binary ", "b": "text\n"} {
		if got := named(c.Secrets, name); string(got.PSK) != want {
			t.Errorf("%s: got %d octets, want %q", name, len(got.PSK), want)
		}
	}
	if named(c.Secrets, "a").Path != dir+"sub/a.psk" {
		t.Errorf("path is %s", named(c.Secrets, "a").Path)
	}
}

func TestOpenSecretFilesAreWarnedOf(t *testing.T) {
	files := map[string]string{"culvert.hcl": "connection \"a\" {}\nsecret \"a\" { psk = file(\"a.psk\") }\nconnection \"b\" {}\nsecret \"b\" { psk = \"0x00112233\" }\n", "a.psk": "x"}
	for _, name := range []string{"a.psk", "culvert.hcl", ""} {
		s := source(files)
		if name != "" {
			s.Files.(fstest.MapFS)[rooted(dir+name)].Mode = 0o604
		}
		_, found := s.Load(dir + "culvert.hcl")
		if got := has(found, explain.ConfigPermissions, 0); got != (name != "") || got && !strings.Contains(found.String(), "chmod 600 "+dir+name) {
			t.Errorf("%q is open: %s", name, found)
		}
	}
}
