package vici_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// Each command of swanctl, its output and what it does, in the order in which an operator comes to them.
func TestSwanctlDrivesTheDaemon(t *testing.T) {
	s := newStage(t)
	log, monitor := s.moon.Follow("swanctl-log", "--log"), s.moon.Follow("swanctl-monitor", "--monitor-sa", "--raw")
	theirs := s.mars.Follow("swanctl-monitor", "--monitor-sa", "--raw")
	for _, step := range []struct {
		name string
		test func(*stage, *testing.T)
	}{
		{"version", version}, {"load", load}, {"list-conns", conns}, {"list-certs", certs}, {"list-pools", pools}, {"list-authorities", authorities}, {"list-algs", algorithms},
		{"initiate", initiate}, {"list-sas", sas}, {"same keys as charon", sameKeys}, {"list-pols", policies}, {"install", install}, {"rekey", rekey}, {"counters", counters},
		{"stats", stats}, {"reload-settings", reload}, {"flush-certs", flush}, {"redirect", redirect}, {"terminate", terminate}, {"unload", unload},
	} {
		t.Run(step.name, func(t *testing.T) {
			owner := s.TB
			defer func() { s.TB = owner }()
			s.TB = t
			step.test(s, t)
		})
	}
	log.Stop() // its output is buffered
	monitor.Stop()
	theirs.Stop()
	if us, them := lastDowns(monitor.Log()), lastDowns(theirs.Log()); us != them || us == "" {
		t.Errorf("as the last IKE SA ended we told of %s, charon of %s", us, them)
	}
	s.says(t, log.Log(), "00[IKE] IKE SA established between client-1.example.org and sun.example.org", "00[IKE] child net up")
	s.says(t, monitor.Log(), "ike-updown event {up=yes site {uniqueid=", "child-updown event {up=yes site {uniqueid=", "child-updown event {site {uniqueid=", "ike-updown event {site {uniqueid=")
}

// lastDowns are the last two events of the end of something.
func lastDowns(log string) string {
	downs := regexp.MustCompile(`\w+-updown event \{site`).FindAllString(log, -1)
	return strings.Join(downs[max(0, len(downs)-2):], ", ")
}

func version(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--version", "--daemon"), "culvert", "Linux")
	s.says(t, s.moon.Must("--version", "--daemon", "--raw"), "version reply {daemon=culvert version=")
	s.says(t, s.moon.Must("--version", "--daemon", "--pretty"), "daemon = culvert")
}

func load(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--load-creds", "--noprompt"), "loaded certificate from", "loaded ike secret 'ike-site'")
	s.says(t, s.moon.Must("--load-authorities"), "loaded authority 'house'", "successfully loaded 1 authorities, 0 unloaded")
	s.says(t, s.moon.Must("--load-pools"), "loaded pool 'guests'", "successfully loaded 13 pools, 0 unloaded")
	s.says(t, s.moon.Must("--load-conns"), "loaded connection 'site'", "successfully loaded 1 connections, 0 unloaded")
	s.says(t, s.moon.Must("--load-all", "--noprompt"), "successfully loaded 1 connections, 0 unloaded")
}

func conns(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--list-conns"), "site: IKEv2, no reauthentication, rekeying every 7200s, dpd delay 60s", "local:  10.99.1.1", "remote: 10.99.1.2",
		"local pre-shared key authentication:", "id: client-1.example.org", "net: TUNNEL, rekeying every 1800s", "local:  10.1.1.0/24", "web: TUNNEL", "remote: 10.2.0.0/24[tcp/http]")
	s.says(t, s.moon.Must("--list-conns", "--pretty"), "list-conn event {", "remote-ts = [", "rekey_time = 1800")
}

func certs(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--list-certs"), "List of X.509 CA Certificates", `subject:  "C=CH, CN=House CA"`)
	s.says(t, s.moon.Must("--list-certs", "--type", "x509ca", "--raw"), "list-cert event {type=X509 flag=CA data=0x30")
	if out := s.moon.Must("--list-certs", "--type", "x509", "--flag", "none"); strings.Contains(out, "House CA") {
		t.Errorf("an authority among the others:\n%s", out)
	}
}

func pools(s *stage, t *testing.T) {
	if out := s.moon.Must("--list-pools"); !regexp.MustCompile(`guests\s+10\.3\.0\.0\s+0 / 0 / 254`).MatchString(out) {
		t.Errorf("pools:\n%s", out)
	}
	s.says(t, s.moon.Must("--list-pools", "--leases", "--raw"), "guests {base=10.3.0.0 size=254 online=0 offline=0 leases {}}")
	listed := func(by *lab.Swanctl) []string {
		return slices.Sorted(slices.Values(regexp.MustCompile(`\w+ \{base=[^}]*\}`).FindAllString(by.Must("--list-pools", "--raw"), -1)))
	}
	if ours, theirs := listed(s.moon), listed(s.mars); !slices.Equal(ours, theirs) || len(ours) != 13 {
		t.Errorf("pools are\n%s\nof charon\n%s", strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
	}
}

func authorities(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--list-authorities"), "house:", "C=CH, CN=House CA", "http://crl.example.org/ca.crl")
	s.says(t, s.moon.Must("--list-authorities", "--pretty"), "list-authorities event {", "crl_uris = [")
}

func algorithms(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--list-algs"), "encryption:", "AES_CBC[culvert]", "aead:", "AES_GCM_16[culvert]", "CURVE_25519[culvert]")
	s.says(t, s.moon.Must("--list-algs", "--pretty"), "get-algorithms reply {", "PRF_HMAC_SHA2_256 = culvert")
}

func initiate(s *stage, t *testing.T) {
	out := s.moon.Must("--initiate", "--child", "net", "--timeout", "20")
	s.says(t, out, "[ENC] sent IKE_SA_INIT request 0", "[IKE] IKE SA established", "[IKE] child net up", "initiate completed successfully")
	s.says(t, s.moon.Must("--initiate", "--child", "net", "--raw"), "initiate reply {success=yes}")
	if out, err := s.moon.Try("--initiate", "--child", "nothing"); err == nil || !strings.Contains(err.Error(), "CHILD_SA config 'nothing' not found") {
		t.Errorf("what is not there: %s, %v", out, err)
	}
	if n := s.onSun.Installed(); n != 1 {
		t.Errorf("sun has %d children", n)
	}
	s.mars.Must("--initiate", "--child", "net", "--timeout", "20")
}

func sas(s *stage, t *testing.T) {
	out := s.moon.Must("--list-sas")
	for _, line := range []string{
		`(?m)^site: #1, ESTABLISHED, IKEv2, [0-9a-f]{16}_i\* [0-9a-f]{16}_r$`,
		`(?m)^  local  'client-1\.example\.org' @ 10\.99\.1\.1\[\d+\]$`, `(?m)^  remote 'sun\.example\.org' @ 10\.99\.1\.2\[\d+\]$`,
		`(?m)^  AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256$`, `(?m)^  established \d+s ago, rekeying in \d+s$`,
		`(?m)^  net: #1, reqid \d+, INSTALLED, TUNNEL(-in-UDP)?, ESP:AES_GCM_16-128$`, `(?m)^    installed \d+s ago, rekeying in \d+s, expires in \d+s$`,
		`(?m)^    local  10\.1\.1\.0/24$`, `(?m)^    remote 10\.2\.0\.0/24$`,
	} {
		if !regexp.MustCompile(line).MatchString(out) {
			t.Errorf("%s is not in\n%s", line, out)
		}
	}
	s.says(t, s.moon.Must("--list-sas", "--ike-id", "1", "--pretty"), "list-sa event {", "child-sas {", "local-ts = [")
	if out := s.moon.Must("--list-sas", "--ike", "nothing"); strings.TrimSpace(out) != "" {
		t.Errorf("of another connection there is %s", out)
	}
}

func policies(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--list-pols"), "site/web, TUNNEL", "local:  10.1.1.0/24[tcp]", "remote: 10.2.0.0/24[tcp/http]")
	s.says(t, s.moon.Must("--list-pols", "--trap", "--raw"), "list-policy event {site/web {child=web reqid=", " ike=site mode=TUNNEL local-ts=[10.1.1.0/24[tcp]]")
}

func install(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--uninstall", "--child", "web"), "uninstall completed successfully")
	if out := s.moon.Must("--list-pols", "--trap"); strings.Contains(out, "site/web") {
		t.Errorf("left is %s", out)
	}
	if out, err := s.moon.Try("--uninstall", "--child", "web"); err == nil || !strings.Contains(err.Error(), "policy 'web' not found") {
		t.Errorf("what is not there: %s, %v", out, err)
	}
	s.says(t, s.moon.Must("--install", "--child", "web", "--ike", "site"), "install completed successfully")
	s.says(t, s.moon.Must("--list-pols", "--trap"), "site/web, TUNNEL")
	if out, err := s.moon.Try("--install", "--child", "nothing"); err == nil || !strings.Contains(err.Error(), "configuration name not found") {
		t.Errorf("what is not there: %s, %v", out, err)
	}
}

func rekey(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--rekey", "--child", "net"), "rekey completed successfully")
	s.awaitOutput("net: #2", "--list-sas")
	s.says(t, s.moon.Must("--rekey", "--ike", "site", "--raw"), "rekey reply {success=yes matches=1}")
	s.awaitOutput("site: #2, ESTABLISHED", "--list-sas")
	s.says(t, s.moon.Must("--rekey", "--ike", "site", "--reauth"), "rekey completed successfully")
	s.awaitOutput("site: #3, ESTABLISHED", "--list-sas")
	if out, err := s.moon.Try("--rekey", "--ike", "nothing"); err == nil || !strings.Contains(err.Error(), "no matching SAs to rekey found") {
		t.Errorf("what is not there: %s, %v", out, err)
	}
}

func counters(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--counters"), "ike-rekey-init", "info-out-resp")
	if out := s.moon.Must("--counters", "--name", "site"); !regexp.MustCompile(`ike-rekey-init\s*: *1\n`).MatchString(out) {
		t.Errorf("of the connection:\n%s", out)
	}
	s.says(t, s.moon.Must("--counters", "--all", "--raw"), "counters reply {counters {site {ike-rekey-init=1 ike-rekey-resp=0 child-rekey=1 ")
	s.says(t, s.moon.Must("--counters", "--name", "site", "--reset"), "reset-counters completed successfully")
}

func stats(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--stats"), "uptime: ", ", since ", "worker threads: ", "job queues: 0/0/0/0", " total, 0 half-open", "loaded plugins: vici")
	s.says(t, s.moon.Must("--stats", "--raw"), "stats reply {uptime {running=", "} queues {critical=0 high=0 medium=0 low=0} scheduled=0 ikesas {total=")
}

func reload(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--reload-settings", "--raw"), "reload-settings reply {success=yes}")
	s.moon.Must("--reload-settings")
	s.says(t, s.moon.Must("--list-conns"), "site: IKEv2") // what was loaded over VICI stays
}

func flush(s *stage, t *testing.T) {
	s.moon.Must("--flush-certs")
	s.moon.Must("--flush-certs", "--type", "x509crl", "--raw")
}

func redirect(s *stage, t *testing.T) {
	for args, want := range map[string]string{"--gateway 10.99.1.9 --ike nothing": "no matching SAs to redirect found", "--gateway 10.99.1.9 --peer-ip nonsense": "invalid peer IP selector"} {
		if out, err := s.moon.Try(append([]string{"--redirect"}, strings.Fields(args)...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", args, out, err)
		}
	}
}

func terminate(s *stage, t *testing.T) {
	s.says(t, s.moon.Must("--terminate", "--child", "net"), "terminate completed successfully")
	s.says(t, s.moon.Must("--initiate", "--ike", "site", "--child", "net"), "initiate completed successfully")
	s.says(t, s.moon.Must("--terminate", "--ike", "site", "--raw"), "terminate reply {success=yes matches=1 terminated=1}")
	s.Await("sun to forget the IKE SA", func() bool { return !strings.Contains(s.sun.Must("--list-sas"), "client-1") })
	if out, err := s.moon.Try("--terminate", "--ike", "site"); err == nil || !strings.Contains(err.Error(), "no matching SAs to terminate found") {
		t.Errorf("what is not there: %s, %v", out, err)
	}
	s.moon.Must("--initiate", "--child", "net")
	s.mars.Must("--terminate", "--ike", "site")
	s.onSun.Kill()
	s.says(t, s.moon.Must("--terminate", "--ike", "site", "--force", "--timeout", "1"), "terminate completed successfully")
}

func unload(s *stage, t *testing.T) {
	s.moon.Configure("")
	s.says(t, s.moon.Must("--load-all", "--noprompt"), "no connections found, 1 unloaded", "no pools found, 13 unloaded", "no authorities found, 1 unloaded")
	if out := s.moon.Must("--list-conns"); strings.TrimSpace(out) != "" {
		t.Errorf("left is %s", out)
	}
}
