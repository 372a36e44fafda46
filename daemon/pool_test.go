package daemon

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
	"culvert/ike"
	"culvert/lease"
	"culvert/trace"
	"culvert/wire"
)

// A reload changes what a pool has, not who holds what.
func TestReloadKeepsLeases(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.2"))
	sa, _ := d.lease("carol@example.org", "0.0.0.0")
	d.set(pool("a", "10.3.0.1-10.3.0.9"))
	_, other := d.lease("dave@example.org", "0.0.0.0")
	expect(t, "after the pool has grown", other, "10.3.0.2")
	d.set(pool("b", "10.4.0.1-10.4.0.9"))
	if s := d.status(); len(s) != 1 || s[0].Name != "b" {
		t.Errorf("status is %+v", s)
	}
	d.set(pool("a", "10.3.0.1-10.3.0.9")) // it is back, and carol was never away
	_, third := d.lease("erin@example.org", "0.0.0.0")
	expect(t, "after the pool has come back", third, "10.3.0.3")
	d.end(sa)
	if d.online() != 2 {
		t.Errorf("%d are online", d.online())
	}
}

func TestWrongPoolsAreRefusedWhole(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.1"))
	if err := d.configure([]*config.Pool{pool("a", "10.5.0.1-10.5.0.9"), pool("b", "10.4.0.9-10.4.0.1")}); err == nil || !says(err.Error(), `"b"`) {
		t.Fatalf("got %v", err)
	}
	_, got := d.lease("carol@example.org", "0.0.0.0")
	expect(t, "from the pool as it was", got, "10.3.0.1")
}

func TestStaticAddresses(t *testing.T) {
	p := pool("a", "10.3.0.1-10.3.0.9", "fd03::1-fd03::9")
	p.Static = map[string]netip.Addr{"carol@example.org": netip.MustParseAddr("10.3.0.7"), "dave@example.org": netip.MustParseAddr("fd03::7")}
	d := newDesk(t, nil, p)
	_, carol := d.lease("carol@example.org", "0.0.0.0", "::")
	expect(t, "carol", carol, "10.3.0.7", "fd03::1")
	_, dave := d.lease("dave@example.org", "::")
	expect(t, "dave", dave, "fd03::7")
}

// What a pool has to tell is told once, though it gives an address of each family; another pool tells its own.
func TestWhatAPoolTells(t *testing.T) {
	p := pool("a", "10.3.0.1-10.3.0.9", "fd03::1-fd03::9")
	p.NBNS, p.Subnets = addrs("10.1.0.7"), []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	p.Attributes = []wire.Attribute{{Type: wire.AttrInternalDNSDomain, Value: []byte("corp.example.org")}}
	d := newDesk(t, nil, p)
	a := d.admission("carol@example.org", "0.0.0.0", "::")
	d.expect(a.SA)
	var got []string
	for _, at := range d.admit(d.now, a).Reply.Attributes {
		got = append(got, at.Type.String()+" "+trace.AttributeText(at))
	}
	expect(t, "told", got, "INTERNAL_IP4_ADDRESS 10.3.0.1", "INTERNAL_IP6_ADDRESS fd03::1/128", "INTERNAL_IP4_SUBNET 10.1.0.0 mask 255.255.0.0",
		"INTERNAL_IP4_NBNS 10.1.0.7", "INTERNAL_DNS_DOMAIN corp.example.org")
}

// full is a store on a full disk.
type full struct{ err error }

func (f *full) Load(string) ([]lease.Lease, error)    { return nil, nil }
func (f *full) Save(pool string, l lease.Lease) error { return f.err }

func (f *full) Forget(pool string, addr netip.Addr) error { return f.err }

// A full disk keeps nobody from getting an address; it is a warning while it lasts.
func TestFullDiskIsAWarning(t *testing.T) {
	store := &full{errors.New("no space left on device")}
	d := newDesk(t, store, pool("a", "10.3.0.1-10.3.0.9"))
	daemon := &Daemon{running: &config.Daemon{}, world: &world{}, engine: &engine{leases: d.leases, radius: &radiusGroups{}}}
	if w := daemon.warnings(); len(w) != 0 {
		t.Fatalf("warnings before: %+v", w)
	}
	sa, got := d.lease("carol@example.org", "0.0.0.0")
	expect(t, "addresses", got, "10.3.0.1")
	w := daemon.warnings()
	if len(w) != 1 || w[0].Code != explain.HostLeaseStore || !says(w[0].Text, "no space left") || w[0].Action == "" {
		t.Errorf("warnings are %+v", w)
	}
	d.lease("dave@example.org", "0.0.0.0")
	if n := strings.Count(d.log.String(), "HOST-LEASE-STORE"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	store.err = nil
	giveBack{d.leases, d.follow(ike.News{Kind: ike.NewsClosed, SA: sa}), d.now}.Run(t.Context())
	if w := daemon.warnings(); len(w) != 0 {
		t.Errorf("warnings with room again: %+v", w)
	}
	if !says(d.log.String(), "kept again") {
		t.Error("the log does not tell that it is over")
	}
}

// A store that cannot be opened matters with pools alone.
func TestMissingStoreIsAWarning(t *testing.T) {
	for _, pools := range [][]*config.Pool{nil, {pool("a", "10.3.0.1-10.3.0.9")}} {
		d := newDesk(t, nil, pools...)
		daemon := &Daemon{running: &config.Daemon{}, world: &world{unstored: errors.New("read-only file system")}, engine: &engine{leases: d.leases, radius: &radiusGroups{}}}
		if got := len(daemon.warnings()); got != len(pools) {
			t.Errorf("%d warnings with %d pools", got, len(pools))
		}
	}
}

// Two daemons: the client gets an address, keeps it through reauthentication and reload, and gives it back.
func TestLeasesOfALiveClient(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	client := strings.Replace(west.site(east, `virtual_ips = ["0.0.0.0"]`, ""), `["10.1.0.0/24"]`, `["dynamic"]`, 1)
	gateway := strings.Replace(east.site(west, `pools = ["clients"]`, ""), `remote = ["10.1.0.0/24"]`, `remote = ["dynamic"]`, 1)
	pools := "\npool \"clients\" {\n addresses = [\"10.3.0.0/29\"]\n}\n"
	west.write("", client)
	east.write("", gateway+pools)
	west.start()
	east.start()
	west.up()
	sa := east.status().SAs[0]
	expect(t, "leased", sa.Leases, "10.3.0.1")
	expect(t, "assigned", west.status().SAs[0].VirtualIPs, "10.3.0.1")
	for _, renew := range []func() error{
		func() error { return west.client.Reauth(t.Context(), command(api.Target{})) },
		func() error {
			return west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerIKE})
		},
		func() error {
			east.write("", gateway+strings.Replace(pools, "/29", "/28", 1))
			east.reload()
			return nil
		},
	} {
		if err := renew(); err != nil {
			t.Fatal(err)
		}
		s := east.await("one IKE SA", func(s api.Status) bool { return len(s.SAs) == 1 })
		expect(t, "leased", s.SAs[0].Leases, "10.3.0.1")
	}
	held, err := east.client.Pools(t.Context())
	if err != nil || len(held) != 1 || held[0].Online != 1 || held[0].Leases[0].Identity != "west.example.org" {
		t.Errorf("pools are %+v, %v", held, err)
	}
	if err := west.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	east.await("the address to come back", func(api.Status) bool {
		held, err := east.client.Pools(t.Context())
		return err == nil && held[0].Online == 0 && held[0].Offline == 1
	})
}
