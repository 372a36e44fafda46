package interop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/interop/lab"
)

// radiusSecret is what gateway and server share.
const radiusSecret = "between gateway and server"

// A radiusScene has a third host with FreeRADIUS, behind moon; charon on sun is the client.
//
//	sun (charon) 10.99.0.2 ---- 10.99.0.1 moon (Culvert) 10.98.0.1 ---- 10.98.0.9 aaa (FreeRADIUS)
type radiusScene struct {
	*scene
	aaa    *lab.Host
	keys   *pki
	server *lab.Process
}

func newRADIUSScene(t *testing.T) *radiusScene {
	t.Helper()
	s := &radiusScene{scene: newScene(t)}
	s.aaa = s.Host("aaa")
	s.Link(s.moon, s.aaa, []string{"10.98.0.1/24"}, []string{"10.98.0.9/24"})
	s.keys = newPKI(s.scene, "ecdsa-256")
	s.keys.issue(s.scene, "aaa", "ecdsa-256")
	s.keys.issue(s.scene, "carol", "ecdsa-256")
	return s
}

// serve starts FreeRADIUS, which begins with a method, with what its users file has.
func (s *radiusScene) serve(method, users string) {
	s.Helper()
	template, err := os.ReadFile("testdata/freeradius/gateway.conf")
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range []string{"ca.pem", "aaa.pem", "aaa.key"} {
		s.aaa.Write(name, s.keys.read(s.scene, name))
	}
	s.aaa.Write("users", users)
	dir := filepath.Dir(s.aaa.Write("radiusd.conf", ""))
	s.aaa.Write("radiusd.conf", strings.NewReplacer("DIR", dir, "METHOD", method).Replace(string(template)))
	s.server = s.aaa.Start("freeradius", nil, "freeradius", "-f", "-X", "-d", dir, "-n", "radiusd")
	s.Await("FreeRADIUS to be ready", func() bool { return strings.Contains(s.server.Log(), "Ready to process requests") })
}

// records are the accounting records that FreeRADIUS has written, each as its attributes.
func (s *radiusScene) records() []map[string]string {
	dir := filepath.Dir(s.aaa.Write("marker", ""))
	text, _ := os.ReadFile(filepath.Join(dir, "detail"))
	var list []map[string]string
	for block := range strings.SplitSeq(string(text), "\n\n") {
		record := map[string]string{}
		for line := range strings.Lines(block) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
				record[name] = strings.Trim(value, `"`)
			}
		}
		if record["Acct-Status-Type"] != "" {
			list = append(list, record)
		}
	}
	return list
}

// record waits for a record of a kind and returns the latest.
func (s *radiusScene) record(status string) (found map[string]string) {
	s.Helper()
	s.Await("an accounting record "+status, func() bool {
		for _, r := range s.records() {
			if r["Acct-Status-Type"] == status {
				found = r
			}
		}
		return found != nil
	})
	return found
}

// gateway is our configuration with the servers of a radius block.
func (s *radiusScene) gateway(servers string) string {
	s.Helper()
	for _, name := range []string{"moon.pem", "moon.key"} {
		s.moon.Write(name, s.keys.read(s.scene, name))
	}
	return fmt.Sprintf(`
connection "road" {
  local  {
    id = "moon.example.org"
    certificate = "moon.pem"
    key = "moon.key"
  }
  remote {
    groups = ["staff"]
    eap { radius = "corp" }
  }
  pools = ["clients"]
  child "net" {
    local  = ["10.1.0.0/24"]
    remote = ["dynamic"]
    rekey_time = "1h"
  }
}
pool "clients" { addresses = ["10.3.0.0/24"] }
radius "corp" {
  nas_identifier = "moon"
  timeout        = "1s"
  accounting     = true
  interim        = "1m"
  %s
  dae {
    clients = ["10.98.0.9"]
    secret  = "%s"
  }
}
`, servers, radiusSecret)
}

func server(name, address, secret string) string {
	return fmt.Sprintf("server %q {\n address = %q\n secret = %q\n }\n", name, address, secret)
}

// client is charon's configuration with a method and an identity of EAP. For TLS that is the name in the certificate.
func (s *radiusScene) client(method, user string) string {
	s.Helper()
	for file, path := range map[string]string{"ca.pem": "x509ca/ca.pem", "carol.pem": "x509/carol.pem", "carol.key": "private/carol.key"} {
		s.sun.Write("swanctl/"+path, s.keys.read(s.scene, file))
	}
	return fmt.Sprintf(`
connections {
 road {
  remote_addrs = 10.99.0.1
  vips = 0.0.0.0
  local {
   auth = %s
   id = carol@example.org
   eap_id = %s
   aaa_id = "C=CH, O=Culvert, CN=aaa.example.org"
   certs = carol.pem
  }
  remote {
   auth = pubkey
   id = moon.example.org
  }
  children {
   net {
    remote_ts = 10.1.0.0/24
   }
  }
 }
}
secrets {
 eap-carol {
  id = carol
  secret = correct horse
 }
}
`, method, user)
}

const carolInFreeRADIUS = "carol Cleartext-Password := \"correct horse\"\n" + carolMay + "carol.example.org\n" + carolMay

const carolMay = "\tFramed-IP-Address = 10.3.0.77, Filter-Id = staff, Class = 0x6f7061717565, Session-Timeout = 3600, MS-Primary-DNS-Server = 10.1.0.53\n"

func (s *radiusScene) connect() error {
	_, err := s.theirs.TrySwanctl("--initiate", "--child", "net", "--timeout", "60")
	return err
}

// The server decides about user, address and group; the session is accounted for from start to stop.
func TestRADIUSAuthenticatesAndAccounts(t *testing.T) {
	for method, user := range map[string]string{"mschapv2": "carol", "tls": "carol.example.org", "ttls": "carol"} {
		t.Run(method, func(t *testing.T) {
			s := newRADIUSScene(t)
			s.serve(method, carolInFreeRADIUS)
			s.start(s.gateway(server("a", "10.98.0.9", radiusSecret)), s.client("eap-"+method, user))
			if err := s.connect(); err != nil {
				t.Fatalf("%v\n%s", err, s.ours.Log())
			}
			sa := s.ours.Status().SAs[0]
			if sa.User != user || strings.Join(sa.Groups, " ") != "staff" || strings.Join(sa.Leases, " ") != "10.3.0.77" {
				t.Errorf("user %q of %v with %v", sa.User, sa.Groups, sa.Leases)
			}
			s.carries([][2]string{{"10.1.0.1", "10.3.0.77"}})
			start := s.record("Start")
			s.ours.Must("rekey", "road")
			s.ours.Must("rekey", "road/net")
			s.carries([][2]string{{"10.1.0.1", "10.3.0.77"}})
			s.theirs.Swanctl("--terminate", "--ike", "road")
			stop := s.record("Stop")
			for name, want := range map[string]string{
				"User-Name": user, "NAS-Identifier": "moon", "Framed-IP-Address": "10.3.0.77", "Class": "0x6f7061717565", "Calling-Station-Id": "10.99.0.2",
				"Acct-Terminate-Cause": "User-Request", "Acct-Session-Id": sa.Session, "NAS-Port-Type": "Virtual", "NAS-Port-Id": "road",
			} {
				if stop[name] != want {
					t.Errorf("%s is %q, not %q", name, stop[name], want)
				}
			}
			if start["Acct-Session-Id"] != sa.Session || len(s.records()) < 3 || s.records()[0]["Acct-Status-Type"] != "Accounting-On" {
				t.Errorf("records %v", s.records())
			}
			// Two times ten packets or so, of which the first half went through children that are gone.
			if stop["Acct-Input-Packets"] == "0" || stop["Acct-Input-Packets"] != stop["Acct-Output-Packets"] || stop["Acct-Input-Octets"] == "0" {
				t.Errorf("in %s packets, out %s", stop["Acct-Input-Packets"], stop["Acct-Output-Packets"])
			}
		})
	}
}

// A server changes a session and ends it, told by radclient.
func TestRADIUSChangesAndDisconnects(t *testing.T) {
	s := newRADIUSScene(t)
	s.serve("mschapv2", carolInFreeRADIUS)
	s.start(s.gateway(server("a", "10.98.0.9", radiusSecret)), s.client("eap-mschapv2", "carol"))
	if err := s.connect(); err != nil {
		t.Fatalf("%v\n%s", err, s.ours.Log())
	}
	session := s.ours.Status().SAs[0].Session
	s.record("Start")
	ask := func(kind, secret string, lines ...string) string {
		t.Helper()
		patience := "30"
		if secret != radiusSecret { // there will be no answer
			patience = "2"
		}
		lines = append(lines, fmt.Sprintf("Event-Timestamp = %d", time.Now().Unix()), "Message-Authenticator = 0x00")
		file := s.aaa.Write("request", strings.Join(lines, "\n")+"\n")
		out, _ := s.aaa.Try("radclient", "-x", "-r", "1", "-t", patience, "-f", file, "10.98.0.1:3799", kind, secret)
		return out
	}
	if out := ask("coa", radiusSecret, "User-Name = carol", "Filter-Id = staff", "Filter-Id = board"); !strings.Contains(out, "CoA-ACK") {
		t.Errorf("change: %s", out)
	}
	if groups := strings.Join(s.ours.Status().SAs[0].Groups, " "); groups != "staff board" {
		t.Errorf("groups are %q", groups)
	}
	for name, out := range map[string]string{
		"Invalid-Attribute-Value":     ask("coa", radiusSecret, "User-Name = carol", "Filter-Id = guests"),
		"Session-Context-Not-Found":   ask("disconnect", radiusSecret, "User-Name = mallory"),
		"NAS-Identification-Mismatch": ask("disconnect", radiusSecret, "User-Name = carol", "NAS-Identifier = sun"),
		"Unsupported-Attribute":       ask("coa", radiusSecret, "User-Name = carol", "Tunnel-Type = VLAN"),
	} {
		if !strings.Contains(out, "NAK") || !strings.Contains(out, name) {
			t.Errorf("want %s, got %s", name, out)
		}
	}
	if out := ask("disconnect", "guessed", "User-Name = carol"); strings.Contains(out, "ACK") {
		t.Errorf("another secret is obeyed: %s", out)
	}
	if n := s.ikeSAs(); n != 1 {
		t.Fatalf("%d IKE SAs", n)
	}
	if out := ask("disconnect", radiusSecret, "Acct-Session-Id = "+session); !strings.Contains(out, "Disconnect-ACK") {
		t.Errorf("disconnect: %s", out)
	}
	s.Await("the IKE SA to end", func() bool { return s.ikeSAs() == 0 })
	if stop := s.record("Stop"); stop["Acct-Terminate-Cause"] != "Admin-Reset" {
		t.Errorf("stop %v", stop)
	}
}

// The first server is not there: the second one authenticates, and the status says so.
func TestRADIUSFailsOver(t *testing.T) {
	s := newRADIUSScene(t)
	s.serve("mschapv2", carolInFreeRADIUS)
	s.start(s.gateway(server("gone", "10.98.0.10", radiusSecret)+server("b", "10.98.0.9", radiusSecret)), s.client("eap-mschapv2", "carol"))
	if err := s.connect(); err != nil {
		t.Fatalf("%v\n%s", err, s.ours.Log())
	}
	warned := false
	for _, w := range s.ours.Status().Warnings {
		warned = warned || w.Code == "RADIUS-NO-ANSWER" && strings.Contains(w.Text, "gone (10.98.0.10:1812)")
	}
	if !warned {
		t.Errorf("warnings are %+v", s.ours.Status().Warnings)
	}
	s.theirs.Swanctl("--terminate", "--ike", "road")
	s.Await("us to forget the IKE SA", func() bool { return s.ikeSAs() == 0 })
	if err := s.connect(); err != nil {
		t.Errorf("the next client: %v", err)
	}
}

// What is wrong with a server, a user or a group is said in the log.
func TestRADIUSFailuresAreExplained(t *testing.T) {
	for name, tt := range map[string]struct{ users, secret, code string }{
		"another secret": {carolInFreeRADIUS, "something else", "RADIUS-NO-ANSWER"}, // FreeRADIUS is silent about requests that do not prove themselves
		"wrong password": {"carol Cleartext-Password := \"another\"\n", radiusSecret, "RADIUS-REJECTED"},
		"another group":  {"carol Cleartext-Password := \"correct horse\"\n\tFilter-Id = guests\n", radiusSecret, "AUTH-GROUP"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newRADIUSScene(t)
			s.serve("mschapv2", tt.users)
			s.start(s.gateway(server("a", "10.98.0.9", tt.secret)), s.client("eap-mschapv2", "carol"))
			if err := s.connect(); err == nil {
				t.Fatal("it is up")
			}
			s.Await("the log to say "+tt.code, func() bool { return strings.Contains(s.ours.Log(), tt.code) })
			for _, r := range s.records() {
				if r["Acct-Status-Type"] == "Start" {
					t.Errorf("nobody is accounted for: %v", r)
				}
			}
		})
	}
}

// A client that authenticates anew, make before break, goes on with its session: nothing stops before it goes.
func TestRADIUSSessionOutlivesReauthentication(t *testing.T) {
	s := newRADIUSScene(t)
	s.serve("mschapv2", carolInFreeRADIUS)
	s.startCharon("make_before_break = yes", s.client("eap-mschapv2", "carol"))
	s.startCulvert(s.gateway(server("a", "10.98.0.9", radiusSecret)))
	if err := s.connect(); err != nil {
		t.Fatalf("%v\n%s", err, s.ours.Log())
	}
	before := s.ours.Status().SAs[0]
	s.carries([][2]string{{"10.1.0.1", "10.3.0.77"}})
	s.theirs.Swanctl("--rekey", "--ike", "road", "--reauth")
	s.Await("another IKE SA alone", func() bool {
		sas := s.ours.Status().SAs
		return len(sas) == 1 && sas[0].SPI != before.SPI
	})
	after := s.ours.Status().SAs[0]
	if after.Session != before.Session || strings.Join(after.Leases, " ") != "10.3.0.77" {
		t.Errorf("session %s, before %s, with %v", after.Session, before.Session, after.Leases)
	}
	s.carries([][2]string{{"10.1.0.1", "10.3.0.77"}})
	s.theirs.Swanctl("--terminate", "--ike", "road")
	stop := s.record("Stop")
	if stop["Acct-Session-Id"] != before.Session || stop["Acct-Terminate-Cause"] != "User-Request" {
		t.Errorf("stop %v", stop)
	}
	count := map[string]int{}
	for _, r := range s.records() {
		count[r["Acct-Status-Type"]]++
	}
	if count["Start"] != 1 || count["Stop"] != 1 || count["Interim-Update"] != 1 {
		t.Errorf("records %v", count)
	}
}
