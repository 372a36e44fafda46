package service

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/vici"
)

// site has a child with everything that the kernel's data plane can.
const site = `
connection "site" {
  local {
    address = "192.0.2.1"
    id = "a.example.org"
  }
  remote {
    address = ["192.0.2.2", "gw.example.org"]
    id = "b.example.org"
  }
  force_encapsulation = true
  dpd_delay = "7s"
  rekey_time = "2h"
  unique = "keep"
  pools = ["p"]
  child "net" {
    local = ["10.1.0.0/24"]
    remote = ["10.2.0.0/24[tcp/80]", "10.2.9.1-10.2.9.3"]
    start = "trap"
    on_close = "trap"
    dpd_action = "restart"
    priority = 5
    security_label = "label"
  }
  child "other" {
    mode = "transport"
  }
}
secret "site" { psk = "a secret that is long enough" }
pool "p" { addresses = "10.3.0.0/24" }
policy "site-ssh" {
  action = "bypass"
  local = "10.1.0.0/24"
  remote = "10.2.0.0/24[tcp/22]"
}
policy "drop" {
  action = "discard"
  local = "10.1.0.0/24"
  remote = "0.0.0.0/0"
}
`

// full is an IKE SA of which everything is known.
func full() api.SA {
	established, used := ago(10), ago(3)
	return api.SA{
		ID: 7, Connection: "site", State: api.SAEstablished, Initiator: true, SPI: "00000000000000a1", PeerSPI: "00000000000000b2",
		Local: api.Endpoint{Address: "192.0.2.1:4500", ID: "a.example.org"}, Remote: api.Endpoint{Address: "192.0.2.2:4500", ID: "carol", IKEID: "b.example.org", Auth: []string{"public key", "EAP-MSCHAPv2"}},
		Algorithms: []api.Algorithm{{Type: "encryption", Name: "AES_CBC", KeyBits: 256}, {Type: "integrity", Name: "HMAC_SHA2_256_128"}, {Type: "prf", Name: "PRF_HMAC_SHA2_256"},
			{Type: "key-exchange", Name: "CURVE_25519"}, {Type: "key-exchange-1", Name: "ML_KEM_768"}},
		IfIDIn: 5, IfIDOut: 6, PPK: "q", Established: &established, Rekey: hence(60), Reauth: hence(-5), VirtualIPs: []string{"10.9.0.1"}, Leases: []string{"10.3.0.1", "fd00::1"},
		Tasks: api.Tasks{Queued: []string{"create-child"}, Active: []string{"inform"}},
		Children: []api.Child{{
			ID: 12, Name: "net", State: api.ChildInstalled, Mode: "tunnel", Encapsulation: "udp", InSPI: "000000c1", OutSPI: "000000c2", Resource: 2, Reqid: 3,
			MarkIn: &api.Mark{Value: 0x11, Mask: 0xff}, MarkOut: &api.Mark{Value: 0x12, Mask: 1<<32 - 1}, IfIDIn: 3, IfIDOut: 4,
			Algorithms: []api.Algorithm{{Type: "encryption", Name: "AES_GCM_16", KeyBits: 128}, {Type: "key-exchange", Name: "NONE"}, {Type: "sequence-numbers", Name: "ESN"}},
			In:         api.Traffic{Bytes: 100, Packets: 2, LastUse: &used}, Out: api.Traffic{Bytes: 50, Packets: 1}, Created: ago(9), Rekey: hence(30), Expire: hence(40),
			Local: []string{"10.1.0.0/24"}, Remote: []string{"10.2.0.0/24[tcp/80]", "10.2.9.1-10.2.9.3"},
		}},
	}
}

const fullText = "uniqueid=7 version=2 state=ESTABLISHED local-host=192.0.2.1 local-port=4500 local-id=a.example.org remote-host=192.0.2.2 remote-port=4500 " +
	"remote-id=b.example.org remote-eap-id=carol initiator=yes initiator-spi=00000000000000a1 responder-spi=00000000000000b2 nat-fake=yes nat-any=yes if-id-in=00000005 if-id-out=00000006 " +
	"encr-alg=AES_CBC encr-keysize=256 integ-alg=HMAC_SHA2_256_128 prf-alg=PRF_HMAC_SHA2_256 dh-group=CURVE_25519 ake1=ML_KEM_768 ppk=yes " +
	"established=10 rekey-time=60 reauth-time=-4 local-vips=[10.9.0.1] remote-vips=[10.3.0.1 fd00::1] tasks-queued=[CHILD_CREATE] tasks-active=[IKE_DPD]"

const childText = "name=net uniqueid=12 reqid=3 state=INSTALLED mode=TUNNEL label=label protocol=ESP encap=yes spi-in=000000c1 spi-out=000000c2 " +
	"mark-in=00000011 mark-mask-in=000000ff mark-out=00000012 if-id-in=00000003 if-id-out=00000004 cpu=1 encr-alg=AES_GCM_16 encr-keysize=128 esn=1 " +
	"bytes-in=100 packets-in=2 use-in=3 bytes-out=50 packets-out=1 rekey-time=30 life-time=40 install-time=9 " +
	"local-ts=[10.1.0.0/24] remote-ts=[10.2.0.0/24[tcp/http] 10.2.9.1..10.2.9.3]"

func TestSAsAreListedKeyByKey(t *testing.T) {
	d := newDesk(t, site)
	half := api.SA{ID: 8, State: api.SAConnecting, SPI: "00000000000000a3", PeerSPI: "", Local: api.Endpoint{Address: "[fd00::1]:500"}, Remote: api.Endpoint{Address: "[fd00::2]:500"}}
	d.Now = api.Status{SAs: []api.SA{full(), half}}
	d.is(d.list("list-sas", "list-sa"),
		"list-sa site {"+fullText+" child-sas {net-12 {"+childText+"}}}",
		"list-sa (unnamed) {uniqueid=8 version=2 state=CONNECTING local-host=fd00::1 local-port=500 local-id=%any remote-host=fd00::2 remote-port=500 remote-id=%any "+
			"initiator-spi=0000000000000000 responder-spi=00000000000000a3 child-sas {}}")
	for _, pairs := range [][]string{{"ike", "x"}, {"ike-id", "9"}} {
		d.is(d.list("list-sas", "list-sa", pairs...))
	}
	d.is(d.list("list-sas", "list-sa", "ike-id", "0x7", "child", "x", "noblock", "no"), "list-sa site {"+fullText+" child-sas {}}")
}

// Whom a raw public key has proven is no identity of EAP.
func TestIdentitiesOfRawKeysAreNotThoseOfEAP(t *testing.T) {
	d := newDesk(t, site)
	sa := full()
	sa.Remote.Auth = []string{"public key"}
	d.Now = api.Status{SAs: []api.SA{sa}}
	d.is(d.list("list-sas", "list-sa"), "list-sa site {"+strings.Replace(fullText, "remote-eap-id=carol ", "", 1)+" child-sas {net-12 {"+childText+"}}}")
}

func TestEventsShowSAs(t *testing.T) {
	d := newDesk(t, site)
	for _, e := range eventNames() {
		if err := d.client.Register(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	sa, next, child := full(), full(), full().Children[0]
	next.ID, child.ID = 8, 13
	d.service.IKEUpDown(sa, true)
	d.service.IKEUpDown(sa, false)
	d.service.IKERekey(sa, next)
	d.service.IKEUpdate(sa, api.Endpoint{Address: "192.0.2.1:4500"}, api.Endpoint{Address: "198.51.100.1:4501"})
	d.service.ChildUpDown(sa, sa.Children[0], true)
	d.service.ChildUpDown(sa, sa.Children[0], false)
	d.service.ChildRekey(sa, sa.Children[0], child)
	d.service.Alert("peer-auth-failed", &sa)
	d.service.Alert("peer-addr-failed", nil)
	d.ask("version")
	again := func(text, from, to string) string { return strings.Replace(text, from, to, 1) }
	d.is(d.heard,
		"ike-updown up=yes site {"+fullText+"}", "ike-updown site {"+fullText+"}",
		"ike-rekey site {old {"+fullText+"} new {"+again(fullText, "uniqueid=7", "uniqueid=8")+"}}",
		"ike-update local-host=192.0.2.1 local-port=4500 remote-host=198.51.100.1 remote-port=4501 site {"+fullText+"}",
		"child-updown up=yes site {"+fullText+" child-sas {net-12 {"+childText+"}}}", "child-updown site {"+fullText+" child-sas {net-12 {"+childText+"}}}",
		"child-rekey site {"+fullText+" child-sas {net {old {"+again(childText, "state=INSTALLED", "state=REKEYED")+"} new {"+again(childText, "uniqueid=12", "uniqueid=13")+"}}}}",
		"alert type=peer-auth-failed ike-sa {site {"+fullText+"}}", "alert type=peer-addr-failed")
}

// many are IKE SAs with a child each.
func many(n int) []api.SA {
	list := make([]api.SA, n)
	for i := range list {
		list[i] = full()
		list[i].ID, list[i].Children[0].ID = uint32(i+1), uint32(i+1)
	}
	return list
}

// 5 000 IKE SAs come one by one, whole and in order, and nobody waits for them together.
func TestManySAsAreStreamed(t *testing.T) {
	d := newDesk(t, site)
	d.Now = api.Status{SAs: many(5000)}
	began := time.Now()
	list := d.list("list-sas", "list-sa")
	if len(list) != 5000 || !strings.Contains(list[4999], "net-5000 {") {
		t.Fatalf("%d are listed", len(list))
	}
	if took := time.Since(began); took > time.Minute { // a second on a machine that has nothing else to do
		t.Errorf("they took %v", took)
	}
}

// The time of list-sas without the way to the client.
func BenchmarkListSAs(b *testing.B) {
	v, list := view{now: time.Now(), config: new(config.Config), services: services{"80/tcp": "http"}}, many(5000)
	b.ReportAllocs()
	for b.Loop() {
		for i := range list {
			if _, err := vici.Encode(v.whole(&list[i], selection{})); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestStatesHaveTheirWords(t *testing.T) {
	for state, want := range map[api.SAState]string{api.SAConnecting: "CONNECTING", api.SAAuthenticating: "CONNECTING", api.SAEstablished: "ESTABLISHED", api.SARekeyed: "REKEYED", api.SAClosing: "DELETING"} {
		if got := ikeState(state); got != want {
			t.Errorf("%s is %s", state, got)
		}
	}
	for state, want := range map[api.ChildState]string{api.ChildInstalled: "INSTALLED", api.ChildRekeying: "REKEYING", api.ChildRekeyed: "REKEYED", api.ChildDeleting: "DELETING"} {
		if got := childState(state); got != want {
			t.Errorf("%s is %s", state, got)
		}
	}
	tunnel, iptfs := api.Child{Mode: "tunnel"}, api.Child{Mode: "tunnel"}
	iptfs.Out.IPTFS = new(api.IPTFS)
	if got := []string{childMode(&tunnel), childMode(&api.Child{Mode: "transport"}), childMode(&iptfs)}; !slices.Equal(got, []string{"TUNNEL", "TRANSPORT", "IPTFS"}) {
		t.Error(got)
	}
	tasks := taskNames([]string{"init", "intermediate", "auth", "create-child", "rekey-child", "delete-child", "rekey-ike", "delete-ike", "followup", "probe", "inform"})
	if got := fmt.Sprint(tasks); got != "[IKE_INIT IKE_INIT IKE_AUTH CHILD_CREATE CHILD_REKEY CHILD_DELETE IKE_REKEY IKE_DELETE IKE_REKEY IKE_DPD]" {
		t.Error(got)
	}
}
