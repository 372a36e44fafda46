package service

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/spd"
)

func TestConnectionsAreListedKeyByKey(t *testing.T) {
	d := newDesk(t, site)
	d.is(d.list("list-conns", "list-conn"), "list-conn site {local_addrs=[192.0.2.1] remote_addrs=[192.0.2.2 gw.example.org] local_port=500 remote_port=500 "+
		"version=IKEv2 reauth_time=0 rekey_time=7200 unique=UNIQUE_KEEP dpd_delay=7 "+
		"local-1 {id=a.example.org class=pre-shared key groups=[] cert_policy=[] certs=[] cacerts=[]} remote-1 {id=b.example.org class=pre-shared key groups=[] cert_policy=[] certs=[] cacerts=[]} "+
		"children {net {mode=TUNNEL label=label rekey_time=3600 rekey_bytes=0 rekey_packets=0 dpd_action=start close_action=trap local-ts=[10.1.0.0/24] "+
		"remote-ts=[10.2.0.0/24[tcp/http] 10.2.9.1..10.2.9.3] priority=399995} "+
		"other {mode=TRANSPORT rekey_time=3600 rekey_bytes=0 rekey_packets=0 dpd_action=none close_action=none local-ts=[dynamic] remote-ts=[dynamic]} "+
		"ssh {mode=PASS rekey_time=0 rekey_bytes=0 rekey_packets=0 dpd_action=none close_action=none local-ts=[10.1.0.0/24] remote-ts=[10.2.0.0/24[tcp/22]]}}}")
	d.is(d.list("list-conns", "list-conn", "ike", "nothing"))
}

// A gateway that asks its peers who they are takes any identity unless it has one to hold them against.
func TestIdentitiesOfEAPAreListed(t *testing.T) {
	const gateway = `
connection "clients" {
  remote {
    auth = "eap"
    eap {
      users = "staff"
      IDENTITY
    }
  }
  child "net" {}
}
secret "clients" { psk = "a secret that is long enough" }
users "staff" {
  user "carol" { password = "$argon2id$v=19$m=65536,t=3,p=1$ytpskx7CPQEhJ/iuVBMEiw$bWGuNl0KX+3PILa7EwCAqKnCXSCSmaeZlWg1yzmktls" }
}
`
	for line, want := range map[string]string{"": "remote-1 {eap_id=%any eap-type=", "ask_identity = false": "remote-1 {eap-type=", `identity = "*@example.org"`: "remote-1 {eap_id=*@example.org eap-type="} {
		d := newDesk(t, strings.Replace(gateway, "IDENTITY", line, 1))
		if got := d.list("list-conns", "list-conn"); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

func TestPoliciesAreListedByKind(t *testing.T) {
	d := newDesk(t, site)
	d.traps = []api.Target{{Connection: "site", Child: "net"}, {Connection: "site", Child: "gone"}}
	d.Now = api.Status{SAs: []api.SA{full()}}
	trap := "list-policy site/net {child=net reqid=3 ike=site mode=TUNNEL label=label local-ts=[10.1.0.0/24] remote-ts=[10.2.0.0/24[tcp/http] 10.2.9.1..10.2.9.3]}"
	pass := "list-policy site/ssh {child=ssh ike=site mode=PASS local-ts=[10.1.0.0/24] remote-ts=[10.2.0.0/24[tcp/22]]}"
	drop := "list-policy drop {child=drop mode=DROP local-ts=[10.1.0.0/24] remote-ts=[0.0.0.0/0]}"
	d.is(d.list("list-policies", "list-policy"))
	d.is(d.list("list-policies", "list-policy", "trap", "no", "pass", "", "drop", "x"), trap, pass, drop)
	d.is(d.list("list-policies", "list-policy", "pass", "yes", "child", "ssh"), pass)
	d.is(d.list("list-policies", "list-policy", "pass", "yes", "drop", "yes", "ike", "other"))
}

func TestTrapsAreInstalledByName(t *testing.T) {
	d := newDesk(t, site)
	d.traps = []api.Target{{Connection: "site", Child: "net"}}
	d.trouble["install site/other"] = errors.New("no route")
	for _, tt := range []struct{ command, child, want string }{
		{"install", "", "success=no errmsg=missing configuration name"},
		{"install", "x", "success=no errmsg=configuration name not found"},
		{"install", "net", "success=yes"},
		{"install", "ssh", "success=yes"},
		{"install", "other", "success=no errmsg=installing policy 'other' failed cause=no route"},
		{"uninstall", "", "success=no errmsg=missing configuration name"},
		{"uninstall", "other", "success=no errmsg=policy 'other' not found"},
		{"uninstall", "net", "success=yes"},
	} {
		if got := d.ask(tt.command, "child", tt.child); got != tt.want {
			t.Errorf("%s %s: %s", tt.command, tt.child, got)
		}
	}
	if want := []string{"install site/net", "install /site-ssh", "install site/other", "uninstall site/net"}; !slices.Equal(d.done, want) {
		t.Errorf("done: %q", d.done)
	}
}

func TestInitiateTellsWhatHappens(t *testing.T) {
	d := newDesk(t, site)
	if err := d.client.Register(t.Context(), eventControlLog); err != nil {
		t.Fatal(err)
	}
	if got := d.ask("initiate", "child", "net"); got != "success=yes" {
		t.Error(got)
	}
	d.is(d.heard, "control-log group=ENC level=1 ikesa-name=site ikesa-uniqueid=9 msg=sent something")
	d.heard = nil
	if got := d.ask("initiate", "child", "net", "loglevel", "0"); got != "success=yes" || len(d.heard) != 0 {
		t.Error(got, d.heard)
	}
	d.trouble["up site/net"], d.trouble["raise site"] = errors.New("the peer says no"), errors.New("no route")
	for _, tt := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"child", "net", "ike", "site"}, "success=no errmsg=establishing CHILD_SA 'net' failed cause=the peer says no"},
		{[]string{"ike", "site"}, "success=no errmsg=establishing IKE_SA 'site' failed cause=no route"},
		{[]string{"ike", "site", "timeout", "-1"}, "success=yes"},
		{nil, "success=no errmsg=missing configuration name"},
	} {
		if got := d.ask("initiate", tt.pairs...); got != tt.want {
			t.Errorf("%v: %s", tt.pairs, got)
		}
	}
	d.hang = true
	if got := d.ask("initiate", "child", "net", "timeout", "20"); got != "success=no errmsg=CHILD_SA 'net' not established after 20ms" {
		t.Error(got)
	}
}

func TestTerminateCountsWhatIsGone(t *testing.T) {
	d := newDesk(t, site)
	d.Now = api.Status{SAs: many(3), Connections: []api.Connection{{Name: "later", State: api.Waiting}, {Name: "never", State: api.Idle}}}
	d.trouble["close 2 false"] = errors.New("no answer")
	for _, tt := range []struct {
		pairs []string
		want  string
	}{
		{nil, "success=no errmsg=missing terminate selector"},
		{[]string{"ike", "x"}, "success=no matches=0 terminated=0 errmsg=no matching SAs to terminate found"},
		{[]string{"ike-id", "1", "force", "yes"}, "success=yes matches=1 terminated=1"},
		{[]string{"ike-id", "2"}, "success=no matches=1 terminated=0 errmsg=terminating SA failed"},
		{[]string{"ike", "site"}, "success=no matches=3 terminated=2 errmsg=not all matching SAs could be terminated"},
		{[]string{"child-id", "3"}, "success=yes matches=1 terminated=1"},
		{[]string{"child", "net", "ike-id", "1"}, "success=yes matches=1 terminated=1"},
		{[]string{"ike", "later"}, "success=yes matches=1 terminated=1"},
		{[]string{"ike", "later", "child", "net"}, "success=no matches=0 terminated=0 errmsg=no matching SAs to terminate found"},
		{[]string{"ike", "never"}, "success=no matches=0 terminated=0 errmsg=no matching SAs to terminate found"},
	} {
		if got := d.ask("terminate", tt.pairs...); got != tt.want {
			t.Errorf("%v: %s", tt.pairs, got)
		}
	}
	if want := []string{"close 1 true", "close 2 false", "close 1 false", "close 2 false", "close 3 false", "close child 3", "close child 1"}; !slices.Equal(d.done, want) {
		t.Errorf("done: %q", d.done)
	}
}

func TestRekeyOnlyBegins(t *testing.T) {
	d := newDesk(t, site)
	d.Now, d.hang = api.Status{SAs: many(2)}, true
	for _, tt := range []struct {
		pairs []string
		want  string
	}{
		{nil, "success=no errmsg=missing rekey selector"},
		{[]string{"child", "x"}, "success=no matches=0 errmsg=no matching SAs to rekey found"},
		{[]string{"child", "net"}, "success=yes matches=2"},
		{[]string{"ike-id", "2"}, "success=yes matches=1"},
		{[]string{"ike-id", "2", "reauth", "yes"}, "success=yes matches=1"},
	} {
		if got := d.ask("rekey", tt.pairs...); got != tt.want {
			t.Errorf("%v: %s", tt.pairs, got)
		}
	}
	if want := []string{"rekey child 1", "rekey child 2", "rekey site#00000000000000a1 ike", "reauth site#00000000000000a1"}; !slices.Equal(d.done, want) {
		t.Errorf("done: %q", d.done)
	}
}

func TestCountersPoolsAndTheRest(t *testing.T) {
	d := newDesk(t, site)
	d.counts = []api.IKECounters{{Counts: []api.IKECount{{Name: "invalid", Value: 3}}}, {Connection: "site", Counts: []api.IKECount{{Name: "invalid", Value: 2}}}}
	d.Leases = []api.Pool{{Name: "p", Size: "254", Online: 1, Leases: []api.Lease{{Address: "10.3.0.1", Identity: "carol", Online: true}, {Address: "10.3.0.2", Identity: "dave"}}}}
	d.Now = api.Status{Started: ago(100), SAs: []api.SA{full(), {State: api.SAAuthenticating}}}
	for _, tt := range []struct{ command, key, value, want string }{
		{"get-counters", "all", "yes", "counters {site {invalid=2}} success=yes"},
		{"get-counters", "name", "site", "counters {site {invalid=2}} success=yes"},
		{"get-counters", "name", "x", "counters {} success=no errmsg=no counters found for this connection"},
		{"reset-counters", "name", "site", "success=yes"},
		{"get-pools", "leases", "no", "p {base=10.3.0.0 size=254 online=1 offline=0}"},
		{"get-pools", "leases", "yes", "p {base=10.3.0.0 size=254 online=1 offline=0 leases {0 {address=10.3.0.1 identity=carol status=online} 1 {address=10.3.0.2 identity=dave status=offline}}}"},
		{"get-pools", "name", "x", ""},
		{"reload-settings", "", "", "success=yes"},
		{"load-conn", "", "", "success=yes did=load-conn"},
		{"load-token", "", "", "success=no errmsg=not supported"},
	} {
		if got := d.ask(tt.command, tt.key, tt.value); got != tt.want {
			t.Errorf("%s %s: %s", tt.command, tt.key, got)
		}
	}
	if got := d.ask("version"); !strings.HasPrefix(got, "daemon=culvert version=1.2.3 sysname=Linux release=") {
		t.Error(got)
	}
	if got := d.ask("stats"); !strings.HasPrefix(got, "uptime {running=100 seconds since=") || !strings.Contains(got, "ikesas {total=2 half-open=1} plugins=[vici updown counters] mallinfo {sbrk=") {
		t.Error(got)
	}
	if got := d.ask("get-algorithms"); !strings.Contains(got, "AES_CBC=culvert") || strings.Index(got, "aead {") > strings.Index(got, "AES_GCM_16=culvert") || strings.Count(got, "AES_GCM_16=") != 1 {
		t.Error(got)
	}
}

func TestSpansHaveTheLargestUnitAboveTwo(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Second: "1 second", 102 * time.Second: "102 seconds", 3 * time.Minute: "3 minutes", 100 * time.Hour: "4 days", 3 * time.Hour: "3 hours"} {
		if got := span(d); got != want {
			t.Errorf("%v is %s", d, got)
		}
	}
}

func TestLogIsTold(t *testing.T) {
	d := newDesk(t, site)
	if err := d.client.Register(t.Context(), EventLog); err != nil {
		t.Fatal(err)
	}
	d.fake.Log().Publish(api.LogEntry{Level: "DEBUG", Text: "details"})
	d.fake.Log().Publish(api.LogEntry{Level: "WARN", Text: "child up", Attrs: map[string]string{"connection": "site", "sa": "a1", "sa_id": "7", "peer": "192.0.2.2"}})
	d.fake.Log().Publish(api.LogEntry{Level: "ERROR", Text: "broken"})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(d.heard) < 2 && ctx.Err() == nil {
		d.ask("version")
	}
	d.is(d.heard, "log group=IKE level=1 thread=0 ikesa-name=site ikesa-uniqueid=7 msg=child up peer=192.0.2.2", "log group=DMN level=0 thread=0 msg=broken")
}

func TestSelectorsAreThoseOfStrongSwan(t *testing.T) {
	names := parseServices(strings.NewReader("# names\nhttp 80/tcp www\nother 80/tcp\ndomain 53/udp\nbroken\n"))
	for text, want := range map[string]string{
		"10.1.0.1": "10.1.0.1/32", "fd00::/64": "fd00::/64", "10.0.0.1-10.0.0.9": "10.0.0.1..10.0.0.9", "10.0.0.0/8[tcp]": "10.0.0.0/8[tcp]",
		"10.0.0.0/8[tcp/80]": "10.0.0.0/8[tcp/http]", "10.0.0.0/8[udp/53]": "10.0.0.0/8[udp/domain]", "10.0.0.0/8[udp/80]": "10.0.0.0/8[udp/80]",
		"10.0.0.0/8[tcp/80-90]": "10.0.0.0/8[tcp/80-90]", "10.0.0.0/8[icmp/8]": "10.0.0.0/8[icmp/8-8(255)]", "10.0.0.0/8[icmp/3(1)]": "10.0.0.0/8[icmp/3(1)]",
		"fd00::/64[icmpv6]": "fd00::/64[ipv6-icmp]", "10.0.0.0/8[99]": "10.0.0.0/8[99]",
	} {
		s, err := spd.ParseSelector(text)
		if err != nil {
			t.Fatal(text, err)
		}
		if got := names.selector(s); got != want {
			t.Errorf("%s is %s", text, got)
		}
	}
	opaque := spd.Selector{Protocol: 6, StartPort: spd.OpaqueStart, EndPort: spd.OpaqueEnd}
	if got := names.selector(opaque); got != "dynamic[tcp/OPAQUE]" {
		t.Error(got)
	}
}

// certified makes a certificate of an authority, or of somebody else.
func certified(t *testing.T, name string, ca bool) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour), IsCA: ca, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCertificatesAreFiltered(t *testing.T) {
	d := newDesk(t, site)
	a, ca := certified(t, "a.example.org", false), certified(t, "ca", true)
	d.loaded = []Certificate{{Type: TypeX509, Flag: FlagCA, DER: ca}, {Type: TypeX509, Flag: FlagNone, DER: a}, {Type: TypeX509, Flag: FlagNone, DER: a, HasKey: true}, {Type: TypeCRL, DER: []byte("crl")}, {Type: TypePublicKey, DER: []byte("key")}}
	d.fetched = []Certificate{{Type: TypeCRL, DER: []byte("crl")}, {Type: TypeOCSP, DER: []byte("answer")}, {Type: TypeCRL, DER: make([]byte, mostFetched)}}
	const answer = "list-cert type=OCSP_RESPONSE data=answer"
	const key, entity, authority, crl = "list-cert type=PUBKEY data=key", "list-cert type=X509 flag=NONE has_privkey=yes data=", "list-cert type=X509 flag=CA data=", "list-cert type=X509_CRL data=crl"
	for _, tt := range []struct {
		pairs []string
		want  []string
	}{
		{nil, []string{key, entity + string(a), authority + string(ca), crl, answer}},
		{[]string{"type", "x509"}, []string{entity + string(a), authority + string(ca)}},
		{[]string{"type", "X509", "flag", "none"}, []string{entity + string(a)}},
		{[]string{"type", "x509ca"}, []string{authority + string(ca)}},
		{[]string{"type", "x509crl"}, []string{crl}},
		{[]string{"type", "ocsp_response"}, []string{answer}},
		{[]string{"type", "any", "subject", "CN=ca"}, []string{authority + string(ca)}},
		{[]string{"subject", "A.example.org"}, []string{entity + string(a)}},
		{[]string{"type", "nonsense"}, nil},
		{[]string{"type", "x509", "flag", "nonsense"}, nil},
	} {
		if got := d.list("list-certs", "list-cert", tt.pairs...); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %d are listed, want %d", tt.pairs, len(got), len(tt.want))
		}
	}
}
